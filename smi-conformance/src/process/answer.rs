//! Answers of the protocol.

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

/// The description that a program gives of itself.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) name: String,
    pub(super) kinds: Vec<Kind>,
    pub(super) reads: Vec<Kind>,
    pub(super) support: BTreeMap<Feature, Support>,
}

/// Reads the answer to `describe`.
pub(super) fn description(answer: Value) -> Result<Description, String> {
    let description: DescriptionJson = read(answer)?;
    if description.protocol != PROTOCOL {
        let version = description.protocol;
        return Err(format!(
            "the program implements version {version} of the protocol, but this is version {PROTOCOL}"
        ));
    }
    let features = description.support.into_iter().map(|(name, level)| {
        let feature = Feature::ALL
            .into_iter()
            .find(|feature| format!("{feature:?}") == name)
            .ok_or_else(|| format!("there is no feature `{name}`"))?;
        Ok((feature, level.support()))
    });
    Ok(Description {
        name: description.name,
        kinds: description.kinds.into_iter().map(KindJson::kind).collect(),
        reads: description.reads.into_iter().map(KindJson::kind).collect(),
        support: features.collect::<Result<_, String>>()?,
    })
}

/// Reads the answer to `translate`.
pub(super) fn translation(answer: Value) -> Result<Translation, String> {
    let translation: TranslationJson = read(answer)?;
    Ok(Translation {
        manifests: translation
            .manifests
            .into_iter()
            .map(ManifestJson::manifest)
            .collect::<Result<_, _>>()?,
        diagnostics: translation
            .diagnostics
            .into_iter()
            .map(DiagnosticJson::diagnostic)
            .collect::<Result<_, _>>()?,
    })
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, String> {
    serde_json::from_value(answer).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescriptionJson {
    protocol: u32,
    name: String,
    kinds: Vec<KindJson>,
    #[serde(default)]
    reads: Vec<KindJson>,
    support: BTreeMap<String, Level>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KindJson {
    api_version: String,
    kind: String,
    plural: String,
}

impl KindJson {
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
struct TranslationJson {
    manifests: Vec<ManifestJson>,
    diagnostics: Vec<DiagnosticJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestJson {
    policy: String,
    stage: String,
    sources: Vec<Named>,
    object: ObjectJson,
}

impl ManifestJson {
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

/// Parses the key of a policy.
fn policy(text: &str) -> Result<PolicyKey, String> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["route", namespace, name] => Ok(PolicyKey::Route(ObjectKey::new(*namespace, *name))),
        ["access", namespace, kind, name] => {
            let workload = ObjectRef::new(known(kind)?, ObjectKey::new(*namespace, *name));
            Ok(PolicyKey::Access(workload))
        }
        ["baseline", namespace] => Ok(PolicyKey::Baseline((*namespace).into())),
        _ => Err(format!("`{text}` is not a policy")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ObjectJson {
    api_version: String,
    kind: String,
    metadata: Value,
    #[serde(default)]
    spec: Value,
}

impl ObjectJson {
    fn native(self) -> Result<NativeObject, String> {
        // The plural is known for the kinds that a program lists. A law detects any other kind.
        let plural = format!("{}s", self.kind.to_lowercase());
        let kind = KindJson {
            api_version: self.api_version,
            kind: self.kind,
            plural,
        };
        Ok(NativeObject {
            kind: kind.kind(),
            metadata: serde_json::from_value(self.metadata).map_err(|error| format!("metadata: {error}"))?,
            spec: self.spec.into(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DiagnosticJson {
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

impl DiagnosticJson {
    fn diagnostic(self) -> Result<Diagnostic, String> {
        let code = Code::ALL
            .iter()
            .find(|code| code.as_str() == self.code)
            .ok_or_else(|| format!("there is no diagnostic code `{}`", self.code))?;
        let (object, field) = (self.object.object()?, self.field.as_str().into());
        let mut diagnostic = Diagnostic::new(*code, object, field, self.message).on_ports(self.ports);
        diagnostic.backend = self.backend;
        diagnostic.error = self.error;
        diagnostic.workload = self.workload.map(Named::object).transpose()?;
        Ok(diagnostic)
    }
}

/// A reference to an existing object.
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

/// Returns the kind of an object that manifests and diagnostics can refer to.
fn known(name: &str) -> Result<Kind, String> {
    let others = [Kind::Service, Kind::Namespace].into_iter().chain(Kind::WORKLOADS);
    let mut kinds = Kind::SMI.into_iter().chain(others);
    kinds
        .find(|kind| kind.name() == name)
        .ok_or_else(|| format!("`{name}` is not a kind that manifests or diagnostics can refer to"))
}
