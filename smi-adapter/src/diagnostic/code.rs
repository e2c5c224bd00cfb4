//! The codes of diagnostics, each with its severity, effect, rules and explanation.

use super::Severity;
use serde::{Serialize, Serializer};
use std::fmt::{self, Display};

/// How much of what an object says is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// All of it is in force.
    InForce,
    /// The named part is not in force; the rest is.
    Partial,
    /// None of it is in force.
    Inert,
}

impl Effect {
    /// The effect in lower case: `in force`, `partial`, `inert`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Partial => "partial",
            Self::Inert => "inert",
        }
    }
}

impl Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Declares the codes, so that nothing about one can be forgotten.
macro_rules! codes {
    ($($name:ident: $severity:ident, $effect:ident, [$($rule:literal),*], $explanation:literal;)*) => {
        /// The kind of fact that a diagnostic reports. One code has one meaning; severity, effect, rules and explanation
        /// follow from it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(
                #[doc = concat!(
                    "**", stringify!($severity), ", ", stringify!($effect), ".** ", $explanation,
                    $(" [", $rule, "](smi_types::rules#", $rule, ")",)*
                )]
                $name,
            )*
        }

        impl Code {
            /// Every code, in the order of their names.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as text: stable, fit for the reason of an Event.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// How urgent it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// How much of what the object says is in force.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect,)* }
            }

            /// The rules of the [chapter on rules](smi_types::rules) that it follows from, such as `T25`; none for what
            /// depends on a mesh alone.
            #[must_use]
            pub const fn rules(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($rule),*],)* }
            }

            /// Its meaning, its reason and its cure, in a few sentences.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

