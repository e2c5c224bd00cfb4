//! `AuthorizationPolicy`: who may talk to the pods of one workload, or nobody to those of a namespace.

use serde::Serialize;
use smi_adapter::manifest::Native;
use smi_adapter::object::Kind;
use std::collections::BTreeMap;

/// A list that has an item: to Istio an empty one means everybody or everything, as an absent one does, and passes
/// its webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct Listed<T>(Vec<T>);

impl<T> Listed<T> {
    pub(crate) fn one(item: T) -> Self {
        Self(vec![item])
    }

    /// `None` if there is no item. Whoever calls it decides what that means; never that the list is left out.
    pub(crate) fn new(items: Vec<T>) -> Option<Self> {
        (!items.is_empty()).then_some(Self(items))
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

/// The spec of an `AuthorizationPolicy`, `security.istio.io/v1` (Istio 1.22 or later). The default allows nothing to
/// any pod of the namespace, and with it everything is denied that no other policy allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AuthorizationPolicy {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) allow: Option<Allow>,
}

impl Native for AuthorizationPolicy {
    const KIND: Kind = Kind::new(
        "security.istio.io",
        "v1",
        "AuthorizationPolicy",
        "authorizationpolicies",
    );
}

/// What is allowed to the pods that the labels select: at least one label, since none would select the namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Allow {
    pub(crate) selector: Selector,
    pub(crate) action: Action,
    pub(crate) rules: Listed<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selector {
    pub(crate) match_labels: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Action {
    #[serde(rename = "ALLOW")]
    Allow,
}

/// Any of `from`, and any of `to`, and all of `when`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Rule {
    /// Absent, it means everybody: for probes alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<[From; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Listed<To>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<Listed<Condition>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct From {
    pub(crate) source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    pub(crate) principals: Listed<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct To {
    pub(crate) operation: Operation,
}

/// All that is said must hold; Istio refuses one that says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Operation {
    /// Never absent for HTTP, since the rule would take other bytes as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) methods: Option<Listed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paths: Option<Listed<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ports: Option<Listed<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Condition {
    pub(crate) key: String,
    pub(crate) values: Listed<String>,
}

impl Rule {
    /// Its size as JSON, roughly and not below.
    pub(crate) fn size(&self) -> usize {
        let from = self.from.iter().flatten();
        let from: usize = from.map(|from| texts(&from.source.principals)).sum();
        let to: usize = self.to.iter().flat_map(Listed::iter).map(To::size).sum();
        let when = self.when.iter().flat_map(Listed::iter);
        let when: usize = when
            .map(|condition| condition.key.len() + texts(&condition.values) + 40)
            .sum();
        from + to + when + 120
    }
}

impl To {
    /// Its size as JSON, roughly and not below.
    pub(crate) fn size(&self) -> usize {
        let Operation { methods, paths, ports } = &self.operation;
        let lists = [methods, paths, ports];
        lists.into_iter().flatten().map(texts).sum::<usize>() + 80
    }
}

fn texts(list: &Listed<String>) -> usize {
    list.iter().map(|text| text.len() + 3).sum()
}
