//! The gateways to which splits may extend themselves.

use crate::native::HttpMatchRequest;
use crate::{GATEWAYS_ANNOTATION, Istio};
use smi_adapter::adapter::Translation;
use smi_adapter::diagnostic::{Code, Diagnostic};
use smi_adapter::model::route::ServiceRoute;
use smi_adapter::object::ObjectRef;
use std::collections::BTreeSet;

/// What Istio calls the sidecars, where gateways are listed.
const MESH: &str = "mesh";

/// Gateways beside the mesh.
#[derive(Debug, Default)]
pub(super) struct Gateways {
    names: BTreeSet<String>,
    mesh_is_named: bool,
}

/// The gateways that the splits name and the settings allow; others are reported and left out.
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
                "`{annotation}` is no JSON list of gateways; the split acts in the mesh only"
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
                    "no setting allows gateway `{full}`; the split is in force without it"
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

    /// What a spec lists: the mesh, which a list would leave out, and these. Nothing means the mesh.
    pub(super) fn of_the_spec(&self) -> Vec<String> {
        let mesh = self.mesh_only().into_iter();
        mesh.chain(self.names()).collect()
    }

    /// What a spec for a foreign host lists: these, and the mesh only where it is named.
    pub(super) fn alone(&self) -> Vec<String> {
        if self.mesh_is_named {
            self.of_the_spec()
        } else {
            self.names()
        }
    }

    /// What keeps a match to the mesh.
    pub(super) fn mesh_only(&self) -> Vec<String> {
        if self.is_empty() {
            Vec::new()
        } else {
            vec![MESH.to_owned()]
        }
    }

    /// Where routes apply: on a port of the root in the mesh, and on whatever port the gateways have.
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
