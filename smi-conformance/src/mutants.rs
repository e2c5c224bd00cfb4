//! Mutants: deliberately broken variants of any adapter. They show that the laws can fail for the adapter, and that its
//! [interpreter](super::Interpreter) models what the laws ask about.
//!
//! A mutant misreads SMI or breaks the adapter's output in one way, each of them a mistake that real implementations
//! made. The law that it is made for must detect it. A mutant that survives points to a feature that the adapter does
//! not have, to an interpreter that is too lax, or to too few worlds.
//!
//! ```no_run
//! use smi_adapter::adapter::MeshAdapter;
//! use smi_conformance::laws::{self, Law};
//! use smi_conformance::mutants::{Fate, Mutant};
//! use smi_conformance::{Cases, Interpreter};
//!
//! fn they_die(adapter: &dyn MeshAdapter, mesh: &dyn Interpreter) {
//!     // A mutant for this mesh, in addition to those of the kit.
//!     let open = Mutant::of_part("every client may send", Law::NeverWidens, "clients", |rule| {
//!         rule["clients"] = serde_json::json!([]);
//!     });
//!     for mutant in Mutant::all().chain([open]) {
//!         let fate = mutant.try_law(adapter, mesh, &laws::no_limits, Cases::quick());
//!         assert_ne!(fate, Fate::Survived, "{}", mutant.name());
//!     }
//! }
//! ```

mod access;
mod documents;
mod mutated;
mod output;
mod parts;
mod routing;
mod stale;

use super::implementation::{Implementation, Of};
use super::laws::{self, Difference, Law, Limits};
use super::{Cases, Interpreter};
use mutated::Mutated;
use parts::{everything, one_header, or_same, without_headers, without_methods};
use serde_json::{Map, Value};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::engine::Edit;
use smi_adapter::model::Policy;
use smi_adapter::settings::Settings;
use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::sync::Arc;

/// A way to break an adapter, with the law that must detect it.
#[derive(Clone, Debug)]
pub struct Mutant {
    name: Cow<'static, str>,
    law: Law,
    how: How,
}

/// A function that translates a policy.
type TranslateFn<'a> = dyn Fn(&Policy) -> Translation + 'a;

/// An edit of the translation of a policy.
type EditFn = dyn Fn(&Policy, &mut Translation) + Send + Sync;

/// The point at which a mutant goes wrong.
#[derive(Clone)]
enum How {
    /// The SMI objects are misread.
    Documents(fn(&mut Vec<Value>)),
    /// The operator's settings are ignored.
    Settings(fn(&mut Settings)),
    /// A policy is replaced by another one.
    Policy(fn(&Policy) -> Policy),
    /// The translation of a policy is replaced, with access to the adapter's translation.
    Translate(fn(&Policy, &TranslateFn<'_>) -> Translation),
    /// The translation of a policy is edited.
    Edit(Arc<EditFn>),
    /// The translation of all policies is edited.
    Whole(fn(&mut Translation)),
    /// The adapter does not find the objects that it wrote.
    Blind,
    /// The engine does not plan again after some edits.
    Stale(fn(&Edit) -> bool),
    /// Workloads that are not in the input are taken for absent, even if the input does not cover workloads.
    Covered,
}

impl Debug for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documents(_) => "Documents",
            Self::Settings(_) => "Settings",
            Self::Policy(_) => "Policy",
            Self::Translate(_) => "Translate",
            Self::Edit(_) => "Edit",
            Self::Whole(_) => "Whole",
            Self::Blind => "Blind",
            Self::Stale(_) => "Stale",
            Self::Covered => "Covered",
        })
    }
}

/// The result of trying a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its law does not hold for it.
    Killed {
        /// The number of worlds in which the law held before.
        after: u32,
    },
    /// Its law holds in every world that was tried.
    Survived,
    /// The mutant writes the same as the adapter in every world that was tried, and reports the same or more: the
    /// adapter does not have the broken feature, or reports it.
    NotApplicable,
}

impl Mutant {
    const fn new(name: &'static str, law: Law, how: How) -> Self {
        let name = Cow::Borrowed(name);
        Self { name, law, how }
    }

    /// Returns all mutants of the kit.
    pub fn all() -> impl Iterator<Item = Self> {
        [routing::MUTANTS, access::MUTANTS, output::MUTANTS]
            .into_iter()
            .flatten()
            .cloned()
    }

    /// Creates a mutant that edits the translation of every policy.
    #[must_use]
    pub fn of_translation(
        name: impl Into<Cow<'static, str>>,
        law: Law,
        edit: impl Fn(&Policy, &mut Translation) + Send + Sync + 'static,
    ) -> Self {
        let (name, how) = (name.into(), How::Edit(Arc::new(edit)));
        Self { name, law, how }
    }

