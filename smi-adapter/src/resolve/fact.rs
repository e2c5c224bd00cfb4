//! Facts: the parts of the input that a step of resolution reads, so that it can be repeated when one of them changes.

use crate::model::route::Root;
use crate::object::{Kind, ObjectKey, ObjectRef};
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A part of the input.
#[derive(Clone, Copy, Debug, Hash)]
pub(crate) enum Fact<'a> {
    /// The content of an object, or its absence.
    Object(&'a Kind, &'a ObjectKey),
    /// The namespaces with an object of this kind and name.
    Named(&'a Kind, &'a str),
    /// The namespaces with objects of a kind.
    Namespaces(&'a Kind),
    /// The route groups of a namespace.
    GroupsIn(&'a str),
    /// The usable matches of a route group.
    Matches(&'a ObjectKey),
    /// The existence of a split with this root.
    IsRoot(&'a Root),
    /// The accounts of a namespace, with their pods.
    Accounts(&'a str),
    /// The namespaces in which an account of this name has pods.
    AccountNamed(&'a str),
    /// The namespaces with pods.
    AccountNamespaces,
    /// The workloads of which a service selects pods, if its namespace is enforced.
    Behind(&'a ObjectKey),
    /// The grants of a workload.
    Access(&'a ObjectRef),
}

impl Fact<'_> {
    /// Returns a number for the fact. If two facts have the same number, a step is repeated more often than necessary.
    pub(crate) fn id(self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The facts that a step has read, by number.
#[derive(Debug, Default)]
pub(crate) struct Reads(RefCell<Vec<u64>>);

impl Reads {
    pub(crate) fn add(&self, fact: Fact<'_>) {
        self.0.borrow_mut().push(fact.id());
    }

    /// Returns the facts, sorted and without duplicates.
    pub(crate) fn finish(self) -> Vec<u64> {
        let mut facts = self.0.into_inner();
        facts.sort_unstable();
        facts.dedup();
        facts
    }
}
