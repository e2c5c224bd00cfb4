//! Adapters that are wrong on purpose: they show that the laws can fail for an adapter, and which of them does.

use serde_json::{Map, Value};
use smi_adapter::adapter::{Feature, MeshAdapter, Support, Translation};
use smi_adapter::diagnostic::Diagnostic;
use smi_adapter::manifest::{Manifest, NativeObject};
use smi_adapter::model::Policy;
use smi_adapter::object::Kind;
use std::fmt::{self, Debug};

type Edit = Box<dyn Fn(&Policy, &mut Translation) + Send + Sync>;

/// An adapter with its translations edited.
pub struct Broken {
    adapter: Box<dyn MeshAdapter>,
    kinds: Vec<Kind>,
    edit: Edit,
}

impl Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, broken", self.adapter)
    }
}

impl Broken {
    /// Every translation of `adapter` edited.
    #[must_use]
    pub fn by(adapter: impl MeshAdapter, edit: impl Fn(&Policy, &mut Translation) + Send + Sync + 'static) -> Self {
        let kinds = adapter.kinds().to_vec();
        Self {
            adapter: Box::new(adapter),
            kinds,
            edit: Box::new(edit),
        }
    }

    /// Every manifest edited.
    #[must_use]
    pub fn object(adapter: impl MeshAdapter, edit: impl Fn(&mut Manifest) + Send + Sync + 'static) -> Self {
        Self::by(adapter, move |_, translation| {
            translation.manifests.iter_mut().for_each(&edit);
        })
    }

    /// Every part of a spec edited that is an object with this field.
    #[must_use]
    pub fn part(
        adapter: impl MeshAdapter,
        field: &'static str,
        edit: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static,
    ) -> Self {
        Self::object(adapter, move |manifest| parts(&mut manifest.object.spec, field, &edit))
    }

    /// The same, claiming to write these kinds.
    #[must_use]
    pub fn with_kinds(self, kinds: Vec<Kind>) -> Self {
        Self { kinds, ..self }
    }
}

/// Edits every part of a value that is an object with this field.
pub fn parts(value: &mut Value, field: &str, edit: &impl Fn(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| parts(item, field, edit)),
        Value::Object(fields) => {
            if fields.contains_key(field) {
                edit(fields);
            }
            fields.values_mut().for_each(|value| parts(value, field, edit));
        }
        _ => {}
    }
}

impl MeshAdapter for Broken {
    fn name(&self) -> &str {
        self.adapter.name()
    }

    fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    fn reads(&self) -> &[Kind] {
        self.adapter.reads()
    }

    fn support(&self, feature: Feature) -> Support {
        self.adapter.support(feature)
    }

    fn translate(&self, policy: &Policy) -> Translation {
        let mut translation = self.adapter.translate(policy);
        (self.edit)(policy, &mut translation);
        translation
    }

    fn review(&self, desired: &[Manifest], foreign: &[NativeObject]) -> Vec<Diagnostic> {
        self.adapter.review(desired, foreign)
    }
}
