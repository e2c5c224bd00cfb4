//! Trust domains: which names a principal of a policy stands for.

use super::{IstioMesh, not_modelled};
use smi_conformance::NotModelled;

/// The trust domain that stands for the mesh's own, whatever that is.
const OWN: &str = "cluster.local";

/// The trust domain of the mesh and its aliases.
pub(super) fn all(mesh: &IstioMesh) -> impl Iterator<Item = &str> {
    let aliases = mesh.trust_domain_aliases.iter().map(String::as_str);
    std::iter::once(mesh.trust_domain.as_str()).chain(aliases)
}

/// The principals that istiod writes for `value`: one for each trust domain of the mesh, if it names one of
/// them or [`OWN`], and has the five segments of a name. Others are written as they are.
pub(super) fn expand(mesh: &IstioMesh, value: &str) -> Result<Vec<String>, NotModelled> {
    let as_is = vec![value.to_owned()];
    if value.split('/').count() != 5 {
        return Ok(as_is);
    }
    let Some((domain, path)) = value.split_once('/') else {
        return Ok(as_is);
    };
    if domain == "*" {
        return Ok(as_is);
    }
    if domain.contains('*') || all(mesh).any(|own| own.contains('*')) {
        return not_modelled(format!("the principal `{value}` with a pattern for its trust domain"));
    }
    if domain != OWN && !all(mesh).any(|own| own == domain) {
        return Ok(as_is);
    }
    Ok(all(mesh).map(|own| format!("{own}/{path}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_names_stand_for_those_of_every_alias() {
        let mesh = IstioMesh {
            trust_domain: "td".into(),
            trust_domain_aliases: vec!["old".into()],
            ..IstioMesh::default()
        };
        let both = ["td/ns/c/sa/web", "old/ns/c/sa/web"];
        for value in ["td/ns/c/sa/web", "old/ns/c/sa/web", "cluster.local/ns/c/sa/web"] {
            assert_eq!(expand(&mesh, value).unwrap(), both, "{value}");
        }
        for value in [
            "x/ns/c/sa/web",
            "*/ns/c/sa/web",
            "td/ns/c/*",
            "cluster.local/a/b",
            "*",
            "td/ns/c/sa/web/x",
        ] {
            assert_eq!(expand(&mesh, value).unwrap(), [value], "{value}");
        }
        assert_eq!(
            expand(&mesh, "td/ns/c/sa/*").unwrap(),
            ["td/ns/c/sa/*", "old/ns/c/sa/*"]
        );
        assert!(expand(&mesh, "*d/ns/c/sa/web").is_err());
    }
}
