//! Origins of objects.

use serde::Serialize;
use std::fmt::{self, Display};

/// The place that an object was read from.
///
/// Serialises as the fields of its variant, without those that are unknown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Origin {
    /// A manifest.
    #[non_exhaustive]
    Manifest {
        /// The name of the file.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        /// The number of the document in the text, from 1.
        document: usize,
        /// The number of the item, from 1, if the document is a list of objects.
        #[serde(skip_serializing_if = "Option::is_none")]
        item: Option<usize>,
        /// The first line of the document, from 1, also for an item of a list.
        line: usize,
    },
    /// An API server.
    #[non_exhaustive]
    Cluster {
        /// The version in which the object was read, such as `split.smi-spec.io/v1alpha2`.
        api_version: String,
        /// The UID.
        uid: String,
        /// The version of the object itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        resource_version: Option<String>,
    },
}

/// Writes `canary.yaml:12, document 2, item 1` or `split.smi-spec.io/v1alpha2, UID 5d…`. A text without a file gives
/// `line 12, document 2`.
impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest {
                file,
                document,
                item,
                line,
            } => {
                match file {
                    Some(file) => write!(f, "{file}:{line}")?,
                    None => write!(f, "line {line}")?,
                }
                write!(f, ", document {document}")?;
                item.map_or(Ok(()), |item| write!(f, ", item {item}"))
            }
            Self::Cluster { api_version, uid, .. } => write!(f, "{api_version}, UID {uid}"),
        }
    }
}
