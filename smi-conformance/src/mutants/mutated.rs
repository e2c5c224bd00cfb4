//! The implementation of a mutant of an adapter.

use super::How;
use super::stale::Stale;
use crate::implementation::{Implementation, Input};
use crate::incremental::{Incremental, OfAdapter};
use serde_json::Value;
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use smi_adapter::plan::{Observed, Planned, complete, resolved};
use smi_adapter::resolve::Resolution;
use smi_adapter::settings::Settings;
use std::fmt::{self, Debug};

/// An adapter that is broken in one way.
pub(super) struct Mutated<'a, A: ?Sized> {
    pub(super) adapter: &'a A,
    pub(super) how: How,
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
        match &self.how {
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
        match &self.how {
            How::Settings(edit) => edit(&mut settings),
            How::Documents(edit) => read = Some(misread(input, *edit)),
            How::Covered => read = Some(input.with_all_workloads()),
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
        if let How::Whole(edit) = &self.how {
            edit(&mut whole);
        }
        let diagnostics = Vec::new();
        let resolution = Resolution { model, diagnostics };
        Ok(complete(self.adapter, snapshot, &settings, observed, resolution, whole))
    }

    fn incremental(&self, settings: &Settings) -> Option<Box<dyn Incremental + '_>> {
        match self.how {
            How::Stale(misses) => Some(Box::new(Stale::new(OfAdapter::new(self.adapter, settings), misses))),
            // An engine translates policies, and these mutants translate something else.
            _ => None,
        }
    }
}

/// Returns the input with edited documents.
fn misread(input: &Input, edit: fn(&mut Vec<Value>)) -> Input {
    let mut documents = input.documents().to_vec();
    edit(&mut documents);
    input.with_documents(documents)
}

impl<A: MeshAdapter + ?Sized> Mutated<'_, A> {
    fn translate(&self, policy: &Policy) -> Translation {
        match &self.how {
            How::Policy(edit) => self.adapter.translate(&edit(policy)),
            How::Translate(edit) => edit(policy, &|policy| self.adapter.translate(policy)),
            How::Edit(edit) => {
                let mut translation = self.adapter.translate(policy);
                edit(policy, &mut translation);
                translation
            }
            _ => self.adapter.translate(policy),
        }
    }
}