    /// Creates a mutant that edits every part of a native object's spec that is a JSON object with the field `field`.
    #[must_use]
    pub fn of_part(
        name: impl Into<Cow<'static, str>>,
        law: Law,
        field: &'static str,
        edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static,
    ) -> Self {
        Self::of_translation(name, law, move |_, translation| {
            for manifest in &mut translation.manifests {
                edit_parts(&mut manifest.object.spec, field, &edit);
            }
        })
    }

    /// Returns the name, which describes the mistake.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the law that must detect the mutant.
    #[must_use]
    pub const fn law(&self) -> Law {
        self.law
    }

    /// Returns the adapter, broken in this way.
    #[must_use]
    pub fn of<'a, A: MeshAdapter + ?Sized>(&self, adapter: &'a A) -> impl Implementation + use<'a, A> {
        let how = self.how.clone();
        Mutated { adapter, how }
    }

    /// Tries its law. A counterexample is not reduced; to get a readable one, call the law with [`of`](Self::of).
    pub fn try_law<A: MeshAdapter + ?Sized>(
        &self,
        adapter: &A,
        mesh: &dyn Interpreter,
        limits: &Limits<'_>,
        cases: Cases,
    ) -> Fate {
        let wrong = self.of(adapter);
        let differs = |least| match self.how {
            // They differ only in a cluster with objects, after an edit, or without workloads.
            How::Blind | How::Stale(_) => true,
            How::Covered => !matches!(adapter.support(Feature::DenyByDefault), Support::None(_)),
            _ => laws::differ(self.law, &wrong, &Of::new(adapter), cases, least),
        };
        if !differs(Difference::Reports) {
            return Fate::NotApplicable;
        }
        match laws::first_fault(self.law, &wrong, mesh, limits, cases) {
            Some(after) => Fate::Killed { after },
            None if differs(Difference::Meaning) => Fate::Survived,
            None => Fate::NotApplicable,
        }
    }
}

/// Edits every part of a value that is a JSON object with the field `field`.
pub fn edit_parts(value: &mut Value, field: &str, edit: &impl Fn(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| edit_parts(item, field, edit)),
        Value::Object(fields) => {
            if fields.contains_key(field) {
                edit(fields);
            }
            fields.values_mut().for_each(|value| edit_parts(value, field, edit));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smi_adapter::diagnostic::{Code, Diagnostic};
    use smi_adapter::object::Kind;
    use smi_adapter::smi_types::FieldPath;
    use std::collections::BTreeSet;

    #[test]
    fn every_law_has_a_mutant() {
        let made_for: BTreeSet<Law> = Mutant::all().map(|mutant| mutant.law()).collect();
        let laws: BTreeSet<Law> = Law::ALL.iter().copied().collect();
        assert_eq!(made_for, laws);
        let names: BTreeSet<String> = Mutant::all().map(|mutant| mutant.name().to_owned()).collect();
        assert_eq!(names.len(), Mutant::all().count(), "two mutants have one name");
    }

    /// An adapter that reports everything and writes nothing.
    #[derive(Debug)]
    struct Honest;

    impl MeshAdapter for Honest {
        fn name(&self) -> &'static str {
            "honest"
        }

        fn kinds(&self) -> &[Kind] {
            &[]
        }

        fn support(&self, _: Feature) -> Support {
            Support::Partial("it writes nothing".into())
        }

        fn translate(&self, policy: &Policy) -> Translation {
            let mut translation = Translation::default();
            for object in policy.sources() {
                let field = FieldPath::root();
                translation.report(Diagnostic::new(
                    Code::Inexpressible,
                    object,
                    field,
                    "nothing is written",
                ));
            }
            translation
        }
    }

    impl Interpreter for Honest {}

    fn fate(law: Law, edit: impl Fn(&Policy, &mut Translation) + Send + Sync + 'static) -> Fate {
        let mutant = Mutant::of_translation("edited", law, edit);
        mutant.try_law(&Honest, &Honest, &laws::no_limits, Cases::new(20))
    }

    #[test]
    fn a_mutant_that_only_reports_more_does_not_apply() {
        let more = |policy: &Policy, translation: &mut Translation| {
            for object in policy.sources() {
                let field = FieldPath::root();
                translation.report(Diagnostic::new(Code::NotEnforced, object, field, "nothing is denied"));
            }
        };
        assert_eq!(fate(Law::Total, more), Fate::NotApplicable);
        assert_eq!(fate(Law::Total, |_, _| {}), Fate::NotApplicable);
    }

    #[test]
    fn a_mutant_that_reports_less_is_killed_or_survives() {
        let less = |_: &Policy, translation: &mut Translation| translation.diagnostics.clear();
        assert_eq!(fate(Law::Total, less), Fate::Survived);
        assert!(matches!(fate(Law::Honest, less), Fate::Killed { .. }));
    }
}
