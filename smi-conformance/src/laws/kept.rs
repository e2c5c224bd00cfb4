//! Kept cases under a law, and the smallest part of one in which the law does not hold.

use super::run::{PATIENCE, PLAIN, attempt};
use super::{Asks, Definition, Fault, Subject, Tally};
use crate::edits::is;
use crate::world::real::{address, sendable};
use crate::world::reduce::{Sent, requests};
use crate::{Case, cases};
use serde_json::Value;
use smi_adapter::object::DEFAULT_NAMESPACE;
use std::time::Instant;

/// The fields that identify the object of a document, or only contain the other fields.
const LASTING: [&str; 6] = ["apiVersion", "kind", "metadata", "name", "namespace", "spec"];

/// Returns the kept cases that have queries of the type that the law asks.
pub(super) fn cases(law: &Definition) -> impl Iterator<Item = Case> {
    cases::kept().filter_map(|mut case| {
        case.law = Some(law.name);
        case.documents.iter_mut().for_each(in_a_namespace);
        let mut dice = case.dice();
        for query in &mut case.routing_queries {
            address(query, &case.settings.cluster_domain, &mut dice);
        }
        let asks = match law.asks {
            Asks::Nothing => true,
            Asks::Routing => !case.routing_queries.is_empty(),
            Asks::Access => !case.access_queries.is_empty(),
        };
        asks.then_some(case)
    })
}

/// Adds the default namespace to a document without one, since laws look up objects by namespace and name (I2).
fn in_a_namespace(document: &mut Value) {
    if !is(document, "Namespace")
        && let Some(metadata) = document.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.entry("namespace").or_insert_with(|| DEFAULT_NAMESPACE.into());
    }
}

/// Returns the smallest part of a kept case that is found in time and in which the law does not hold.
pub(super) fn smallest(
    law: &Definition,
    subject: &Subject<'_>,
    mut case: Case,
    mut fault: Box<Fault>,
) -> (Case, Box<Fault>) {
    let until = Instant::now() + PATIENCE;
    // A different failure, such as that of an implementation on an object that no API server accepts, is misleading.
    let is_about_traffic = fault.sent.is_some();
    let fails = |case: &Case| {
        let in_time = Instant::now() < until;
        let tried = || attempt(law, subject, case, &mut Tally::default()).err();
        let fault = in_time.then(tried).flatten();
        fault.filter(|fault| fault.sent.is_some() == is_about_traffic)
    };
    let alone = asked_alone(&case, fault.sent.clone());
    if let Some(again) = fails(&alone) {
        (case, fault) = (alone, again);
    }
    loop {
        let next = smaller(&case).find_map(|case| Some((fails(&case)?, case)));
        let Some(next) = next else { return (case, fault) };
        (fault, case) = next;
    }
}

/// Returns the case with no queries except the one that shows the failure.
fn asked_alone(case: &Case, sent: Option<Sent>) -> Case {
    let (routing_queries, access_queries) = match sent {
        Some(Sent::RoutingQuery(query)) => (vec![query], Vec::new()),
        Some(Sent::AccessQuery(query)) => (Vec::new(), vec![query]),
        None => return case.clone(),
    };
    Case {
        routing_queries,
        access_queries,
        ..case.clone()
    }
}

/// Returns the cases that lack one thing: a query, an object, a part of one, a choice of the operator, or a part of the
/// only query.
fn smaller(case: &Case) -> impl Iterator<Item = Case> {
    let queries = (0..case.routing_queries.len()).map(|place| {
        let mut fewer = case.clone();
        fewer.routing_queries.remove(place);
        fewer
    });
    let access_queries = (0..case.access_queries.len()).map(|place| {
        let mut fewer = case.clone();
        fewer.access_queries.remove(place);
        fewer
    });
    let lists = without_one(&Value::Array(case.documents.clone())).into_iter();
    let documents = lists.filter_map(|documents| match documents {
        Value::Array(documents) => Some(Case {
            documents,
            ..case.clone()
        }),
        _ => None,
    });
    let settings = PLAIN.into_iter().filter_map(|plain| {
        let mut plainer = case.clone();
        plain(&mut plainer.settings);
        (plainer.settings != case.settings).then_some(plainer)
    });
    let shorter = match (&*case.routing_queries, &*case.access_queries) {
        ([query], []) => requests(&Sent::RoutingQuery(query.clone())),
        ([], [query]) => requests(&Sent::AccessQuery(query.clone())),
        _ => Vec::new(),
    };
    let sent = shorter
        .into_iter()
        .filter(|sent| sendable(sent.traffic()))
        .map(|sent| asked_alone(case, Some(sent)));
    queries
        .chain(access_queries)
        .chain(documents)
        .chain(settings)
        .chain(sent)
}

/// Returns the values that lack one element of a list or one field, at any depth.
fn without_one(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Array(items) => {
            for place in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(place);
                all.push(Value::Array(fewer));
            }
            for (place, item) in items.iter().enumerate() {
                all.extend(without_one(item).into_iter().map(|smaller| {
                    let mut items = items.clone();
                    items.splice(place..=place, [smaller]);
                    Value::Array(items)
                }));
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if !LASTING.contains(&&**name) {
                    let mut fewer = fields.clone();
                    fewer.remove(name);
                    all.push(Value::Object(fewer));
                }
                all.extend(without_one(field).into_iter().map(|smaller| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), smaller);
                    Value::Object(fields)
                }));
            }
        }
        _ => {}
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cases;
    use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
    use smi_adapter::model::Policy;
    use smi_adapter::object::Kind;

    /// An adapter that panics on a split with matches.
    #[derive(Debug)]
    struct Panics;

    impl MeshAdapter for Panics {
        fn name(&self) -> &'static str {
            "panics"
        }

        fn kinds(&self) -> &[Kind] {
            &[]
        }

        fn support(&self, _: Feature) -> Support {
            Support::Full
        }

        fn translate(&self, policy: &Policy) -> Translation {
            if let Policy::Route(route) = policy {
                assert!(route.ports().iter().all(|port| port.conditional().is_empty()));
            }
            Translation::default()
        }
    }

    #[test]
    fn reduces_kept_cases() {
        let violation = super::super::total(&Panics, Cases::new(1)).unwrap_err();
        let case = &violation.case;
        let original = cases::kept().find(|kept| kept.name == case.name).unwrap();
        assert!(violation.why.contains("panicked"), "{violation}");
        assert!(case.to_yaml().len() < original.to_yaml().len(), "{violation}");
        assert!(
            case.routing_queries.is_empty() && case.access_queries.is_empty(),
            "{violation}"
        );
        let of_kind = |kind| case.documents.iter().filter(move |document| is(document, kind));
        assert_eq!(of_kind("TrafficSplit").count(), 1, "{violation}");
        let matches = of_kind("HTTPRouteGroup").map(|group| group["spec"]["matches"].clone());
        assert_eq!(matches.collect::<Vec<_>>(), [serde_json::json!([{"name": "left-out"}])]);
    }
}