codes! {
    AllWeightsZero: Error, Inert, ["T10"],
        "All weights of the split are zero (T10). It takes no traffic: the root service works as if there were no split, and its selector may take in more pods than the author thinks. Give one backend a weight.";
    AppProtocolDiffers: Warning, InForce, ["T21"],
        "A backend declares another application protocol for the port than the root service does (T21). It gets its share all the same; a mesh may speak to it in the root's protocol.";
    Assumed: Info, InForce, ["I3"],
        "A service or a workload that the input refers to and does not hold was assumed, because the caller asked for it (I3). On a cluster without it the outcome is another.";
    BackendMissing: Error, Partial, ["T25", "T32"],
        "There is no such service, or it is of type ExternalName, or its name is no plain name of the split's own namespace (T25, T32). The root service stands in its place, with its weight, until it is there.";
    BackendNotAllowed: Warning, InForce, ["T33"],
        "A split sends traffic to this backend, and no traffic target lets those callers reach its pods that may reach the others, or anybody at all (T33). Their requests are denied there. Grant access to the service accounts of every backend.";
    Conflict: Error, Inert, ["T29"],
        "Something else decides where this traffic goes: an older split without matches on the same root service (T29), or a foreign native object.";
    ConflictInPart: Error, Partial, [],
        "A foreign native object takes a part of this traffic, such as that of the clients in its own namespace, or requests that its matches are more specific for. The rest is as the object says.";
    ConversionMayLose: Error, Inert, ["I5"],
        "The traffic target was written in an older version, which could restrict it to a port, and is read in a newer one, which cannot (I5). The restriction may be lost, so it grants nothing. Write it again in the version in which it is read, with a TCPRoute for the port.";
    DestinationNamespace: Error, Inert, ["A22"],
        "The destination is in another namespace than the traffic target (A22). Whoever may write targets in one namespace would open workloads of another, so it grants nothing. Move the target to the namespace of its destination.";
    DuplicateBackend: Warning, InForce, ["T30"],
        "A backend is listed more than once. Its weights are added (T30).";
    DuplicateHeader: Warning, InForce, ["S19"],
        "A match filters the same header twice. A request must fulfil both filters (S19). A mesh that cannot express it reports HeaderRepeated.";
    DuplicateMatch: Error, InForce, ["S2"],
        "Two matches of a group have the same name. Either may be fulfilled (S2).";
    DuplicateObject: Error, Inert, ["I1"],
        "The object came more than once in one input, perhaps in two versions (I1). Which one is meant is unknown, so none has an effect.";
    ExternalRoot: Error, Inert, ["T3"],
        "The root is no service of the cluster but another host (T3). The traffic of foreign hosts is split only where an adapter's setting lists the host.";
    ForeignObject: Error, Inert, [],
        "A native object of somebody else has the name that is needed here. It is left as it is.";
    FractionalWeight: Warning, InForce, ["T6"],
        "From v1alpha2 on weights are whole numbers; this one has a fraction (T6). It is taken exactly as written.";
    HeaderRepeated: Error, Partial, ["S19"],
        "One match filters the same header twice (S19). This mesh cannot ask for both, so the match takes no request here.";
    HeadersLost: Error, Partial, ["I6"],
        "A header filter was lost on its way here: an empty map, an item without a name, or a value that is no text (I6). An API server stores a null value so, or the map form where its CRD has the list form. The match takes no request, since without the filter it would take more than was meant. Write the headers again, in the form of the installed CRD.";
    HttpOnly: Info, Partial, [],
        "On this port the mesh splits HTTP. Bytes that are no HTTP go to the root service, whatever the split says.";
    Inexpressible: Error, Partial, [],
        "This mesh cannot say this. The named part is left out.";
    Invalid: Error, Inert, [],
        "The object lacks what its kind needs, or holds a value that means nothing. It has no effect.";
    InvalidIdentity: Error, Partial, ["A29", "A30", "D19"],
        "A scheme of the identity binding names what no workload can be: a label or the name of a service account that Kubernetes does not accept (A29, A30), or a malformed SPIFFE ID (D19). It matches no workload; the binding's other identities count.";
    MatchNameMissing: Error, InForce, ["S3"],
        "The match has no name, which the specification requires (S3). References to the whole group include it, and no reference can select it.";
    MatchesEverything: Warning, InForce, ["S20"],
        "A match says nothing but its name, so it takes every request (S20). If that is meant, leave the matches of the split out.";
    NamespaceReleased: Info, Partial, ["A2"],
        "Access control is not in force in this namespace, by its label or by a setting (A2): everything is allowed, and the traffic target changes nothing.";
    NestedSplit: Warning, InForce, ["T27"],
        "A backend is itself the root of a split. Splits are not hierarchical: its share goes to its own endpoints (T27).";
    NoCommonPort: Error, Partial, ["A10", "A12"],
        "The destination names a port, and the rules of one kind, TCP or UDP, name others (A10, A12). Both restrict, so these rules allow nothing. Name the port that the workload listens on in both places, or in one.";
    NoDestinationWorkload: Warning, Partial, ["A18"],
        "No pod, and no object that makes pods, runs as the destination (A18). The traffic target takes effect as soon as there is one.";
    NoUsableBackend: Warning, Partial, ["T23", "T25"],
        "On this port of the root service no backend is left that is there, has a weight and has the port (T23, T25). The split is passed over on this port.";
    NotAllowed: Warning, Partial, [],
        "The split asks for something that the operator of the mesh has not allowed, such as a gateway that no setting lists. It is in force without that.";
    NotAnObject: Error, Inert, [],
        "This part of the input is no Kubernetes object: it has no apiVersion or no kind.";
    NotEnforced: Warning, Partial, [],
        "The mesh cannot close this, so callers that no traffic target allows may get through: UDP, a port that nothing names, or a pod that is not in the mesh or that no labels select. The message says what would close it.";
    NotHttp: Warning, Partial, ["T19"],
        "This mesh does not read HTTP on this port, by what the service or the pods declare. A split with matches takes no traffic there (T19), and a grant of HTTP requests allows none.";
    NotInVersion: Warning, InForce, ["A10", "S10", "S22", "S24", "T12"],
        "The object's version has no such thing: matches of a split (T12), headers of a match (S10), ports of a route (S22) or of a destination (A10), rules of kind UDPRoute (S24). It is in force here, but an API server that serves this version drops or rejects it; without the field, the object takes or allows more. Write the object in a version that has it.";
    NotPortable: Error, Partial, ["S6"],
        "The regular expression is outside the portable dialect (S6): regular expression engines refuse it or differ in what it means. The match that holds it takes no request.";
    Overlap: Error, Partial, ["T29"],
        "A request may fulfil this split and an earlier one on the same root (T29). This mesh takes the most specific match rather than the first, so that the order of splits could not be kept; the later split takes nothing.";
    Overrides: Warning, InForce, [],
        "A native object of somebody else asks for the same traffic and is younger, so ours decides. Its owner sees no effect of it, and it takes over if ours is ever created anew.";
    PathAnchorDiffers: Info, InForce, ["S4"],
        "The whole path must match this pattern. In an implementation that reads patterns as prefixes it would match longer paths as well (S4). Write `.*` at the end where that is meant.";
    PortIsServicePort: Warning, Partial, ["A10"],
        "The port is one of a service, and its pods listen on another (A10). Ports in traffic targets and routes are those that the workload listens on: nothing listens on this one. Write the target port.";
    PortMismatch: Warning, Partial, ["T20", "T23"],
        "A backend has no port of this number and transport protocol, so it gets no traffic of this port of the root service (T20, T23). The others share it.";
    Redundant: Warning, InForce, ["A8", "D9"],
        "This part adds nothing to what the object says: the port of a source (D9), or a match that its rule lists before (A8). Leave it out.";
    RootNamespace: Error, Inert, ["T3"],
        "The root is a service of another namespace, or of none (T3). A split acts in its own namespace only.";
    RootUnusable: Error, Inert, ["T40"],
        "The root service is not there, is of type ExternalName, or has no TCP port (T40).";
    SelectorAmbiguous: Error, Partial, [],
        "The labels that select the pods of a workload select other pods too, or there are no labels that select exactly its pods. Only what is granted to all pods that are selected is in force. Give every workload labels of its own.";
    SelfReference: Info, InForce, ["T28"],
        "A backend is the root service itself. Its share goes to the root's own endpoints (T28).";
    SourceNamespaceMissing: Warning, InForce, ["A24"],
        "The source names no namespace. It is taken to be in that of the traffic target, never in any (A24).";
    Undecodable: Error, Inert, [],
        "The object could not be read. It has no effect, and whatever refers to it finds it missing.";
    UnknownField: Warning, Partial, [],
        "The version of the object has no field of this name here. It is ignored. Perhaps it is misspelt, or belongs to another version.";
    UnknownKind: Error, Inert, [],
        "There is no such API group or kind of SMI. The object has no effect.";
    UnknownMethod: Error, InForce, ["S8"],
        "The method is none that the API knows. It is compared exactly, case and all (S8), so it probably never matches.";
    UnknownVersion: Error, Inert, [],
        "The kind never had this version. The object has no effect.";
    Unmatchable: Error, Partial, ["S11"],
        "No request can fulfil this match: a filter names something that is no HTTP header, or no method is left (S11). It takes no request.";
    Unparsable: Error, Inert, [],
        "This part of the input is neither YAML nor JSON. Nothing is known of what it holds; the rest of the input is read.";
    Unreferenced: Info, InForce, ["S9", "I4"],
        "No split and no traffic target in force uses this route, group or identity binding, so it has no effect (S9, I4): nothing refers to it, or what does is not in force, or none of its matches can be used.";
    UnresolvedRef: Error, Partial, ["T16", "T17", "A8", "A9"],
        "The reference leads nowhere: no such object, an object that has no matches or could not be read, a match that is not in it, or another kind or group than is known here (T16, T17, A8, A9). It adds nothing; a split without any match left takes nothing, and a traffic target grants nothing by it.";
    Unsupported: Error, Inert, [],
        "Objects of this kind do not live in a cluster: the kind belongs to the metrics of SMI, which an API of its own answers. The object has no effect.";
    UnsupportedSubject: Error, Partial, ["A26"],
        "The subject is of a kind or API group that means nobody here, or its name is none that a service account can have (A26). Nobody is granted anything by it.";
    WeightMissing: Warning, InForce, ["T6"],
        "The backend has no weight. It counts as 0 (T6).";
    WeightRounded: Warning, Partial, [],
        "The weights are finer or larger than this mesh can say, and were rounded. No weight became zero.";
    WorkloadsNotCovered: Warning, Partial, ["A2"],
        "The program that runs this library has not declared that it knows every workload, so access control of this namespace is left as it is (A2): nothing of it is written, compared or deleted, and traffic targets change nothing. Denying what no target allows would close workloads that the program does not know of. Its developer calls `Snapshot::cover_workloads` once pods and the objects that make them are in the snapshot.";
}

impl Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Code {
    /// Returns `true` if a split with this code takes no traffic where the diagnostic applies.
    pub(super) const fn disables_splits(self) -> bool {
        match self.effect() {
            Effect::Inert => true,
            Effect::Partial => matches!(
                self,
                Self::Inexpressible | Self::NoUsableBackend | Self::NotHttp | Self::Overlap
            ),
            Effect::InForce => false,
        }
    }
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_explained() {
        assert!(Code::ALL.is_sorted_by_key(|code| code.as_str()));
        for code in Code::ALL {
            assert!(code.explanation().ends_with('.'), "{code}");
            assert!(
                code.effect() != Effect::Inert || code.severity() == Severity::Error,
                "{code}"
            );
        }
    }
}
