//! Adapters that are wrong on purpose, made of any adapter: they show that the laws can fail for it, and that its
//! [interpreter](super::Interpreter) sees what the laws ask about.
//!
//! A mutant misreads SMI, or breaks what the adapter makes of it, in one way that implementations really had. The law
//! that it is made for must find it out. One that survives tells of a feature that the adapter does not have, of an
//! interpreter that is too lax, or of too few worlds.
//!
//! ```no_run
//! use smi_adapter::adapter::MeshAdapter;
//! use smi_conformance::mutants::{Fate, Mutant};
//! use smi_conformance::{Cases, Interpreter, laws};
//!
//! fn they_die(adapter: &dyn MeshAdapter, mesh: &dyn Interpreter) {
//!     for mutant in Mutant::all() {
//!         let fate = mutant.try_law(adapter, mesh, &laws::no_limits, Cases::quick());
//!         assert_ne!(fate, Fate::Survived, "{}", mutant.name());
//!     }
//! }
//! ```

mod access;
mod documents;
mod output;
mod routing;

use super::implementation::{Implementation, Input, Of};
use super::laws::{self, Limits};
use super::{Cases, Interpreter};
use serde_json::Value;
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::model::route::{HeaderMatch, HttpMatch};
use smi_adapter::model::{Invalid, Policy};
use smi_adapter::object::Kind;
use smi_adapter::plan::{Observed, Planned, complete, resolved};
use smi_adapter::resolve::Resolution;
use smi_adapter::settings::Settings;
use std::fmt::{self, Debug};

/// One way to be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    name: &'static str,
    law: &'static str,
    how: How,
}

/// What can translate a policy.
type TranslateFn<'a> = dyn Fn(&Policy) -> Translation + 'a;

/// Where it goes wrong.
#[derive(Clone, Copy)]
enum How {
    /// What was written is read as something else.
    Documents(fn(&mut Vec<Value>)),
    /// What the operator chose is not kept to.
    Settings(fn(&mut Settings)),
    /// A policy is taken for another one.
    Policy(fn(&Policy) -> Policy),
    /// The translation of a policy is made by something that can translate.
    Translate(fn(&Policy, &TranslateFn<'_>) -> Translation),
    /// All that was translated is edited.
    Whole(fn(&mut Translation)),
    /// It does not find what it wrote.
    Blind,
}

impl Debug for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documents(_) => "Documents",
            Self::Settings(_) => "Settings",
            Self::Policy(_) => "Policy",
            Self::Translate(_) => "Translate",
            Self::Whole(_) => "Whole",
            Self::Blind => "Blind",
        })
    }
}

/// What became of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its law does not hold for it.
    Killed {
        /// After how many worlds in which it did.
        after: u32,
    },
    /// Its law holds in every world that was tried.
    Survived,
    /// It writes and reports what the adapter does, in every world that was tried: the adapter does not have what is
    /// broken here.
    NotApplicable,
}

impl Mutant {
    const fn new(name: &'static str, law: &'static str, how: How) -> Self {
        Self { name, law, how }
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        [routing::MUTANTS, access::MUTANTS, output::MUTANTS]
            .into_iter()
            .flatten()
            .copied()
    }

    /// What is wrong.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The law that must find it out.
    #[must_use]
    pub const fn law(&self) -> &'static str {
        self.law
    }

    /// The adapter, wrong in this way.
    #[must_use]
    pub fn of<'a, A: MeshAdapter + ?Sized>(&self, adapter: &'a A) -> impl Implementation + use<'a, A> {
        Mutated { adapter, how: self.how }
    }

    /// Tries its law. A counterexample is not made smaller; for one that can be read, call the law with
    /// [`of`](Self::of).
    pub fn try_law<A: MeshAdapter + ?Sized>(
        &self,
        adapter: &A,
        mesh: &dyn Interpreter,
        limits: &Limits<'_>,
        cases: Cases,
    ) -> Fate {
        let wrong = self.of(adapter);
        // One that is blind writes the same at first.
        if !matches!(self.how, How::Blind) && !laws::differ(self.law, &wrong, &Of(adapter), cases) {
            return Fate::NotApplicable;
        }
        laws::first_fault(self.law, &wrong, mesh, limits, cases).map_or(Fate::Survived, |after| Fate::Killed { after })
    }
}

/// An adapter that is wrong in one way.
struct Mutated<'a, A: ?Sized> {
    adapter: &'a A,
    how: How,
}

