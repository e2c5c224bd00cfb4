//! Roots: the service or host whose traffic a split takes.

use crate::model::route::Root;
use crate::object::{ObjectKey, is_dns_label};

/// The root that `spec.service` names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ParsedRoot {
    /// A service of the split's own namespace. It may not exist.
    Service(ObjectKey),
    /// A host outside the cluster's domain.
    External(Root),
    /// A service of another namespace, in a form without the cluster's domain. It is a violation.
    OtherNamespace,
    /// Any other name under the cluster's domain.
    UnderDomain,
    /// Neither a service name nor a host. It is a violation.
    Invalid,
}

impl ParsedRoot {
    /// Parses the forms of T3: `name`, `name.ns`, `name.ns.svc` and `name.ns.svc.<cluster domain>`.
    pub(crate) fn new(service: &str, namespace: &str, cluster_domain: &str) -> Self {
        let own = |name| Self::Service(ObjectKey::new(namespace, name));
        if is_dns_label(service) {
            return own(service);
        }
        let labels: Vec<&str> = service.split('.').collect();
        if service.len() > 253 || !labels.iter().all(|label| is_dns_label(label)) {
            return Self::Invalid;
        }
        match labels[..] {
            // This holds even if the name ends with a cluster domain of one label.
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
    fn a_cluster_domain_of_one_label_does_not_hide_other_forms() {
        // T3: two labels are always a name and a namespace.
        for (service, domain) in [("web.shop", "shop"), ("web.shop.svc", "svc")] {
            let web = ParsedRoot::Service(ObjectKey::new("shop", "web"));
            assert_eq!(ParsedRoot::new(service, "shop", domain), web, "{service} {domain}");
        }
    }

    #[test]
    fn parses_every_form_of_a_root() {
        // T3
        let parse = |service| ParsedRoot::new(service, "shop", "cluster.local");
        let web = ParsedRoot::Service(ObjectKey::new("shop", "web"));
        for service in ["web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local"] {
            assert_eq!(parse(service), web, "{service}");
        }
        for service in ["web.other", "web.other.svc"] {
            assert_eq!(parse(service), ParsedRoot::OtherNamespace, "{service}");
        }
        for service in [
            "web.other.svc.cluster.local",
            "web.cluster.local",
            "a.web.shop.svc.cluster.local",
            "web.shop.pod.cluster.local",
        ] {
            assert_eq!(parse(service), ParsedRoot::UnderDomain, "{service}");
        }
        for service in [
            "shop.example.com",
            "web.shop.svc.example.org",
            "a.web.shop.svc",
            "x.web.shop",
        ] {
            assert!(matches!(parse(service), ParsedRoot::External(_)), "{service}");
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
            assert_eq!(parse(service), ParsedRoot::Invalid, "{service}");
        }
    }
}
