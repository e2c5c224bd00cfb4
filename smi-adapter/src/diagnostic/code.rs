//! The codes of diagnostics, each with its severity, effect, rules and explanation.

use super::Severity;
use serde::{Serialize, Serializer};
use std::fmt::{self, Display};

/// The part of an object that is in force: all of it, some of it or none. Serialises as `"in force"`, `"partial"` or
/// `"inert"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// All of it is in force.
    InForce,
    /// The named part is not in force; the rest is. If the part is everything that the object does, its
    /// [status](crate::plan::Planned::status) is inert.
    Partial,
    /// None of it is in force.
    Inert,
}

impl Effect {
    /// Returns the effect in lower case: `in force`, `partial` or `inert`.
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

/// Declares the codes. Every code has a severity, an effect, rules and an explanation.
macro_rules! codes {
    ($($name:ident: $severity:ident, $effect:ident, [$($rule:literal),*], $explanation:literal;)*) => {
        /// The kind of fact that a diagnostic reports.
        ///
        /// One code has one meaning. Severity, effect, rules and explanation follow from it.
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

            /// Returns the name of the code: stable, and suitable as the reason of an Event.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns how urgent the diagnostic is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// Returns how much of the object is in force.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Self::$name => Effect::$effect,)* }
            }

            /// Returns the IDs of the [rules](smi_types::rules) that the code follows from, such as `T25`. A code that
            /// depends only on a mesh has none.
            #[must_use]
            pub const fn rules(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($rule),*],)* }
            }

            /// Returns a few sentences about the code: its meaning, its consequence and its remedy.
            #[must_use]
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$name => $explanation,)* }
            }
        }
    };
}