impl<A: Debug + ?Sized> Debug for Mutated<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, wrong in {:?}", self.adapter, self.how)
    }
}

impl<A: MeshAdapter + ?Sized> Implementation for Mutated<'_, A> {
    fn name(&self) -> &str {
        MeshAdapter::name(self.adapter)
    }

    fn kinds(&self) -> &[Kind] {
        match self.how {
            How::Blind => &[],
            _ => MeshAdapter::kinds(self.adapter),
        }
    }

    fn reads(&self) -> &[Kind] {
        MeshAdapter::reads(self.adapter)
    }

    fn support(&self, feature: Feature) -> Support {
        MeshAdapter::support(self.adapter, feature)
    }

    fn plan(&self, input: &Input, settings: &Settings, observed: &Observed) -> Result<Planned, String> {
        let mut settings = settings.clone();
        let mut read = None;
        match self.how {
            How::Settings(edit) => edit(&mut settings),
            How::Documents(edit) => read = Some(misread(input, edit)),
            _ => {}
        }
        let snapshot = read.as_ref().unwrap_or(input).snapshot();
        let Resolution { model, diagnostics } = resolved(snapshot, &settings, observed);
        let mut whole = Translation {
            diagnostics,
            ..Translation::default()
        };
        for (_, policy) in model.policies() {
            whole.append(self.translate(policy));
        }
        if let How::Whole(edit) = self.how {
            edit(&mut whole);
        }
        let diagnostics = Vec::new();
        let resolution = Resolution { model, diagnostics };
        Ok(complete(self.adapter, snapshot, &settings, observed, resolution, whole))
    }
}

/// The input with other documents, and the same namespaces enforced.
fn misread(input: &Input, edit: fn(&mut Vec<Value>)) -> Input {
    let mut documents = input.documents().to_vec();
    edit(&mut documents);
    let mut other = Input::new(documents);
    input
        .snapshot()
        .enforced()
        .for_each(|namespace| other.enforce(namespace));
    other
}

impl<A: MeshAdapter + ?Sized> Mutated<'_, A> {
    fn translate(&self, policy: &Policy) -> Translation {
        match self.how {
            How::Policy(edit) => self.adapter.translate(&edit(policy)),
            How::Translate(edit) => edit(policy, &|policy| self.adapter.translate(policy)),
            _ => self.adapter.translate(policy),
        }
    }
}

/// One filter of several is enough.
fn one_header(matching: &HttpMatch) -> Vec<HttpMatch> {
    if matching.headers().is_empty() {
        return vec![matching.clone()];
    }
    let headers = matching.headers().iter();
    headers.map(|header| rebuilt(matching, true, [header])).collect()
}

fn without_headers(matching: &HttpMatch) -> Vec<HttpMatch> {
    vec![rebuilt(matching, true, [])]
}

fn without_methods(matching: &HttpMatch) -> Vec<HttpMatch> {
    vec![rebuilt(matching, false, matching.headers())]
}

/// A match with the same path, with its methods if so, and with these headers.
fn rebuilt<'h>(matching: &HttpMatch, methods: bool, headers: impl IntoIterator<Item = &'h HeaderMatch>) -> HttpMatch {
    let bare = everything(matching);
    let mut rebuilt = match matching.path() {
        Some(path) => bare.with_path(path.clone()),
        None => bare,
    };
    for method in matching.methods().into_iter().flatten().filter(|_| methods) {
        rebuilt = or_same(rebuilt, |it| it.with_method(method));
    }
    for header in headers {
        rebuilt = or_same(rebuilt, |it| it.with_header(header.name(), header.value().clone()));
    }
    rebuilt
}

/// A part of a model edited, or the same where the edit would break what adapters rely on.
fn or_same<T: Clone>(part: T, edit: impl FnOnce(T) -> Result<T, Invalid>) -> T {
    edit(part.clone()).unwrap_or(part)
}

/// A match that takes every request, in the same place.
fn everything(matching: &HttpMatch) -> HttpMatch {
    HttpMatch::new(matching.group().key.clone(), matching.field().clone()).with_name(matching.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_law_has_its_mutants() {
        let made_for: BTreeSet<&str> = Mutant::all().map(|mutant| mutant.law()).collect();
        let laws: BTreeSet<&str> = laws::NAMES.iter().copied().collect();
        assert_eq!(made_for, laws);
        let names: BTreeSet<&str> = Mutant::all().map(|mutant| mutant.name()).collect();
        assert_eq!(names.len(), Mutant::all().count(), "two mutants have one name");
    }
}
