//! Gateways that splits select with an annotation.

use crate::native::HttpMatchRequest;
use crate::{GATEWAYS_ANNOTATION, Istio};
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::model::route::ServiceRoute;
use smi_adapter::object::ObjectRef;
use std::collections::BTreeSet;

/// Istio's name for the sidecars in a list of gateways.
pub(crate) const MESH: &str = "mesh";

/// Gateways to which a split applies in addition to the mesh.
#[derive(Debug, Default)]
pub(super) struct Gateways {
    names: BTreeSet<String>,
    mesh_is_named: bool,
}

/// Returns the gateways that the splits select and the settings allow. Reports the others.
pub(super) fn allowed(istio: &Istio, route: &ServiceRoute, translation: &mut Translation) -> Gateways {
    let mut gateways = Gateways::default();
    for split in route.splits() {
        let Some(annotation) = split.annotations().get(GATEWAYS_ANNOTATION) else {
            continue;
        };
        let mut ignore = |message: String| {
            let object = ObjectRef::split(split.key().clone());
            let field = "metadata.annotations".into();
            translation.report(Diagnostic::new(Code::NotAllowed, object, field, message));
        };
        let Ok(names) = serde_json::from_str::<Vec<String>>(annotation) else {
            ignore(format!(
                "`{annotation}` is not a JSON list of gateways, so it is ignored; the split applies to the mesh only"
            ));
            continue;
        };
        for name in names {
            let full = if name.contains('/') {
                name.clone()
            } else {
                format!("{}/{name}", split.key().namespace)
            };
            if name == MESH {
                gateways.mesh_is_named = true;
            } else if istio.gateways.contains(&full) {
                gateways.names.insert(full);
            } else {
                ignore(format!(
                    "gateway `{full}` is not allowed, because the adapter's `gateways` does not list it; the split is in force without it"
                ));
            }
        }
    }
    gateways
}

impl Gateways {
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    fn names(&self) -> Vec<String> {
        self.names.iter().cloned().collect()
    }

    /// Returns the gateways of the spec for a service: the mesh and the selected ones. An empty list stands for the
    /// mesh, which any other list has to name.
    pub(super) fn for_service(&self) -> Vec<String> {
        let mesh = self.mesh_only().into_iter();
        mesh.chain(self.names()).collect()
    }

    /// Returns the gateways of the spec for an external host: the selected ones, and the mesh only if it is selected.
    pub(super) fn for_external_host(&self) -> Vec<String> {
        if self.mesh_is_named {
            self.for_service()
        } else {
            self.names()
        }
    }

    /// Returns the gateways that limit a match to the mesh.
    pub(super) fn mesh_only(&self) -> Vec<String> {
        if self.is_empty() {
            Vec::new()
        } else {
            vec![MESH.to_owned()]
        }
    }

    /// Returns the scopes of a route: a port of the root in the mesh, and all ports of the gateways.
    pub(super) fn scopes(&self, port: Option<u16>) -> Vec<HttpMatchRequest> {
        let mesh = HttpMatchRequest {
            port,
            gateways: self.mesh_only(),
            ..HttpMatchRequest::default()
        };
        let gateways = HttpMatchRequest {
            gateways: self.names(),
            ..HttpMatchRequest::default()
        };
        if self.is_empty() {
            vec![mesh]
        } else {
            vec![mesh, gateways]
        }
    }
}
