//! The reduction of a counterexample to a smallest one.
//!
//! Proptest simplifies values, but tries only once to remove an element of a list, although the result depends on all
//! other elements.

use super::World;
use super::groups::{FilterValue, Filters, Group, Headers, Match};
use super::json::Field;
use super::splits::Split;
use super::targets::{Referred, Target};
use super::{Access, workloads::Workload};
use smi_adapter::query::{AccessQuery, RoutingQuery, Traffic};

/// The query of a counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Traffic that is sent to a service.
    RoutingQuery(RoutingQuery),
    /// Traffic that reaches a workload.
    AccessQuery(AccessQuery),
}

impl Sent {
    /// Returns the traffic of the query.
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        match self {
            Self::RoutingQuery(query) => &query.traffic,
            Self::AccessQuery(query) => &query.traffic,
        }
    }

    /// Returns the same query with other traffic.
    fn with(&self, traffic: Traffic) -> Self {
        match self {
            Self::RoutingQuery(query) => Self::RoutingQuery(RoutingQuery {
                traffic,
                ..query.clone()
            }),
            Self::AccessQuery(query) => Self::AccessQuery(AccessQuery {
                traffic,
                ..query.clone()
            }),
        }
    }
}

/// Removes everything that can be removed while `fails` still returns `true`.
pub fn reduce(world: &mut World, sent: &mut Option<Sent>, fails: impl Fn(&World, Option<&Sent>) -> bool) {
    while let Some(smaller) = worlds(world).into_iter().find(|smaller| fails(smaller, sent.as_ref())) {
        *world = smaller;
    }
    let Some(sent) = sent else { return };
    while let Some(smaller) = requests(sent).into_iter().find(|smaller| fails(world, Some(smaller))) {
        *sent = smaller;
    }
}

/// Returns the queries that lack one header line or one character of the path.
pub(crate) fn requests(sent: &Sent) -> Vec<Sent> {
    let Traffic::Http(request) = sent.traffic() else {
        return Vec::new();
    };
    let headers = without_one(&request.headers)
        .into_iter()
        .map(|headers| but(request, |request| request.headers = headers));
    let path: Vec<char> = request.path.chars().collect();
    let paths = without_one(&path)
        .into_iter()
        .map(|path| but(request, |request| request.path = path.into_iter().collect()));
    let requests = headers.chain(paths);
    requests.map(|request| sent.with(Traffic::Http(request))).collect()
}

/// Returns the lists that lack one element.
fn without_one<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let without = |index| {
        let (before, after) = list.split_at_checked(index)?;
        Some([before, after.get(1..)?].concat())
    };
    (0..list.len()).filter_map(without).collect()
}

/// Returns the lists that lack one element of a field's list.
fn shorter<T: Clone>(field: &Field<Vec<T>>) -> Vec<Vec<T>> {
    field.value().map(|list| without_one(list)).unwrap_or_default()
}

/// Returns the lists in which one element is smaller.
fn with_smaller<T: Clone>(list: &[T], smaller: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut lists = Vec::new();
    for (index, element) in list.iter().enumerate() {
        for smaller in smaller(element) {
            let mut list = list.to_vec();
            list.splice(index..=index, [smaller]);
            lists.push(list);
        }
    }
    lists
}

/// Returns the lists that lack one element, then those in which one element is smaller.
fn lists<T: Clone>(list: &[T], smaller: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut all = without_one(list);
    all.extend(with_smaller(list, smaller));
    all
}

/// Returns a changed copy.
fn but<T: Clone>(whole: &T, change: impl FnOnce(&mut T)) -> T {
    let mut copy = whole.clone();
    change(&mut copy);
    copy
}

/// Returns the worlds that lack one thing. Names are kept.
fn worlds(world: &World) -> Vec<World> {
    let services = lists(&world.services, |service| {
        let fewer = without_one(&service.ports)
            .into_iter()
            .map(|ports| but(service, |service| service.ports = ports));
        let alone = service.twin.map(|_| but(service, |service| service.twin = None));
        fewer.chain(alone).collect()
    });
    let groups = lists(&world.groups, groups);
    let splits = lists(&world.splits, splits);
    let services = services
        .into_iter()
        .map(|services| but(world, |world| world.services = services));
    let groups = groups
        .into_iter()
        .map(|groups| but(world, |world| world.groups = groups));
    let splits = splits
        .into_iter()
        .map(|splits| but(world, |world| world.splits = splits));
    let access = access(&world.access)
        .into_iter()
        .map(|access| but(world, |world| world.access = access));
    let tidy = world.stray.map(|_| but(world, |world| world.stray = None));
    let rest = services.chain(groups).chain(splits).chain(access);
    tidy.into_iter().chain(rest).collect()
}

