//! The origins of the objects of a snapshot.

use super::Snapshot;
use super::id::Id;
use crate::diagnostic::Diagnostic;
use crate::object::{Kind, ObjectRef, Origin};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use smi_types::Version;

impl Snapshot {
    /// Returns the places that an object was read from: every document of a text that contains it, or the API server
    /// if the object has a UID. Diagnostics of the object have them, too.
    #[must_use]
    pub fn origins(&self, object: &ObjectRef) -> Vec<Origin> {
        match self.origins.get(&Id::of(object)) {
            Some(origins) => origins.clone(),
            None => self.read_from_cluster(object).into_iter().collect(),
        }
    }

    /// Adds the origins of their objects to diagnostics.
    pub(crate) fn locate<'d>(&self, diagnostics: impl IntoIterator<Item = &'d mut Diagnostic>) {
        for diagnostic in diagnostics {
            diagnostic.origins = self.origins(&diagnostic.object);
        }
    }

    fn read_from_cluster(&self, object: &ObjectRef) -> Option<Origin> {
        let key = &object.key;
        let smi = |version: &Version, metadata| (Some(version.as_str()), metadata);
        let (version, metadata): (_, &ObjectMeta) = match object.kind {
            Kind::TrafficSplit => self.splits.get(key).map(|it| smi(&it.version, &it.metadata))?,
            Kind::HttpRouteGroup => self.groups.get(key).map(|it| smi(&it.version, &it.metadata))?,
            Kind::TcpRoute => self.tcp_routes.get(key).map(|it| smi(&it.version, &it.metadata))?,
            Kind::UdpRoute => self.udp_routes.get(key).map(|it| smi(&it.version, &it.metadata))?,
            Kind::TrafficTarget => self.targets.get(key).map(|it| smi(&it.version, &it.metadata))?,
            Kind::IdentityBinding => self.bindings.get(key).map(|it| smi(&it.version, &it.metadata))?,
            Kind::Service => (None, &self.services.get(key)?.metadata),
            Kind::Namespace => (None, &self.namespaces.get(key)?.metadata),
            _ => return None,
        };
        Some(Origin::Cluster {
            api_version: match version {
                Some(version) => format!("{}/{version}", object.kind.group()),
                None => object.kind.api_version(),
            },
            uid: metadata.uid.clone()?,
            resource_version: metadata.resource_version.clone(),
        })
    }
}
