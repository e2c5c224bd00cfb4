//! From a counterexample to a smallest one.
//!
//! Proptest simplifies values, but asks only once whether an element of a list can go, and whether it can
//! depends on everything else.

use super::World;
use super::groups::{FilterValue, Filters, Group, Headers, Match};
use super::json::Field;
use super::splits::Split;
use crate::probe::{Probe, Traffic};

/// Takes away whatever can be taken away while `fails` holds.
pub fn reduce(world: &mut World, probe: &mut Option<Probe>, fails: impl Fn(&World, Option<&Probe>) -> bool) {
    while let Some(smaller) = worlds(world).into_iter().find(|smaller| fails(smaller, probe.as_ref())) {
        *world = smaller;
    }
    let Some(probe) = probe else { return };
    while let Some(smaller) = probes(probe).into_iter().find(|smaller| fails(world, Some(smaller))) {
        *probe = smaller;
    }
}

/// The probes that lack a header line or a character of their path.
fn probes(probe: &Probe) -> Vec<Probe> {
    let Traffic::Http(request) = &probe.traffic else {
        return Vec::new();
    };
    let headers = without_one(&request.headers).into_iter();
    let headers = headers.map(|headers| but(request, |request| request.headers = headers));
    let path: Vec<char> = request.path.chars().collect();
    let paths = without_one(&path).into_iter();
    let paths = paths.map(|path| but(request, |request| request.path = path.into_iter().collect()));
    let requests = headers.chain(paths);
    requests
        .map(|request| but(probe, |probe| probe.traffic = Traffic::Http(request)))
        .collect()
}

/// The lists that lack one element.
fn without_one<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    let without = |index| {
        let (before, after) = list.split_at_checked(index)?;
        Some([before, after.get(1..)?].concat())
    };
    (0..list.len()).filter_map(without).collect()
}

/// The lists that lack something of one element.
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

/// The lists that lack one element, then those that lack something of one.
fn lists<T: Clone>(list: &[T], smaller: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut all = without_one(list);
    all.extend(with_smaller(list, smaller));
    all
}

/// A copy with a change.
fn but<T: Clone>(whole: &T, change: impl FnOnce(&mut T)) -> T {
    let mut copy = whole.clone();
    change(&mut copy);
    copy
}

/// The worlds that lack one thing. Names stay.
fn worlds(world: &World) -> Vec<World> {
    let services = lists(&world.services, |service| {
        let fewer = without_one(&service.ports).into_iter();
        let fewer = fewer.map(|ports| but(service, |service| service.ports = ports));
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
    services.chain(groups).chain(splits).collect()
}

fn groups(group: &Group) -> Vec<Group> {
    let fewer = lists(&group.matches, matches).into_iter();
    let fewer = fewer.map(|matches| but(group, |group| group.matches = matches));
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
    let backends = spec.backends.value().map(|list| without_one(list));
    let backends = backends.into_iter().flatten();
    let backends = backends.map(|list| but(spec, |spec| spec.backends = Field::Set(list)));
    let matches = spec.matches.value().map(|list| without_one(list));
    let matches = matches.into_iter().flatten();
    let matches = matches.map(|list| but(spec, |spec| spec.matches = Field::Set(list)));
    let specs = backends.chain(matches);
    all.extend(specs.map(|spec| but(split, |split| split.spec = Field::Set(spec))));
    all
}
