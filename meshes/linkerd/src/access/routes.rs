//! Which routes are in force for a Server.

use super::super::attach::by_age;
use super::super::fields::{Fields, Read, unmodelled};
use super::super::route::{Api, Rank, Route, kind_of};
use super::target::{LINKERD, Target};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_conformance::NotModelled;

/// Routes in force, in the order in which the proxy gets them, each with what policies for it target.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub(super) http: Vec<(Target, Route)>,
    pub(super) grpc: Vec<(Target, Route)>,
}

/// How a route names a Server.
#[derive(Debug, PartialEq, Eq)]
enum Parent {
    /// It does not.
    No,
    /// In a way that Linkerd takes.
    Yes,
    /// It names it, or another Server, with a port or a section or in another namespace. Then all of the
    /// route does not count.
    Spoiled,
}

/// The routes in force for `server`.
pub(super) fn attached(objects: &[NativeObject], server: &ObjectKey) -> Result<Attached, NotModelled> {
    let mut attached = Attached::default();
    for object in objects {
        let Some(kind @ (api, rank @ (Rank::Http | Rank::Grpc), _)) = kind_of(object) else {
            continue;
        };
        match super::existing(object, Parent::of(object, api, server))? {
            None | Some(Parent::No) => continue,
            Some(Parent::Spoiled) if rank == Rank::Http => continue,
            Some(Parent::Spoiled) => {
                let what = "whether a GRPCRoute that does not count takes the acceptance of others";
                return Err(NotModelled(format!("{what} ({})", object.reference())));
            }
            Some(Parent::Yes) => {}
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
        // HTTP routes lose to gRPC routes. The index looks for an accepted parent by its name.
        let named_alike = |route: &Route| route.parents.iter().any(|parent| parent.service.name == server.name);
        if attached.http.iter().any(|(_, route)| named_alike(route)) {
            return Err(NotModelled(format!(
                "a parent of the name of {server} beside one that loses"
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
            return Ok(Self::No);
        };
        let only = serde_json::json!({ "parentRefs": parents });
        let spec = Fields::of(&only, "spec", &["parentRefs"])?;
        let default = match api {
            Api::Linkerd => LINKERD,
            Api::Gateway => "gateway.networking.k8s.io",
        };
        let (mut named, mut spoiled) = (0, false);
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
            spoiled |= namespace != own || fields.port()?.is_some() || fields.value("sectionName").is_some();
        }
        match (named, spoiled) {
            (0, _) => Ok(Self::No),
            (_, true) => Ok(Self::Spoiled),
            (2.., _) if api == Api::Gateway => unmodelled("a parent twice, which Gateway API takes under conditions"),
            (_, false) => Ok(Self::Yes),
        }
    }
}

#[cfg(test)]
mod tests;
