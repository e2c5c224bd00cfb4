//! Conversion of violations to diagnostics: the only place that maps rules to codes.

use super::{Code, Diagnostic};
use crate::object::ObjectRef;
use smi_types::Violation;
use smi_types::validate::Rule;

impl Diagnostic {
    /// Creates the diagnostic of a violation, with its field, rule and message.
    ///
    /// ```
    /// use smi_adapter::diagnostic::{Code, Diagnostic};
    /// use smi_adapter::object::{ObjectKey, ObjectRef};
    /// use smi_types::split::{Backend, TrafficSplit};
    /// use smi_types::validate::Rule;
    ///
    /// let split = TrafficSplit::new("shop", "canary", "web", [Backend::new("web-v1", 0)]);
    /// let object = ObjectRef::split(ObjectKey::new("shop", "canary"));
    /// let violation = split.violations().remove(0);
    /// let diagnostic = Diagnostic::from_violation(object, violation);
    /// assert_eq!(diagnostic.code, Code::AllWeightsZero);
    /// assert_eq!(diagnostic.rule, Some(Rule::AllWeightsZero));
    /// ```
    #[must_use]
    pub fn from_violation(object: ObjectRef, violation: Violation) -> Self {
        let Violation { path, rule, message } = violation;
        Self {
            rule: Some(rule),
            ..Self::new(rule.into(), object, path, message)
        }
    }
}

/// Returns the code that reports a violation of the rule. The two have the same severity.
impl From<Rule> for Code {
    fn from(rule: Rule) -> Self {
        // A rule of a newer release of smi-types.
        code(rule).unwrap_or(Self::Invalid)
    }
}

/// Returns the code of a rule; `None` for a rule that this release does not know, because [`Rule`] may grow.
const fn code(rule: Rule) -> Option<Code> {
    Some(match rule {
        Rule::NoSpec
        | Rule::RootMissing
        | Rule::RootForm
        | Rule::NoBackends
        | Rule::WeightInvalid
        | Rule::NoMatches
        | Rule::RoutePort
        | Rule::NoDestination
        | Rule::NoRules
        | Rule::NoSources
        | Rule::DestinationPort
        | Rule::RuleKind
        | Rule::SchemesExclusive
        | Rule::NoLabels => Code::Invalid,
        Rule::UnknownField => Code::UnknownField,
        Rule::IgnoredField => Code::IgnoredField,
        Rule::RootNamespace => Code::RootNamespace,
        Rule::BackendName => Code::BackendMissing,
        Rule::BackendRepeated => Code::DuplicateBackend,
        Rule::WeightMissing => Code::WeightMissing,
        Rule::WeightFraction => Code::FractionalWeight,
        Rule::AllWeightsZero => Code::AllWeightsZero,
        Rule::SplitMatchesVersion
        | Rule::HeadersVersion
        | Rule::PortsVersion
        | Rule::PortVersion
        | Rule::RuleKindVersion => Code::NotInVersion,
        Rule::ReferenceGroup | Rule::ReferenceKind | Rule::ReferenceName | Rule::RuleName | Rule::RuleMatchName => {
            Code::UnresolvedRef
        }
        Rule::MatchName => Code::MatchNameMissing,
        Rule::MatchRepeated => Code::DuplicateMatch,
        Rule::MatchEverything => Code::MatchesEverything,
        Rule::PatternNotPortable => Code::NotPortable,
        Rule::PatternGlob => Code::LooksLikeGlob,
        Rule::MethodUnknown => Code::UnknownMethod,
        Rule::NoMethod | Rule::HeaderName => Code::Unmatchable,
        Rule::HeadersLost => Code::HeadersLost,
        Rule::HeaderRepeated => Code::DuplicateHeader,
        Rule::SubjectKind | Rule::SubjectGroup | Rule::SubjectName => Code::UnsupportedSubject,
        Rule::DestinationNamespace => Code::DestinationNamespace,
        Rule::SourceNamespaceMissing => Code::SourceNamespaceMissing,
        Rule::SourcePort | Rule::RuleMatchRepeated => Code::Redundant,
        Rule::LabelInvalid | Rule::SpiffeId | Rule::ServiceAccountName => Code::InvalidIdentity,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_code_with_the_same_severity() {
        for rule in Rule::ALL {
            let code = code(*rule).unwrap_or_else(|| panic!("{rule} has no code"));
            assert_eq!(code.severity(), rule.severity(), "{rule} {code}");
        }
    }

    #[test]
    fn codes_name_the_ids_of_their_rules() {
        for rule in Rule::ALL.iter().filter(|rule| Code::from(**rule) != Code::Invalid) {
            let code = Code::from(*rule);
            assert!(code.rules().contains(&rule.id()), "{rule} {code}");
        }
    }
}
