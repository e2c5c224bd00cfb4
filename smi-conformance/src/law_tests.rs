//! The macro that declares the tests of an adapter, one per law.

use super::Violation;
use std::path::PathBuf;

/// Declares one test per law, in [`Cases::from_env`](crate::Cases::from_env) or in the given cases.
///
/// A further test, `replayed`, tries the case of [`Case::from_env`](crate::Case::from_env) again, if there is one. A
/// test that fails saves its counterexample in a file and prints the command that tries it again.
///
/// ```text
/// smi_conformance::conformance_tests!(MyAdapter::default(), MyMesh::default());
/// smi_conformance::conformance_tests!(MyAdapter::default(), MyMesh::default(), Cases::new(1000), my_limits);
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($adapter:expr, $mesh:expr) => {
        $crate::conformance_tests!(
            $adapter,
            $mesh,
            $crate::Cases::from_env(),
            $crate::laws::no_limits
        );
    };
    ($adapter:expr, $mesh:expr, $cases:expr, $limits:expr) => {
        $crate::conformance_tests!(@adapter $adapter, $cases;
            total deterministic order_free honest declared_kinds valid_names converges idempotent repairs
            two_owners stable_names local clean_delete version_free history_free incremental);
        $crate::conformance_tests!(@mesh $adapter, $mesh, $cases;
            faithful split_exact fallback sound never_widens enforces grants safe_transition undisturbed monotone);

        #[test]
        fn within_limits() {
            $crate::conformance_tests!(@passed
                $crate::laws::within_limits(&$adapter, &$limits, $cases));
        }

        #[test]
        fn replayed() {
            match $crate::Case::from_env() {
                Ok(None) => println!("`SMI_CASE` is not set: nothing to replay"),
                Ok(Some(case)) => {
                    if let Err(violation) = $crate::laws::replay(&$adapter, &$mesh, &$limits, &case) {
                        panic!("{violation}");
                    }
                }
                Err(why) => panic!("{why}"),
            }
        }
    };
    (@adapter $adapter:expr, $cases:expr; $($law:ident)*) => {$(
        #[test]
        fn $law() {
            $crate::conformance_tests!(@passed $crate::laws::$law(&$adapter, $cases));
        }
    )*};
    (@mesh $adapter:expr, $mesh:expr, $cases:expr; $($law:ident)*) => {$(
        #[test]
        fn $law() {
            $crate::conformance_tests!(@passed $crate::laws::$law(&$adapter, &$mesh, $cases));
        }
    )*};
    (@passed $result:expr) => {
        match $result {
            Ok(report) => match report.verified() {
                Ok(report) => println!("{report}"),
                Err(unverified) => panic!("{unverified}"),
            },
            Err(violation) => panic!(
                "{}",
                $crate::law_tests::saved(&violation, option_env!("CARGO_TARGET_TMPDIR"), module_path!())
            ),
        }
    };
}

/// Returns the text of a counterexample with the command that tries it again. The case is saved in a folder for the
/// module of the test, below the target folder.
#[doc(hidden)]
pub fn saved(violation: &Violation, folder: Option<&str>, module: &str) -> String {
    let folder = folder.map_or_else(of_target, PathBuf::from);
    let again = match violation.save(folder.join("conformance").join(module.replace("::", "-"))) {
        Ok(path) => format!("SMI_CASE={} cargo test replayed", path.display()),
        Err(error) => format!("cannot save the case: {error}"),
    };
    format!("{violation}\n# again\n\n{again}\n")
}

/// Returns cargo's folder for files of tests. Cargo gives its path to integration tests only; other tests run in
/// `target/PROFILE/deps` or `target/PROFILE/examples`.
fn of_target() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(3).filter(|target| target.is_dir());
    target.map_or_else(std::env::temp_dir, |target| target.join("tmp"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::Law;
    use crate::{Case, cases};

    #[test]
    fn saves_the_case_of_a_violation() {
        let case = Case {
            law: Some(Law::Faithful),
            ..cases::kept().next().unwrap()
        };
        let violation = Violation {
            law: Law::Faithful,
            adapter: "toy".to_owned(),
            held: 0,
            case: case.clone(),
            why: String::new(),
            native: String::new(),
            reference: String::new(),
            diagnostics: String::new(),
        };
        let text = saved(&violation, None, "smi_adapter::saved");
        let path = of_target().join("conformance/smi_adapter-saved/faithful.yaml");
        assert!(text.contains(&format!("SMI_CASE={} cargo test replayed", path.display())));
        assert_eq!(Case::read(&std::fs::read_to_string(path).unwrap()), Ok(case));
    }
}
