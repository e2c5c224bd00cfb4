//! Host names: expansion of short names, and wildcards.

use super::Mesh;
use super::registry::Entry;

/// Returns the fully qualified name of a host that an object in `namespace` names. Only names without a dot are
/// expanded.
pub(super) fn qualified(host: &str, namespace: &str, domain: &str) -> String {
    if host.contains(['.', '*']) || host.is_empty() {
        host.to_owned()
    } else {
        format!("{host}.{namespace}.svc.{domain}")
    }
}

/// Returns `true` if `pattern`, which is a host or a `*` with a suffix, covers `host`.
pub(super) fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.ends_with(suffix),
        None => pattern == host,
    }
}

/// Returns the domains of a service in a client's sidecar: its full and short names, those of the ExternalName services
/// that lead to it, and its addresses. A headless service also has the names of its pods.
pub(super) fn domains(mesh: &Mesh<'_>, entry: &Entry<'_>) -> Vec<String> {
    let named = std::iter::once(entry).chain(mesh.registry.aliases_of(entry));
    let mut domains: Vec<String> = named.flat_map(|entry| names(mesh, entry)).collect();
    if entry.is_headless() {
        let pods: Vec<_> = domains.iter().map(|domain| format!("*.{domain}")).collect();
        domains.extend(pods);
    }
    domains.extend(entry.addresses().map(str::to_owned));
    domains
}

fn names(mesh: &Mesh<'_>, entry: &Entry<'_>) -> Vec<String> {
    let key = entry.key;
    let mut names = vec![
        entry.host.clone(),
        format!("{}.{}", key.name, key.namespace),
        format!("{}.{}.svc", key.name, key.namespace),
    ];
    if mesh.client == Some(key.namespace.as_str()) {
        names.push(key.name.to_string());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_a_dot_are_expanded() {
        assert_eq!(qualified("web", "d", "x.y"), "web.d.svc.x.y");
        for host in ["web.d", "*", "*.d.svc.x.y", ""] {
            assert_eq!(qualified(host, "d", "x.y"), host);
        }
    }

    #[test]
    fn a_wildcard_covers_hosts_with_its_suffix() {
        assert!(covers("*.d.svc", "web.d.svc"));
        assert!(!covers("*.d.svc", "d.svc"));
        assert!(!covers("web.d.svc", "web.d"));
        assert!(covers("web.d", "web.d"));
    }
}
