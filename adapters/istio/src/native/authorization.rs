//! `AuthorizationPolicy`: allows requests to the pods of one workload, or denies all requests in a namespace.

use serde::{Serialize, Serializer};
use smi_adapter::manifest::Native;
use smi_adapter::object::Kind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A list with at least one item. Istio's webhook accepts empty lists, and Istio treats them like absent ones, as
/// matching everything. Copies share the items.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NonEmpty<T>(Arc<[T]>);

impl<T> NonEmpty<T> {
    pub(crate) fn one(item: T) -> Self {
        Self(Arc::new([item]))
    }

    /// Returns `None` if there are no items. The caller decides what that means, and must never leave out the list.
    pub(crate) fn new(items: Vec<T>) -> Option<Self> {
        (!items.is_empty()).then(|| Self(items.into()))
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<T> Clone for NonEmpty<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Serialize> Serialize for NonEmpty<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The spec of an `AuthorizationPolicy`, `security.istio.io/v1` (Istio 1.22 or later).
///
/// The default selects every pod of the namespace and allows nothing. It denies everything that no other policy
/// allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AuthorizationPolicy<'a> {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) allow: Option<Allow<'a>>,
}

impl Native for AuthorizationPolicy<'_> {
    const KIND: Kind = Kind::new(&[
        "security.istio.io",
        "v1",
        "AuthorizationPolicy",
        "authorizationpolicies",
    ]);
}

/// The fields of a policy that allows requests to selected pods. There is at least one label, because a selector
/// without labels would select the whole namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Allow<'a> {
    pub(crate) selector: Selector<'a>,
    pub(crate) action: Action,
    pub(crate) rules: NonEmpty<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selector<'a> {
    pub(crate) match_labels: &'a BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Action {
    #[serde(rename = "ALLOW")]
    Allow,
}

/// A rule. It requires any of `from`, any of `to`, and all of `when`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Rule {
    /// The sources. It is absent, which matches all sources, only in rules for the kubelet's probes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<[From; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<NonEmpty<To>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<NonEmpty<Condition>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct From {
    pub(crate) source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Source {
    pub(crate) principals: NonEmpty<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct To {
    pub(crate) operation: Operation,
}

/// A conjunction: a request has to match every field that is set. Istio rejects an operation without fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Operation {
    /// The HTTP methods. It is always set in rules for HTTP, because the rule would otherwise allow all TCP traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) methods: Option<NonEmpty<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paths: Option<NonEmpty<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ports: Option<NonEmpty<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Condition {
    pub(crate) key: String,
    pub(crate) values: NonEmpty<String>,
}

impl Rule {
    /// Returns an upper estimate of the size as JSON, in bytes.
    pub(crate) fn size(&self) -> usize {
        let sources = self.from.iter().flatten();
        let from: usize = sources.map(|from| texts(&from.source.principals)).sum();
        let to: usize = self.to.iter().flat_map(NonEmpty::iter).map(To::size).sum();
        let conditions = self.when.iter().flat_map(NonEmpty::iter);
        let when: usize = conditions
            .map(|condition| condition.key.len() + texts(&condition.values) + 40)
            .sum();
        from + to + when + 120
    }
}

impl To {
    /// Returns an upper estimate of the size as JSON, in bytes.
    pub(crate) fn size(&self) -> usize {
        let Operation { methods, paths, ports } = &self.operation;
        let lists = [methods, paths, ports];
        lists.into_iter().flatten().map(texts).sum::<usize>() + 80
    }
}

fn texts(list: &NonEmpty<String>) -> usize {
    list.iter().map(|text| text.len() + 3).sum()
}
