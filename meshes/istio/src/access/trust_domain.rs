//! Trust domains: expansion of the principals of policies.

use super::{IstioMesh, not_modelled};
use smi_conformance::NotModelledError;

/// The trust domain that is an alias for the mesh's own.
const OWN: &str = "cluster.local";

/// Returns the trust domain of the mesh, followed by its aliases.
pub(super) fn all(mesh: &IstioMesh) -> impl Iterator<Item = &str> {
    let aliases = mesh.trust_domain_aliases.iter().map(String::as_str);
    std::iter::once(mesh.trust_domain.as_str()).chain(aliases)
}

/// Returns the principals that istiod generates for `value`: one for each trust domain of the mesh, if `value` has the
/// five segments of an identity and names one of these trust domains or [`OWN`]. Other principals are unchanged.
pub(super) fn expand(mesh: &IstioMesh, value: &str) -> Result<Vec<String>, NotModelledError> {
    let unchanged = vec![value.to_owned()];
    if value.split('/').count() != 5 {
        return Ok(unchanged);
    }
    let Some((domain, path)) = value.split_once('/') else {
        return Ok(unchanged);
    };
    if domain == "*" {
        return Ok(unchanged);
    }
    if domain.contains('*') || all(mesh).any(|own| own.contains('*')) {
        return not_modelled(format!("the principal `{value}` with a pattern for its trust domain"));
    }
    if domain != OWN && !all(mesh).any(|own| own == domain) {
        return Ok(unchanged);
    }
    Ok(all(mesh).map(|own| format!("{own}/{path}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_own_names_to_every_alias() {
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
