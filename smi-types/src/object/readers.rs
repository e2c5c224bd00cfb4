//! The readers of every kind in every version.

use super::Object;
use super::fields::{self, Shape};
use super::source::Source;
use crate::path::FieldPath;
use crate::version::Version;
use crate::{access, specs, split};
use serde::de::DeserializeOwned;

/// A reader for the objects of one kind and version.
pub(super) struct Reader {
    pub(super) group: &'static str,
    pub(super) kind: &'static str,
    pub(super) version: Version,
    pub(super) shape: Shape,
    lift: fn(Source<'_>) -> serde_json::Result<Object>,
    /// Returns the path of the error that reading yields.
    pub(super) error_path: fn(Source<'_>) -> FieldPath,
}

impl Reader {
    /// Creates a reader for one of the versions whose objects have the fields of `W`.
    const fn new<W, H>(version: Version, shape: Shape) -> Self
    where
        W: k8s_openapi::Resource + DeserializeOwned + Into<H>,
        Object: From<H>,
    {
        Self {
            group: W::GROUP,
            kind: W::KIND,
            version,
            shape,
            lift: lift::<W, H>,
            error_path: |source| source.error_path::<W>(),
        }
    }

    const fn split(version: Version) -> Self {
        Self::new::<split::v1alpha4::TrafficSplit, split::TrafficSplit>(version, fields::SPLIT)
    }

    const fn group_without_spec(version: Version) -> Self {
        Self::new::<specs::v1alpha2::HTTPRouteGroup, specs::HTTPRouteGroup>(version, fields::GROUP_WITHOUT_SPEC)
    }

    const fn group(version: Version) -> Self {
        Self::new::<specs::v1alpha4::HTTPRouteGroup, specs::HTTPRouteGroup>(version, fields::GROUP)
    }

    const fn tcp(version: Version) -> Self {
        Self::new::<specs::v1alpha4::TCPRoute, specs::TCPRoute>(version, fields::PORTS)
    }

    const fn target(version: Version) -> Self {
        Self::new::<access::v1alpha4::TrafficTarget, access::TrafficTarget>(version, fields::TARGET)
    }

    pub(super) fn read(&self, source: Source<'_>) -> serde_json::Result<Object> {
        let mut object = (self.lift)(source)?;
        object.set_version(self.version);
        Ok(object)
    }
}

/// The readers of every kind in every version, by group and kind.
pub(super) static READERS: [Reader; 18] = [
    Reader::split(Version::V1Alpha1),
    Reader::split(Version::V1Alpha2),
    Reader::split(Version::V1Alpha3),
    Reader::split(Version::V1Alpha4),
    Reader::group_without_spec(Version::V1Alpha1),
    Reader::group_without_spec(Version::V1Alpha2),
    Reader::group(Version::V1Alpha3),
    Reader::group(Version::V1Alpha4),
    Reader::tcp(Version::V1Alpha1),
    Reader::tcp(Version::V1Alpha2),
    Reader::tcp(Version::V1Alpha3),
    Reader::tcp(Version::V1Alpha4),
    Reader::new::<specs::v1alpha4::UDPRoute, specs::UDPRoute>(Version::V1Alpha4, fields::PORTS),
    Reader::new::<access::v1alpha1::TrafficTarget, access::TrafficTarget>(
        Version::V1Alpha1,
        fields::TARGET_WITHOUT_SPEC,
    ),
    Reader::target(Version::V1Alpha2),
    Reader::target(Version::V1Alpha3),
    Reader::target(Version::V1Alpha4),
    Reader::new::<access::v1alpha4::IdentityBinding, access::IdentityBinding>(Version::V1Alpha4, fields::BINDING),
];

/// Reads a wire type and converts it to its hub.
fn lift<W, H>(source: Source<'_>) -> serde_json::Result<Object>
where
    W: DeserializeOwned + Into<H>,
    Object: From<H>,
{
    let wire: W = match source {
        Source::Json(json) => serde_json::from_slice(json)?,
        Source::Value(value) => W::deserialize(value)?,
    };
    Ok(Object::from(wire.into()))
}
