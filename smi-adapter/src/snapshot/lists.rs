//! The item types of the lists that [`Snapshot::replace_all`] and `extend` accept.

use super::Snapshot;
use crate::workload::Workload;
use k8s_openapi::api::core::v1::{Namespace, Service};
use smi_types::{Object, ParseError, Parsed};

/// Implements `Extend` for each item type, with the method that inserts an item.
macro_rules! extend {
    ($($item:ty: $insert:ident;)*) => {
        $(
            #[doc = concat!("Inserts every item, as [`", stringify!($insert), "`](Snapshot::", stringify!($insert), ") does.")]
            impl Extend<$item> for Snapshot {
                fn extend<I: IntoIterator<Item = $item>>(&mut self, items: I) {
                    for item in items {
                        self.$insert(item);
                    }
                }
            }
        )*
    };
}

extend! {
    Object: insert;
    Parsed: insert;
    Service: insert_service;
    Workload: insert_workload;
    Namespace: insert_namespace;
}

/// Inserts every SMI object, and records those that cannot be read.
impl Extend<Result<Parsed, ParseError>> for Snapshot {
    fn extend<I: IntoIterator<Item = Result<Parsed, ParseError>>>(&mut self, items: I) {
        for item in items {
            match item {
                Ok(parsed) => _ = self.insert(parsed),
                Err(error) => self.insert_error(&error),
            }
        }
    }
}
