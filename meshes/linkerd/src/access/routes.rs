//! Routes in force for a Server.

use super::super::attach::by_age;
use super::super::fields::{Fields, Read, unmodelled};
use super::super::route::{Api, Rank, Route, kind_of};
use super::target::{LINKERD, Target};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_conformance::NotModelledError;

/// Routes in force, in the order in which the proxy receives them. Each has the target that policies for it have.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub(super) http: Vec<(Target, Route)>,
    pub(super) grpc: Vec<(Target, Route)>,
}

/// The relation of a route to a Server.
#[derive(Debug, PartialEq, Eq)]
enum Parent {
    /// The route does not refer to the Server.
    Absent,
    /// The route refers to the Server in a way that Linkerd accepts.
    Valid,
    /// The route refers to the Server, and to this or another Server with a port, a section or another namespace. Then
    /// the whole route has no effect.
    Invalid,
}

/// Returns the routes in force for `server`.
pub(super) fn attached(objects: &[NativeObject], server: &ObjectKey) -> Result<Attached, NotModelledError> {
    let mut attached = Attached::default();
    for object in objects {
        let Some(kind @ (api, rank @ (Rank::Http | Rank::Grpc), _)) = kind_of(object) else {
            continue;
        };
        match super::existing(object, Parent::of(object, api, server))? {
            None | Some(Parent::Absent) => continue,
            Some(Parent::Invalid) if rank == Rank::Http => continue,
            Some(Parent::Invalid) => {
                let what = "the effect of a GRPCRoute with an invalid parent on the acceptance of others";
                return Err(NotModelledError(format!("{what} ({})", object.reference())));
            }
            Some(Parent::Valid) => {}
        }
        let Some(route) = super::existing(object, Route::read(object, kind))? else {
            continue;
        };
        let list = if rank == Rank::Http {
            &mut attached.http
        } else {
            &mut attached.grpc
        };
        list.push((Target::route(object), route));
    }
    if !attached.grpc.is_empty() {
        // HTTP routes are not accepted next to gRPC routes. The index looks up an accepted parent by its name.
        let has_same_name = |route: &Route| route.parents.iter().any(|parent| parent.service.name == server.name);
        if attached.http.iter().any(|(_, route)| has_same_name(route)) {
            return Err(NotModelledError(format!(
                "a parent with the name of {server}, next to one that is not accepted"
            )));
        }
        attached.http.clear();
    }
    for routes in [&mut attached.http, &mut attached.grpc] {
        routes.sort_by(|(_, a), (_, b)| by_age(a, b));
    }
    Ok(attached)
}

impl Parent {
    fn of(object: &NativeObject, api: Api, server: &ObjectKey) -> Read<Self> {
        let own = object.key().namespace;
        let Some(parents) = object.spec.get("parentRefs") else {
            return Ok(Self::Absent);
        };
        let only = serde_json::json!({ "parentRefs": parents });
        let spec = Fields::of(&only, "spec", &["parentRefs"])?;
        let default = match api {
            Api::Linkerd => LINKERD,
            Api::Gateway => "gateway.networking.k8s.io",
        };
        let (mut named, mut invalid) = (0, false);
        for parent in spec.list("parentRefs", 32)?.unwrap_or_default() {
            let known = ["group", "kind", "name", "namespace", "port", "sectionName"];
            let fields = Fields::of(parent, "parentRef", &known)?;
            let group = fields.text("group", 0..=253)?.unwrap_or(default);
            if group != LINKERD || fields.text("kind", 1..=63)? != Some("Server") {
                continue;
            }
            let namespace = fields.text("namespace", 1..=63)?.unwrap_or(&own);
            let name = fields.required("name", 1..=253)?;
            named += usize::from(namespace == server.namespace && name == server.name);
            invalid |= namespace != own || fields.port()?.is_some() || fields.value("sectionName").is_some();
        }
        match (named, invalid) {
            (0, _) => Ok(Self::Absent),
            (_, true) => Ok(Self::Invalid),
            (2.., _) if api == Api::Gateway => {
                unmodelled("a repeated parent, which Gateway API accepts under conditions")
            }
            (_, false) => Ok(Self::Valid),
        }
    }
}

#[cfg(test)]
mod tests;
