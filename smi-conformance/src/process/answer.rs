//! What is answered.

mod mesh;

pub(super) use mesh::{access, distribution};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use smi_adapter::adapter::{Feature, Support, Translation};
use smi_adapter::diagnostic::{Code, Diagnostic, ErrorBound, PortSet};
use smi_adapter::manifest::{Manifest, NativeObject, Stage};
use smi_adapter::model::PolicyKey;
use smi_adapter::object::{Kind, ObjectKey, ObjectRef};
use std::collections::BTreeMap;

/// The version of the protocol.
pub(super) const PROTOCOL: u32 = 1;

/// What a program says of itself.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) kinds: Vec<Kind>,
    pub(super) reads: Vec<Kind>,
    pub(super) support: BTreeMap<Feature, Support>,
}

/// Reads the answer to `describe`.
pub(super) fn description(answer: Value) -> Result<Description, String> {
    let said: Said = read(answer)?;
    if said.protocol != PROTOCOL {
        let spoken = said.protocol;
        return Err(format!(
            "it speaks version {spoken} of the protocol, and this is version {PROTOCOL}"
        ));
    }
    let features = said.support.into_iter().map(|(name, level)| {
        let feature = Feature::ALL.into_iter().find(|feature| format!("{feature:?}") == name);
        let feature = feature.ok_or_else(|| format!("there is no feature `{name}`"))?;
        Ok((feature, level.support()))
    });
    Ok(Description {
        name: said.name,
        kinds: said.kinds.into_iter().map(KindSaid::kind).collect(),
        reads: said.reads.into_iter().map(KindSaid::kind).collect(),
        support: features.collect::<Result<_, String>>()?,
    })
}

/// Reads the answer to `translate`.
pub(super) fn translation(answer: Value) -> Result<Translation, String> {
    let said: Translated = read(answer)?;
    Ok(Translation {
        manifests: said
            .manifests
            .into_iter()
            .map(ManifestSaid::manifest)
            .collect::<Result<_, _>>()?,
        diagnostics: said
            .diagnostics
            .into_iter()
            .map(Told::diagnostic)
            .collect::<Result<_, _>>()?,
    })
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, String> {
    serde_json::from_value(answer).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    protocol: u32,
    name: String,
    kinds: Vec<KindSaid>,
    #[serde(default)]
    reads: Vec<KindSaid>,
    support: BTreeMap<String, Level>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KindSaid {
    api_version: String,
    kind: String,
    plural: String,
}

impl KindSaid {
    fn kind(self) -> Kind {
        let (group, version) = self.api_version.split_once('/').unwrap_or(("", &self.api_version));
        Kind::named(group, version, &self.kind, &self.plural)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Full,
    Partial(String),
    None(String),
}

impl Level {
    fn support(self) -> Support {
        match self {
            Self::Full => Support::Full,
            Self::Partial(why) => Support::Partial(why.into()),
            Self::None(why) => Support::None(why.into()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Translated {
    manifests: Vec<ManifestSaid>,
    diagnostics: Vec<Told>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestSaid {
    policy: String,
    stage: String,
    sources: Vec<Named>,
    object: ObjectSaid,
}

impl ManifestSaid {
    fn manifest(self) -> Result<Manifest, String> {
        let stage = Stage::ALL.into_iter().find(|stage| stage.as_str() == self.stage);
        Ok(Manifest {
            policy: policy(&self.policy)?,
            stage: stage.ok_or_else(|| format!("there is no stage `{}`", self.stage))?,
            sources: self.sources.into_iter().map(Named::object).collect::<Result<_, _>>()?,
            object: self.object.native()?,
        })
    }
}

/// A policy, as text.
fn policy(text: &str) -> Result<PolicyKey, String> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["route", namespace, name] => Ok(PolicyKey::Route(ObjectKey::new(*namespace, *name))),
        ["access", namespace, kind, name] => {
            let workload = ObjectRef::new(known(kind)?, ObjectKey::new(*namespace, *name));
            Ok(PolicyKey::Access(workload))
        }
        ["baseline", namespace] => Ok(PolicyKey::Baseline((*namespace).to_owned())),
        _ => Err(format!("`{text}` is no policy")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ObjectSaid {
    api_version: String,
    kind: String,
    metadata: Value,
    #[serde(default)]
    spec: Value,
}

impl ObjectSaid {
    fn native(self) -> Result<NativeObject, String> {
        // The plural is known of the kinds that a program lists; another kind is found out by a law.
        let plural = format!("{}s", self.kind.to_lowercase());
        let kind = KindSaid {
            api_version: self.api_version,
            kind: self.kind,
            plural,
        };
        Ok(NativeObject {
            kind: kind.kind(),
            metadata: serde_json::from_value(self.metadata).map_err(|error| format!("metadata: {error}"))?,
            spec: self.spec,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    code: String,
    object: Named,
    #[serde(default)]
    field: String,
    #[serde(default)]
    ports: PortSet,
    backend: Option<String>,
    error: Option<ErrorBound>,
    workload: Option<Named>,
    message: String,
}

impl Told {
    fn diagnostic(self) -> Result<Diagnostic, String> {
        let code = Code::ALL.iter().find(|code| code.as_str() == self.code);
        let code = code.ok_or_else(|| format!("there is no diagnostic code `{}`", self.code))?;
        let (object, field) = (self.object.object()?, self.field.as_str().into());
        let mut diagnostic = Diagnostic::new(*code, object, field, self.message).on_ports(self.ports);
        diagnostic.backend = self.backend;
        diagnostic.error = self.error;
        diagnostic.workload = self.workload.map(Named::object).transpose()?;
        Ok(diagnostic)
    }
}

/// An object that is there already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    kind: String,
    #[serde(default)]
    namespace: String,
    name: String,
}

impl Named {
    fn object(self) -> Result<ObjectRef, String> {
        let kind = known(&self.kind)?;
        Ok(if kind == Kind::Namespace {
            ObjectRef::namespace(&self.name)
        } else {
            ObjectRef::new(kind, ObjectKey::new(self.namespace, self.name))
        })
    }
}

/// The kind of what manifests and diagnostics are about.
fn known(name: &str) -> Result<Kind, String> {
    let others = [Kind::Service, Kind::Namespace].into_iter().chain(Kind::WORKLOADS);
    let mut kinds = Kind::SMI.into_iter().chain(others);
    kinds
        .find(|kind| kind.name() == name)
        .ok_or_else(|| format!("nothing here is about a `{name}`"))
}
