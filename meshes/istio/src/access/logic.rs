//! Three-valued logic: a certain operand can decide the result even if other operands are not modelled.

use smi_conformance::NotModelledError;

/// Returns `true` if all `parts` hold, also if there are none.
pub(super) fn all(parts: impl IntoIterator<Item = Result<bool, NotModelledError>>) -> Result<bool, NotModelledError> {
    until(parts, false)
}

/// Returns `true` if any of the `parts` holds, and `false` if there are none.
pub(super) fn any(parts: impl IntoIterator<Item = Result<bool, NotModelledError>>) -> Result<bool, NotModelledError> {
    until(parts, true)
}

fn until(
    parts: impl IntoIterator<Item = Result<bool, NotModelledError>>,
    decisive: bool,
) -> Result<bool, NotModelledError> {
    let mut unknown = None;
    for part in parts {
        match part {
            Ok(value) if value == decisive => return Ok(decisive),
            Ok(_) => {}
            Err(reason) => unknown = unknown.or(Some(reason)),
        }
    }
    unknown.map_or(Ok(!decisive), Err)
}

/// Returns `true` if both hold. The second is evaluated only if the first may hold.
pub(super) fn and(
    first: Result<bool, NotModelledError>,
    second: impl FnOnce() -> Result<bool, NotModelledError>,
) -> Result<bool, NotModelledError> {
    match first {
        Ok(false) => Ok(false),
        first => all([first, second()]),
    }
}

/// Returns `true` if `is` holds for one of `values` and for none of `not_values`. An empty list requires nothing.
pub(super) fn listed(
    values: &[String],
    not_values: &[String],
    is: impl Fn(&str) -> Result<bool, NotModelledError>,
) -> Result<bool, NotModelledError> {
    let is_any = |values: &[String]| any(values.iter().map(|value| is(value)));
    all([
        if values.is_empty() { Ok(true) } else { is_any(values) },
        is_any(not_values).map(|found| !found),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown() -> Result<bool, NotModelledError> {
        Err(NotModelledError("unknown".into()))
    }

    #[test]
    fn certain_operands_decide() {
        assert_eq!(all([]), Ok(true));
        assert_eq!(any([]), Ok(false));
        assert_eq!(all([Ok(true), Ok(true)]), Ok(true));
        assert_eq!(all([unknown(), Ok(false)]), Ok(false));
        assert_eq!(any([unknown(), Ok(true)]), Ok(true));
        assert_eq!(all([unknown(), Ok(true)]), unknown());
        assert_eq!(any([Ok(false), unknown()]), unknown());
        assert_eq!(and(Ok(false), || panic!("evaluated")), Ok(false));
        assert_eq!(and(unknown(), || Ok(false)), Ok(false));
        assert_eq!(and(Ok(true), unknown), unknown());
        assert_eq!(and(unknown(), || Ok(true)), unknown());
        assert_eq!(and(Ok(true), || Ok(true)), Ok(true));
    }

    #[test]
    fn empty_lists_require_nothing() {
        let is_a = |value: &str| Ok(value == "a");
        let list = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (values, not_values, answer) in [
            (&[][..], &[][..], true),
            (&["b", "a"], &[], true),
            (&["b"], &[], false),
            (&[], &["b"], true),
            (&[], &["b", "a"], false),
            (&["a"], &["a"], false),
        ] {
            assert_eq!(
                listed(&list(values), &list(not_values), is_a),
                Ok(answer),
                "{values:?} {not_values:?}"
            );
        }
    }
}