fn access(access: &Access) -> Vec<Access> {
    let namespaces = without_one(&access.namespaces)
        .into_iter()
        .map(|list| but(access, |access| access.namespaces = list));
    let workloads = lists(&access.workloads, workloads)
        .into_iter()
        .map(|list| but(access, |access| access.workloads = list));
    let targets = lists(&access.targets, targets)
        .into_iter()
        .map(|list| but(access, |access| access.targets = list));
    let referred = lists(&access.referred, referred)
        .into_iter()
        .map(|list| but(access, |access| access.referred = list));
    targets.chain(workloads).chain(referred).chain(namespaces).collect()
}

fn workloads(workload: &Workload) -> Vec<Workload> {
    let ports = without_one(&workload.ports)
        .into_iter()
        .map(|ports| but(workload, |workload| workload.ports = ports));
    let young = workload
        .old_account
        .map(|_| but(workload, |workload| workload.old_account = None));
    let silent = workload.udp.then(|| but(workload, |workload| workload.udp = false));
    let unasked = workload
        .probed
        .then(|| but(workload, |workload| workload.probed = false));
    ports.chain(young).chain(silent).chain(unasked).collect()
}

fn targets(target: &Target) -> Vec<Target> {
    let rules = without_one(&target.rules)
        .into_iter()
        .map(|rules| but(target, |target| target.rules = rules));
    let sources = without_one(&target.sources)
        .into_iter()
        .map(|sources| but(target, |target| target.sources = sources));
    let portless = target.port.is_some().then(|| but(target, |target| target.port = None));
    let plain = target.applied.map(|_| but(target, |target| target.applied = None));
    let alone = target.twin.map(|_| but(target, |target| target.twin = None));
    rules.chain(sources).chain(portless).chain(plain).chain(alone).collect()
}

fn referred(object: &Referred) -> Vec<Referred> {
    let alone = object.twin.map(|_| but(object, |object| object.twin = None));
    alone.into_iter().collect()
}

fn groups(group: &Group) -> Vec<Group> {
    let fewer = lists(&group.matches, matches)
        .into_iter()
        .map(|matches| but(group, |group| group.matches = matches));
    let alone = group.twin.map(|_| but(group, |group| group.twin = None));
    fewer.chain(alone).collect()
}

fn matches(matching: &Match) -> Vec<Match> {
    let mut all = Vec::new();
    if let Some(re) = matching.path.value() {
        let smaller = re.smaller().into_iter().map(Field::Set);
        let smaller = [Field::Absent].into_iter().chain(smaller);
        all.extend(smaller.map(|path| but(matching, |matching| matching.path = path)));
    }
    if let Some(methods) = matching.methods.value() {
        all.push(but(matching, |matching| matching.methods = Field::Absent));
        let fewer = without_one(methods).into_iter().filter(|methods| !methods.is_empty());
        all.extend(fewer.map(|methods| but(matching, |matching| matching.methods = Field::Set(methods))));
    }
    let none = (matching.headers != Headers::Absent).then_some(Headers::Absent);
    let headers = none.into_iter().chain(headers(&matching.headers));
    all.extend(headers.map(|headers| but(matching, |matching| matching.headers = headers)));
    all
}

fn headers(headers: &Headers) -> Vec<Headers> {
    match headers {
        Headers::Absent | Headers::Null => Vec::new(),
        Headers::Map(map) => lists(map, filters).into_iter().map(Headers::Map).collect(),
        Headers::List(items) => {
            let fewer = |item: &Option<Filters>| {
                let fewer = item.as_ref().map(|map| lists(map, filters));
                fewer.into_iter().flatten().map(Some).collect()
            };
            lists(items, fewer).into_iter().map(Headers::List).collect()
        }
    }
}

fn filters((name, value): &(&'static str, FilterValue)) -> Vec<(&'static str, FilterValue)> {
    let FilterValue::Pattern(re) = value else {
        return Vec::new();
    };
    let smaller = re.smaller().into_iter();
    smaller.map(|re| (*name, FilterValue::Pattern(re))).collect()
}

fn splits(split: &Split) -> Vec<Split> {
    let mut all = Vec::new();
    if split.twin.is_some() {
        all.push(but(split, |split| split.twin = None));
    }
    if split.created.value().is_some() {
        all.push(but(split, |split| split.created = Field::Absent));
    }
    let Some(spec) = split.spec.value() else { return all };
    let backends = shorter(&spec.backends)
        .into_iter()
        .map(|list| but(spec, |spec| spec.backends = Field::Set(list)));
    let matches = shorter(&spec.matches)
        .into_iter()
        .map(|list| but(spec, |spec| spec.matches = Field::Set(list)));
    let specs = backends.chain(matches);
    all.extend(specs.map(|spec| but(split, |split| split.spec = Field::Set(spec))));
    all
}
