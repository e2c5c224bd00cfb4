//! Tests for adapters.

/// A test for each law: in [`Cases::from_env`](crate::conformance::Cases::from_env), or in as many as are given. Another
/// one, `replayed`, tries the case of [`Case::from_env`](crate::conformance::Case::from_env) again, if there is one.
///
/// ```text
/// smi_adapter::conformance_tests!(MyAdapter::default(), MyMesh::default());
/// smi_adapter::conformance_tests!(MyAdapter::default(), MyMesh::default(), Cases::new(1000), my_limits);
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($adapter:expr, $mesh:expr) => {
        $crate::conformance_tests!(
            $adapter,
            $mesh,
            $crate::conformance::Cases::from_env(),
            $crate::conformance::laws::no_limits
        );
    };
    ($adapter:expr, $mesh:expr, $cases:expr, $limits:expr) => {
        $crate::conformance_tests!(@adapter $adapter, $cases;
            total deterministic order_free honest declared_kinds valid_names converges idempotent repairs
            two_owners stable_names local clean_delete version_free history_free);
        $crate::conformance_tests!(@mesh $adapter, $mesh, $cases;
            faithful split_exact fallback sound never_widens enforces grants safe_transition undisturbed monotone);

        #[test]
        fn within_limits() {
            $crate::conformance_tests!(@passed
                $crate::conformance::laws::within_limits(&$adapter, &$limits, $cases));
        }

        #[test]
        fn replayed() {
            match $crate::conformance::Case::from_env() {
                Ok(None) => println!("SMI_CASE names no file: nothing is replayed"),
                Ok(Some(case)) => {
                    if let Err(violation) = $crate::conformance::laws::replay(&$adapter, &$mesh, &$limits, &case) {
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
            $crate::conformance_tests!(@passed $crate::conformance::laws::$law(&$adapter, $cases));
        }
    )*};
    (@mesh $adapter:expr, $mesh:expr, $cases:expr; $($law:ident)*) => {$(
        #[test]
        fn $law() {
            $crate::conformance_tests!(@passed $crate::conformance::laws::$law(&$adapter, &$mesh, $cases));
        }
    )*};
    (@passed $result:expr) => {
        match $result {
            Ok(report) => match report.verified() {
                Ok(report) => println!("{report}"),
                Err(unverified) => panic!("{unverified}"),
            },
            Err(violation) => panic!("{violation}"),
        }
    };
}