codes! {
    AllWeightsZero: Error, Inert, ["T10"],
        "All weights of the split are zero, so it takes no traffic (T10). The root service works as if there were no split; its selector may match more pods than the author expects. Give at least one backend a weight above zero.";
    AppProtocolDiffers: Warning, InForce, ["T21"],
        "A backend declares a different application protocol for the port than the root service does (T21). The backend still gets its share, but a mesh may talk to it in the root's protocol.";
    Assumed: Info, InForce, ["I3"],
        "The input refers to a service or workload that it does not contain, and the caller asked to assume that it exists (I3). On a cluster without it, the result is different.";
    BackendMissing: Error, Partial, ["T25", "T32"],
        "The backend's service does not exist or is of type ExternalName, or the name is not a plain name of a service in the split's own namespace (T25, T32). The root service takes its place, with its weight, until the service exists. Create the service or correct the name.";
    BackendNotAllowed: Warning, InForce, ["T33"],
        "The split sends traffic to this backend, but some callers that may reach the other backends, or all callers, are not allowed to reach its pods (T33). Their requests are denied there. Grant access to the service accounts of every backend.";
    BypassedByIngress: Info, InForce, ["T1"],
        "An Ingress, or a route of a gateway, sends traffic from outside of the cluster to the root service. A split applies to the traffic of clients that the mesh handles (T1), and it does not handle this one: the ingress controller or gateway chooses a pod of the root service itself. The split is in force for all other clients. The message states how the mesh can split this traffic; otherwise expect it at the root service's own endpoints.";
    Conflict: Error, Inert, ["T29"],
        "Another object decides where this traffic goes: an older split without matches on the same root service (T29), or a foreign native object. This object has no effect. Delete one of the two.";
    ConflictInPart: Error, Partial, [],
        "A foreign native object takes part of this traffic, such as the traffic of clients in its own namespace, or requests for which its matches are more specific. The rest of the object is in force.";
    Contested: Warning, Partial, [],
        "Another client of the API server keeps changing or deleting a native object that exists for this object, and the operator keeps repairing it, with growing pauses. In the pauses the mesh does what the other client wrote. The message names the client. Stop it, or stop it from writing this object.";
    ConversionMayLose: Error, Inert, ["I5"],
        "The traffic target was written in an older version, which can restrict it to a port, and is read in a newer one, which cannot (I5). The restriction may have been lost, so the target grants nothing. Write it again in the version in which it is read, with a TCPRoute for the port.";
    DestinationNamespace: Error, Inert, ["A22"],
        "The destination is in a different namespace than the traffic target (A22). The target grants nothing: otherwise the right to write targets in one namespace would open workloads of another. Move the target to the namespace of its destination.";
    DuplicateBackend: Warning, InForce, ["T30"],
        "A backend is listed more than once. Its weights are added (T30).";
    DuplicateHeader: Warning, InForce, ["S19"],
        "A match filters the same header twice. A request must fulfil both filters (S19). A mesh that cannot express this reports HeaderRepeated.";
    DuplicateMatch: Error, InForce, ["S2"],
        "Two matches of a group have the same name. A reference to the name selects both, and a request must fulfil only one of them (S2).";
    DuplicateObject: Error, Inert, ["I1"],
        "The input contains the object more than once, possibly in two versions (I1). It is unknown which one counts, so none of them has an effect. Remove all but one.";
    ExternalRoot: Error, Inert, ["T3"],
        "The root is not a service of the cluster but an external host (T3). Traffic to external hosts is split only if a setting of the adapter lists the host.";
    ForeignObject: Error, Inert, [],
        "A foreign native object has the name that is needed for this object. The foreign object is left untouched, and this one has no effect. Delete or rename the foreign object.";
    FractionalWeight: Warning, InForce, ["T6"],
        "Weights are whole numbers since v1alpha2, but this one has a fraction (T6). It is used exactly as written.";
    HeaderRepeated: Error, Partial, ["S19"],
        "A match filters the same header twice (S19). This mesh cannot require both filters, so the match matches nothing here.";
    HeadersLost: Error, Partial, ["I6"],
        "A header filter was lost before the object was read: the map is empty, an item has no name, or a value is not a string (I6). API servers do this to null values, and to the map form if their CRD has the list form. The match matches nothing, because without the filter it would match more than its author intended. Write the headers again, in the form of the installed CRD.";
    HttpOnly: Info, Partial, [],
        "On this port the mesh splits only HTTP. Other bytes go to the root service, regardless of the split.";
    IdentityLeftOut: Warning, Partial, ["A29"],
        "An identity binding selects pods by labels, and only some pods of a service account carry them (A29). As a source, the binding does not name this identity: the pods without the labels have it, too. Give the labels to all pods of the account, or run the pods with the labels under an account of their own.";
    IgnoredField: Warning, InForce, ["I8"],
        "The object's version has no field of this name here, and the field is ignored (I8): it is in the metadata, is known to restrict nothing, or a setting of the program ignores unknown fields.";
    Inexpressible: Error, Partial, [],
        "This mesh cannot express the named part of the object. The part is left out.";
    Invalid: Error, Inert, [],
        "The object lacks something that its kind requires, or contains an invalid value. It has no effect.";
    InvalidIdentity: Error, Partial, ["A29", "A30", "D19"],
        "A scheme of the identity binding contains a value that no workload can have: a label or a service account name that Kubernetes does not accept (A29, A30), or a malformed SPIFFE ID (D19). The value matches no workload; the binding's other identities count.";
    LooksLikeGlob: Warning, InForce, ["S6"],
        "The pattern is a regular expression that looks like a glob (S6): in `/api/*` the `*` repeats the slash, so the pattern matches `/api` and `/api/`, but not `/api/books`. Write `/api/.*` to match everything below.";
    MatchNameMissing: Error, InForce, ["S3"],
        "The match has no name, although the specification requires one (S3). References to the whole group include the match, but no reference can select it.";
    MatchesEverything: Warning, InForce, ["S20"],
        "The match has no conditions, so it matches every request (S20). If every request should be split, omit the matches of the split.";
    NamespaceReleased: Info, Partial, ["A2"],
        "Access control is not in force in this namespace, because of its label or a setting (A2). Everything is allowed, and the traffic target has no effect.";
    NestedSplit: Warning, InForce, ["T27"],
        "A backend is itself the root of a split. Splits are not hierarchical, so its share goes to its own endpoints (T27).";
    NeverMatches: Error, Partial, ["S5", "S12"],
        "No request can match the pattern: a path begins with `/`, contains only ASCII characters, and is compared without its query and fragment (S5); a header's value contains no control characters (S12). The match matches nothing. Correct the pattern.";
    NoCommonPort: Error, Partial, ["A10", "A12"],
        "The destination names a port, and the rules of one kind, TCP or UDP, name only other ports (A10, A12). Both restrict, so these rules allow nothing. Name the port that the workload listens on in both places, or in only one.";
    NoDestinationWorkload: Warning, Partial, ["A18"],
        "No pod, and no object that creates pods, runs as the destination (A18). The traffic target takes effect as soon as one does.";
    NoUsableBackend: Warning, Partial, ["T23", "T25"],
        "On this port of the root service, no remaining backend exists, has a weight above zero and has the port (T23, T25). The split is passed over on this port.";
    NotAccepted: Warning, Partial, [],
        "The mesh has not accepted a native object that exists for this object, according to its status, although some time has passed. Until it does, the object is not in force, and clients may be denied or served as if it did not exist. Check the status of the native object, and whether the control plane of the mesh works.";
    NotAllowed: Warning, Partial, [],
        "The split requests something that the mesh's operator has not allowed, such as a gateway that no setting lists. The rest of the split is in force.";
    NotAnObject: Error, Inert, [],
        "This part of the input is not a Kubernetes object: it has no apiVersion or no kind.";
    NotEnforced: Warning, Partial, [],
        "The mesh cannot deny this traffic, so callers that no traffic target allows may get through. This concerns UDP, ports that no object names, and pods that are outside of the mesh or that no labels select. The message states what would close the gap.";
    NotHttp: Warning, Partial, ["T19"],
        "This mesh does not handle traffic on this port as HTTP, because of what the service or the pods declare for it. A split with matches takes no traffic there (T19), and a grant of HTTP requests allows none.";
    NotInVersion: Warning, InForce, ["A10", "S10", "S22", "S24", "T12"],
        "The object's version does not have this field or value: matches of a split (T12), headers of a match (S10), ports of a route (S22) or of a destination (A10), rules of kind UDPRoute (S24). It is in force here, but an API server that serves this version drops or rejects it, and without it the object takes or allows more. Write the object in a version that has it.";
    NotPortable: Error, Partial, ["S6"],
        "The regular expression is outside the portable dialect (S6): regular expression engines reject it or disagree about its meaning. The match that contains it matches nothing.";
    Overlap: Error, Partial, ["T29"],
        "A request may fulfil the matches of both this split and an earlier one on the same root (T29). This mesh uses the most specific match instead of the first one, and that may be the match of the later split, so it cannot keep the order of the two. The later split takes no traffic. Make the matches of the earlier split at least as specific, or let the two match different requests.";
    Overrides: Warning, InForce, [],
        "A foreign native object applies to the same traffic, but is younger than the object managed by us, which takes precedence. The foreign object has no effect. It takes over if ours is deleted and created again.";
    PathAnchorDiffers: Info, InForce, ["S4"],
        "The pattern must match the whole path. Implementations that read patterns as prefixes would also match longer paths (S4). Append `.*` if longer paths should match.";
    PortIsServicePort: Warning, Partial, ["A10"],
        "The port is a port of a service whose pods listen on a different one (A10). Traffic targets and routes name the ports that the workload listens on, and nothing listens on this one. Write the target port.";
    PortMismatch: Warning, Partial, ["T20", "T23"],
        "A backend has no port with this number and transport protocol, so it gets no traffic of this port of the root service (T20, T23). The other backends share the traffic.";
    Redundant: Warning, InForce, ["A8", "D9"],
        "This part adds nothing to the object: it is the port of a source (D9), or a match that the rule already lists (A8). Remove it.";
    Refused: Error, Partial, [],
        "The API server, or an admission webhook, rejects a native object that this object requires. The mesh keeps what was written before. The message is the answer of the server. The write is repeated from time to time, and after each change of the object.";
    RootNamespace: Error, Inert, ["T3"],
        "The root is in another namespace than the split, or is a name under the cluster domain that is not that of a service (T3). A split applies to services of its own namespace only.";
    RootUnusable: Error, Inert, ["T40"],
        "The root service does not exist, is of type ExternalName, or has no TCP port (T40). The split has no effect.";
    SelectorAmbiguous: Error, Partial, [],
        "The labels that select the pods of a workload also select other pods, or no labels select exactly its pods. Only what is granted to all selected pods is in force. Give every workload labels of its own.";
    SelfReference: Info, InForce, ["T28"],
        "A backend is the root service itself. Its share goes to the root's own endpoints (T28).";
    SourceNamespaceMissing: Warning, InForce, ["A24"],
        "The source has no namespace. It is read as being in the namespace of the traffic target, never in any namespace (A24).";
    Undecodable: Error, Inert, [],
        "The object could not be read. It has no effect, and objects that refer to it find it missing.";
    UnknownField: Error, Partial, ["I8"],
        "The object's version has no field of this name here (I8). It may be a restriction, misspelled or from another version, that gets lost, so the smallest part of the object that contains it has no effect: a match matches nothing, a rule, source or route counts as missing, a backend as absent; otherwise the whole object has no effect. Correct or remove the field.";
    UnknownKind: Error, Inert, [],
        "SMI has no such API group or kind. The object has no effect.";
    UnknownMethod: Error, InForce, ["S8"],
        "The method is not one that the API defines. It is compared exactly, including case (S8), so it probably never matches.";
    UnknownVersion: Error, Inert, [],
        "The kind never had this version. The object has no effect.";
    Unmatchable: Error, Partial, ["S11"],
        "No request can fulfil this match: a filter has a name that is not a valid HTTP header name, or no method is left (S11). The match matches nothing.";
    Unparsable: Error, Inert, [],
        "This part of the input is neither YAML nor JSON. Its contents are unknown; the rest of the input is read.";
    Unreferenced: Info, InForce, ["S9", "I4"],
        "No split or traffic target in force uses this route, group or identity binding, so it has no effect (S9, I4). Either no object refers to it, or those that do are not in force, or none of its matches can be used.";
    UnresolvedRef: Error, Partial, ["T16", "T17", "A8", "A9"],
        "The reference cannot be resolved: the object does not exist, has no matches or could not be read, does not contain the named match, or is of a kind or group that is not supported here (T16, T17, A8, A9). The reference adds nothing. A split without any match left takes no traffic, and a traffic target grants nothing by it.";
    Unsupported: Error, Inert, [],
        "Objects of this kind do not exist in a cluster: the kind belongs to SMI metrics, which are served by a separate API. The object has no effect.";
    UnsupportedSubject: Error, Partial, ["A26"],
        "The subject has a kind or API group that is not supported, or a name that is not a valid service account name (A26). It matches no workload and is granted nothing.";
    WeightMissing: Warning, InForce, ["T6"],
        "The backend has no weight. It counts as 0 (T6).";
    WeightRounded: Warning, Partial, [],
        "The weights are larger or more precise than this mesh can express, so they were rounded. No weight became zero.";
    WorkloadsNotCovered: Warning, Partial, ["A2"],
        "The program that uses this library has not declared that it knows every workload, so access control of this namespace is left as it is (A2): it is neither written, compared nor deleted, and traffic targets have no effect. Denying everything that no target allows would close workloads that the program does not know. Its developer calls `Snapshot::cover_workloads` once the snapshot contains all pods and the objects that create them.";
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
                Self::Inexpressible | Self::NoUsableBackend | Self::NotHttp | Self::Overlap | Self::UnknownField
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
