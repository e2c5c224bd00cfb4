//! The metadata of a native object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Debug};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Standard object metadata that copies share until one of them is edited. Use it like the [`ObjectMeta`] that it
/// dereferences to.
///
/// ```
/// use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
/// use smi_adapter::manifest::Metadata;
///
/// let mut metadata = Metadata::from(ObjectMeta::default());
/// let copy = metadata.clone();
/// metadata.name = Some("web".to_owned());
/// assert_eq!((metadata.name.as_deref(), &copy.name), (Some("web"), &None));
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Metadata(Arc<ObjectMeta>);

impl Deref for Metadata {
    type Target = ObjectMeta;

    fn deref(&self) -> &ObjectMeta {
        &self.0
    }
}

impl DerefMut for Metadata {
    fn deref_mut(&mut self) -> &mut ObjectMeta {
        Arc::make_mut(&mut self.0)
    }
}

impl From<ObjectMeta> for Metadata {
    fn from(metadata: ObjectMeta) -> Self {
        Self(Arc::new(metadata))
    }
}

impl Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ObjectMeta::deserialize(deserializer).map(Self::from)
    }
}
