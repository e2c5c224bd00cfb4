//! Review of foreign objects that bring traffic into the cluster.
//!
//! The proxy of an ingress controller routes by the address that the controller calls. Most controllers call the pods of
//! a service, so their traffic is not split. Linkerd documents two remedies: the controller calls the address of the
//! service, or its proxy runs in ingress mode and follows a header.

use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::ingress;
use smi_adapter::manifest::{Manifest, NativeObject};

/// The annotation with which ingress-nginx calls the address of the service.
const SERVICE_UPSTREAM: &str = "nginx.ingress.kubernetes.io/service-upstream";
/// The header that names the service, for a proxy in ingress mode.
const OVERRIDE: &str = "l5d-dst-override";

const WAY: &str = "to split it, add the ingress controller to the mesh and let it call the service instead of its pods: for ingress-nginx annotate the Ingress with `nginx.ingress.kubernetes.io/service-upstream: \"true\"`, for others annotate the pods of the controller with `linkerd.io/inject: ingress` and let it set the header `l5d-dst-override` to `<service>.<namespace>.svc.<cluster domain>:<port>`";

pub(super) fn review(desired: &[&Manifest], foreign: &[&NativeObject]) -> Vec<Diagnostic> {
    let bypassing = foreign.iter().copied().filter(|object| !calls_the_service(object));
    ingress::review(desired, bypassing, WAY)
}

/// Returns `true` if annotations of an object make its controller call the service. It is not known whether the
/// controller is in the mesh.
fn calls_the_service(object: &NativeObject) -> bool {
    let annotations = object.metadata.annotations.iter().flatten();
    object.annotation(SERVICE_UPSTREAM) == Some("true")
        || annotations.into_iter().any(|(_, value)| value.contains(OVERRIDE))
}
