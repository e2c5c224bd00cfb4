//! The laws of the conformance kit, for Linkerd. `SMI_CASES` raises the number of worlds.

use smi_adapter::manifest::NativeObject;
use smi_adapter_linkerd::interpret::LinkerdMesh;

/// What the CRDs and Linkerd's admission refuse.
fn limits(object: &NativeObject) -> Result<(), String> {
    LinkerdMesh::refusal(object).map_or(Ok(()), Err)
}

mod routes {
    use crate::limits;
    use smi_adapter::conformance::Cases;
    use smi_adapter_linkerd::Linkerd;
    use smi_adapter_linkerd::interpret::LinkerdMesh;

    smi_adapter::conformance_tests!(
        Linkerd::default(),
        LinkerdMesh::default(),
        Cases::new(1000).or_env(),
        limits
    );
}

mod tcp_routes {
    use crate::limits;
    use smi_adapter::conformance::Cases;
    use smi_adapter_linkerd::Linkerd;
    use smi_adapter_linkerd::interpret::LinkerdMesh;

    fn adapter() -> Linkerd {
        let mut linkerd = Linkerd::default();
        linkerd.tcp_routes = true;
        linkerd
    }

    smi_adapter::conformance_tests!(adapter(), LinkerdMesh::default(), Cases::new(200).or_env(), limits);
}

mod profiles {
    use crate::limits;
    use smi_adapter::conformance::Cases;
    use smi_adapter_linkerd::interpret::LinkerdMesh;
    use smi_adapter_linkerd::{Linkerd, SplitMode};

    fn adapter() -> Linkerd {
        let mut linkerd = Linkerd::default();
        linkerd.split_mode = SplitMode::ServiceProfile;
        linkerd
    }

    smi_adapter::conformance_tests!(adapter(), LinkerdMesh::default(), Cases::new(300).or_env(), limits);
}
