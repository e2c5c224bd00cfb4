//! The rules that a single object can break.

use super::Severity;
use serde::{Serialize, Serializer};
use std::fmt::{self, Display};

/// Declares the rules, each with its ID, severity and description.
macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $doc:literal;)*) => {
        /// A rule that a single object can break by itself. Each rule has one ID and one severity. Several rules can
        /// share an ID, if they cover different aspects of one rule in the [chapter on rules](crate::rules).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $doc] $name,)*
        }

        impl Rule {
            /// Every rule, in the order of kinds and fields.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the rule as text, for example `NoSpec`. The text is stable and fit for the reason of an Event.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns the ID of the rule in our reading of the specification, for example `T6`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Returns the severity of a violation of the rule.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

rules! {
    NoSpec = "I7", Error, "An object has no `spec`, or an empty one, and therefore no effect.";
    UnknownField = "I8", Error, "A field is unknown and may be a restriction; the smallest part that holds it has no effect.";
    IgnoredField = "I8", Warning, "A field is unknown and means nothing: it is in the metadata, or is known to be harmless.";

    RootMissing = "T2", Error, "A split names no root service.";
    RootForm = "T3", Error, "The root service of a split is neither the name of a service nor a host.";
    RootNamespace = "T3", Error, "The root service of a split is in another namespace.";
    NoBackends = "T31", Error, "A split has no backends.";
    BackendName = "T32", Error, "The name of a backend is missing, or is not the name of a service in the split's own namespace.";
    BackendRepeated = "T30", Warning, "A backend is listed more than once; the weights are added.";
    WeightMissing = "T6", Warning, "A backend has no weight; it counts as 0.";
    WeightInvalid = "T6", Error, "A weight is negative, out of range or not a number; the split has no effect.";
    WeightFraction = "T6", Warning, "A weight has a fraction in a version with whole numbers; it is used exactly as written.";
    AllWeightsZero = "T10", Error, "All weights are zero; the root service serves the traffic as if there were no split.";
    SplitMatchesVersion = "T12", Warning, "A split has matches in a version without them; if an API server drops them, all traffic is split.";
    ReferenceGroup = "T16", Error, "A split refers to an API group that has no route groups.";
    ReferenceKind = "T17", Error, "A split refers to a kind that is not a route group.";
    ReferenceName = "T17", Error, "The name of a reference to a route group is missing, or is not a valid object name.";

    NoMatches = "S21", Error, "A route group has no matches; it matches no request.";
    MatchName = "S3", Error, "A match has no name by which rules can select it.";
    MatchRepeated = "S2", Error, "Two matches of a group have the same name; either match suffices.";
    MatchEverything = "S20", Warning, "A match has nothing but a name; it matches every request.";
    PatternNotPortable = "S6", Error, "A regular expression is outside the portable dialect; its match matches nothing.";
    PatternGlob = "S6", Warning, "A regular expression looks like a glob: it repeats a slash where any text is probably meant.";
    MethodUnknown = "S8", Error, "A method is unknown to the API; it is compared exactly.";
    NoMethod = "S11", Error, "No method of a match can occur in a request; the match matches nothing.";
    HeadersVersion = "S10", Warning, "A match has headers in a version without them; if an API server drops them, it matches more requests.";
    HeadersLost = "I6", Error, "A header filter was lost; its match matches nothing.";
    HeaderName = "S11", Error, "A header filter has an invalid header name; its match matches nothing.";
    HeaderRepeated = "S19", Warning, "A match filters the same header twice; both filters must hold, which some meshes cannot express.";
    RoutePort = "S23", Error, "A port of a route is not a valid port; the route matches nothing.";
    PortsVersion = "S22", Warning, "A route has ports in a version without them; if an API server drops them, it matches all ports.";

    NoDestination = "A6", Error, "A target has no destination; it allows nothing.";
    NoRules = "A6", Error, "A target has no rules; it allows nothing.";
    NoSources = "A6", Error, "A target has no sources; it allows nothing.";
    SubjectKind = "A26", Error, "The kind of a subject does not exist in its version; the subject matches no workload.";
    SubjectGroup = "A26", Error, "The API group of a subject has no identities; it matches no workload.";
    SubjectName = "A26", Error, "The name of a subject is missing, or its name or namespace is not valid; it matches no workload.";
    DestinationNamespace = "A22", Error, "The destination of a target is in another namespace; the target allows nothing.";
    SourceNamespaceMissing = "A24", Warning, "A source has no namespace; the namespace of the target is used.";
    DestinationPort = "A10", Error, "The port of a destination is not a valid port; the target allows nothing.";
    PortVersion = "A10", Warning, "A destination has a port in a version without it; if an API server drops it, all ports are allowed.";
    SourcePort = "D9", Warning, "A source has a port, which has no effect.";
    RuleKind = "A12", Error, "The kind of a rule is not a kind of route; the target allows nothing.";
    RuleKindVersion = "S24", Warning, "A rule is of kind `UDPRoute` in a version without it; the rule counts, but API servers may reject it.";
    RuleName = "A9", Error, "The name of a rule is missing, or is not a valid object name; the rule matches nothing.";
    RuleMatchName = "A8", Error, "A rule refers to a match by an empty name; it selects no match.";
    RuleMatchRepeated = "A8", Warning, "A rule selects a match twice; the repetition has no effect.";

    SchemesExclusive = "A28", Error, "A binding has both `podLabelSelector` and `serviceAccount`; it matches no workload.";
    NoLabels = "A30", Error, "A selector has no labels; its binding matches no workload.";
    LabelInvalid = "A30", Error, "A label is not valid; the selector matches no workload.";
    SpiffeId = "D19", Error, "A SPIFFE ID is malformed or does not identify a workload; it matches no workload.";
    ServiceAccountName = "A29", Error, "The name of a service account is not a valid object name; it matches no workload.";
}

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
