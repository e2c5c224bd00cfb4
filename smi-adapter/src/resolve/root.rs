//! Roots: the service or host whose traffic a split takes.

use crate::model::route::Root;
use crate::object::{ObjectKey, is_dns_label};

/// What `spec.service` says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ParsedRoot {
    /// A service of the split's own namespace, there or not.
    Service(ObjectKey),
    /// A host outside the cluster's domain.
    External(Root),
    /// A service of another namespace, by a form without the cluster's domain: a violation.
    OtherNamespace,
    /// Any other name below the cluster's domain.
    UnderDomain,
    /// Neither a service name nor a host: a violation.
    Invalid,
}

impl ParsedRoot {
    /// Reads the forms of T3: `name`, `name.ns`, `name.ns.svc` and `name.ns.svc.<cluster domain>`.
    pub(crate) fn new(service: &str, namespace: &str, cluster_domain: &str) -> Self {
        let labels: Vec<&str> = service.split('.').collect();
        if service.len() > 253 || !labels.iter().all(|label| is_dns_label(label)) {
            return Self::Invalid;
        }
        let own = |name| Self::Service(ObjectKey::new(namespace, name));
        match labels[..] {
            [name] => return own(name),
            // Even where a cluster domain of one label ends it.
            [name, other] | [name, other, "svc"] if other == namespace => return own(name),
            [_, _] | [_, _, "svc"] => return Self::OtherNamespace,
            _ => {}
        }
        let in_cluster = service
            .strip_suffix(cluster_domain)
            .and_then(|rest| rest.strip_suffix('.'));
        let Some(in_cluster) = in_cluster else {
            return Self::External(Root::External {
                namespace: namespace.into(),
                host: service.into(),
            });
        };
        match in_cluster.split('.').collect::<Vec<_>>()[..] {
            [name, other, "svc"] if other == namespace => own(name),
            _ => Self::UnderDomain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_domain_of_one_label_hides_no_form() {
        // T3: two labels are always a name and a namespace.
        for (service, domain) in [("web.shop", "shop"), ("web.shop.svc", "svc")] {
            let web = ParsedRoot::Service(ObjectKey::new("shop", "web"));
            assert_eq!(ParsedRoot::new(service, "shop", domain), web, "{service} {domain}");
        }
    }

    #[test]
    fn the_forms_of_a_root() {
        // T3
        let read = |service| ParsedRoot::new(service, "shop", "cluster.local");
        let web = ParsedRoot::Service(ObjectKey::new("shop", "web"));
        for service in ["web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local"] {
            assert_eq!(read(service), web, "{service}");
        }
        for service in ["web.other", "web.other.svc"] {
            assert_eq!(read(service), ParsedRoot::OtherNamespace, "{service}");
        }
        for service in [
            "web.other.svc.cluster.local",
            "web.cluster.local",
            "a.web.shop.svc.cluster.local",
            "web.shop.pod.cluster.local",
        ] {
            assert_eq!(read(service), ParsedRoot::UnderDomain, "{service}");
        }
        for service in [
            "shop.example.com",
            "web.shop.svc.example.org",
            "a.web.shop.svc",
            "x.web.shop",
        ] {
            assert!(matches!(read(service), ParsedRoot::External(_)), "{service}");
        }
        for service in [
            "",
            ".shop",
            "web.shop.svc.cluster.local.",
            "a.b.c.*",
            "*.example.com.x",
            "A.b.c",
            "not a name",
            "Web.other",
        ] {
            assert_eq!(read(service), ParsedRoot::Invalid, "{service}");
        }
    }
}
