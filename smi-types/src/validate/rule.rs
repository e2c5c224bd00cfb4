//! The rules that one object can break.

use super::Severity;
use serde::{Serialize, Serializer};
use std::fmt::{self, Display};

/// Declares the rules, so that nothing about one can be forgotten.
macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $doc:literal;)*) => {
        /// A rule that one object can break by itself. One has one ID and one severity; a rule of the
        /// specification's reading may stand here in several aspects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $doc] $name,)*
        }

        impl Rule {
            /// Every rule, in the order of kinds and fields.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The rule as text, for example `NoSpec`: stable, fit for the reason of an Event.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The ID of the rule in our reading of the specification, for example `T6`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What should become of an object that breaks it.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

rules! {
    NoSpec = "I7", Error, "There is no `spec`, or nothing in it, where that means nothing.";

    RootMissing = "T2", Error, "A split names no root service.";
    RootForm = "T3", Error, "The root service of a split is no name of a service and no host.";
    RootNamespace = "T3", Error, "The root service of a split is in another namespace.";
    NoBackends = "T31", Error, "A split has no backends.";
    BackendName = "T32", Error, "The name of a backend is missing, or no name of a service of the split's own namespace.";
    BackendRepeated = "T30", Warning, "A backend is listed more than once; the weights are added.";
    WeightMissing = "T6", Warning, "A backend has no weight; it counts as 0.";
    WeightInvalid = "T6", Error, "A weight is negative, out of range or no number; the split has no effect.";
    WeightFraction = "T6", Warning, "A weight has a fraction in a version that has whole numbers; it is taken exactly.";
    AllWeightsZero = "T10", Error, "All weights are zero; the root service serves as if there were no split.";
    SplitMatchesVersion = "T12", Warning, "A split has matches in a version without; API servers may drop them, and then everything is split.";
    ReferenceGroup = "T16", Error, "A split refers to an API group that has no route groups.";
    ReferenceKind = "T17", Error, "A split refers to a kind that is no route group.";
    ReferenceName = "T17", Error, "The name of a reference to a route group is missing, or no name of an object.";

    NoMatches = "S21", Error, "A route group has no matches; no request fulfils it.";
    MatchName = "S3", Error, "A match has no name, by which rules select it.";
    MatchRepeated = "S2", Error, "Two matches of a group have the same name; either may be fulfilled.";
    MatchEverything = "S20", Warning, "A match has nothing but a name; it takes every request.";
    PatternNotPortable = "S6", Error, "A regular expression is outside the portable dialect; its match takes no request.";
    MethodUnknown = "S8", Error, "A method is none that the API knows; it is compared exactly.";
    NoMethod = "S11", Error, "No method of a match can occur in a request; the match takes no request.";
    HeadersVersion = "S10", Warning, "A match has headers in a version without; API servers may drop them, and then it takes more.";
    HeadersLost = "I6", Error, "A header filter got lost on its way; its match takes no request.";
    HeaderName = "S11", Error, "A name is none that a header can have; its match takes no request.";
    HeaderRepeated = "S19", Warning, "A match filters the same header twice; both must hold, which some meshes cannot express.";
    RoutePort = "S23", Error, "What stands for a port is none; the route matches nothing.";
    PortsVersion = "S22", Warning, "A route has ports in a version without; API servers may drop them, and then it means all ports.";

    NoDestination = "A6", Error, "A target has no destination; it allows nothing.";
    NoRules = "A6", Error, "A target has no rules; it allows nothing.";
    NoSources = "A6", Error, "A target has no sources; it allows nothing.";
    SubjectKind = "A26", Error, "The kind of a subject is none that this version has; it matches no workload.";
    SubjectGroup = "A26", Error, "The API group of a subject has no identities; it matches no workload.";
    SubjectName = "A26", Error, "The name or namespace of a subject is missing, or none that an object can have; it matches no workload.";
    DestinationNamespace = "A22", Error, "The destination of a target is in another namespace; the target allows nothing.";
    SourceNamespaceMissing = "A24", Warning, "A source has no namespace; that of the target is taken.";
    DestinationPort = "A10", Error, "What stands for the port of a destination is none; the target allows nothing.";
    PortVersion = "A10", Warning, "A destination has a port in a version without; API servers may drop it, and then all ports are allowed.";
    SourcePort = "D9", Warning, "A source has a port, which has no effect.";
    RuleKind = "A12", Error, "The kind of a rule is no kind of route; the target allows nothing.";
    RuleKindVersion = "S24", Warning, "A rule is of kind `UDPRoute` in a version without; it counts, and API servers may reject it.";
    RuleName = "A9", Error, "The name of a rule is missing, or no name of an object; it matches nothing.";
    RuleMatchName = "A8", Error, "A rule selects a match without a name; that selects nothing.";
    RuleMatchRepeated = "A8", Warning, "A rule selects a match twice, which adds nothing.";

    SchemesExclusive = "A28", Error, "A binding has both podLabelSelector and serviceAccount; it matches no workload.";
    NoLabels = "A30", Error, "A selector has no labels; its binding matches no workload.";
    LabelInvalid = "A30", Error, "A label is none that a pod can have; the selector matches no workload.";
    SpiffeId = "D19", Error, "A SPIFFE ID is malformed, or names no workload; it matches no workload.";
    ServiceAccountName = "A29", Error, "The name of a service account is none that an object can have; it matches no workload.";
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
