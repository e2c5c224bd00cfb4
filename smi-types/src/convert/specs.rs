//! Conversions of routes to older versions.

use super::{Lossy, downwards};
use crate::headers::Headers;
use crate::path::FieldPath;
use crate::specs::{
    HTTPRouteGroup, HTTPRouteGroupSpec, PortMatch, PortsSpec, TCPRoute, UDPRoute, v1alpha1, v1alpha2, v1alpha3,
    v1alpha4,
};
use crate::version::Version;

downwards! {
    TCPRoute:
    V1Alpha1 v1alpha1::TCPRoute,
    V1Alpha2 v1alpha2::TCPRoute,
    V1Alpha3 v1alpha3::TCPRoute,
    V1Alpha4 v1alpha4::TCPRoute
}

downwards! { UDPRoute: V1Alpha4 v1alpha4::UDPRoute }

impl TCPRoute {
    /// Converts the route to the vocabulary of `version`.
    fn expressed_in(self, version: Version) -> Result<Self, Lossy> {
        if version == Version::V1Alpha4 {
            return Ok(self);
        }
        let matches = self.spec.as_ref().and_then(|spec| spec.matches.as_ref());
        let mut lost = Vec::new();
        if let Some(PortMatch { name, ports }) = matches {
            let path = FieldPath::from("spec.matches");
            if !name.is_empty() {
                lost.push(path.clone().field("name"));
            }
            if !ports.is_empty() {
                lost.push(path.field("ports"));
            }
        }
        Lossy::check("TCPRoute", version, lost)?;
        let spec = self.spec.filter(|_| version == Version::V1Alpha3);
        Ok(Self {
            spec: spec.map(|_| PortsSpec::default()),
            ..self
        })
    }
}

impl UDPRoute {
    /// Returns the route unchanged, because the kind has only one version.
    #[expect(clippy::unnecessary_wraps, reason = "the same method of other kinds can fail")]
    fn expressed_in(self, _: Version) -> Result<Self, Lossy> {
        Ok(self)
    }
}

macro_rules! group {
    ($($version:ident $module:ident, $hub:ident => $field:ident: $value:expr;)+) => {
        $(impl TryFrom<HTTPRouteGroup> for $module::HTTPRouteGroup {
            type Error = Lossy;

            fn try_from($hub: HTTPRouteGroup) -> Result<Self, Lossy> {
                $hub.check(Version::$version)?;
                Ok(Self { $field: $value, metadata: $hub.metadata })
            }
        })+
    };
}

group! {
    V1Alpha1 v1alpha1, hub => matches: hub.matches.unwrap_or_default();
    V1Alpha2 v1alpha2, hub => matches: hub.matches.unwrap_or_default();
    V1Alpha3 v1alpha3, hub => spec: hub.matches.map(|matches| HTTPRouteGroupSpec { matches });
    V1Alpha4 v1alpha4, hub => spec: hub.matches.map(|matches| HTTPRouteGroupSpec { matches });
}

impl HTTPRouteGroup {
    fn check(&self, version: Version) -> Result<(), Lossy> {
        let inexpressible = |headers: &Headers| {
            !headers.is_empty() && (version == Version::V1Alpha1 || serde_json::to_value(headers).is_err())
        };
        let matches = self.matches_path();
        let faulty = self
            .matches()
            .iter()
            .enumerate()
            .filter(|(_, matching)| inexpressible(&matching.headers));
        let lost = faulty.map(|(index, _)| matches.clone().index(index).field("headers"));
        Lossy::check("HTTPRouteGroup", version, lost.collect())
    }
}
