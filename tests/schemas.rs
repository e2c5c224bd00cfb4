//! Every emitted object is accepted by the schema of its upstream CRD, and an API server would prune none of its
//! fields.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are test code as well"
)]

use serde_json::{Map, Value, json};
use smi_adapter::adapter::MeshAdapterExt;
use smi_adapter::manifest::NativeObject;
use smi_adapter::plan::Observed;
use smi_adapter::settings::Settings;
use smi_adapter::snapshot::SnapshotBuilder;
use smi_adapter::yaml;
use smi_adapter_istio::{GATEWAYS_ANNOTATION, Istio};
use smi_tests::{adapters, inputs, texts, translate};
use std::collections::BTreeMap;

const CRDS: &str = "SMI_UPSTREAM_CRDS";

/// Returns the validators of all upstream CRDs, by `apiVersion/kind`.
fn validators() -> Option<BTreeMap<String, jsonschema::Validator>> {
    let files = inputs(CRDS, &["yaml"])?;
    let mut validators = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the file exists");
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).expect("upstream CRDs are YAML");
        for crd in documents
            .iter()
            .filter(|document| document["kind"] == "CustomResourceDefinition")
        {
            for version in crd["spec"]["versions"].as_array().into_iter().flatten() {
                let mut schema = version["schema"]["openAPIV3Schema"].clone();
                make_strict(&mut schema, true);
                let group = crd["spec"]["group"].as_str().unwrap_or_default();
                let version = version["name"].as_str().unwrap_or_default();
                let kind = crd["spec"]["names"]["kind"].as_str().unwrap_or_default();
                let validator = jsonschema::draft7::new(&schema).expect("upstream schemas are valid");
                validators.insert(format!("{group}/{version}/{kind}"), validator);
            }
        }
    }
    Some(validators)
}

/// Makes a structural schema reject every field that an API server would prune, and replaces the extensions of
/// Kubernetes by plain JSON Schema.
fn make_strict(schema: &mut Value, root: bool) {
    let Some(fields) = schema.as_object_mut() else { return };
    if fields.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        fields.remove("type");
        fields.remove("anyOf");
        fields.insert("type".into(), json!(["integer", "string"]));
    }
    let keeps_unknown = fields.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        if root {
            let any = Value::Object(Map::new());
            for name in ["apiVersion", "kind", "metadata"] {
                properties.insert(name.into(), any.clone());
            }
        }
        for property in properties.values_mut() {
            make_strict(property, false);
        }
        if !keeps_unknown {
            fields.insert("additionalProperties".into(), json!(false));
        }
    } else if let Some(values) = fields.get_mut("additionalProperties") {
        make_strict(values, false);
    }
    if let Some(items) = fields.get_mut("items") {
        make_strict(items, false);
    }
}

fn check(validators: &BTreeMap<String, jsonschema::Validator>, object: &NativeObject) -> Result<(), String> {
    let kind = format!("{}/{}", object.kind.api_version(), object.kind.kind);
    let validator = validators.get(&kind).ok_or(format!("there is no CRD for {kind}"))?;
    let value = object.to_value();
    match validator.iter_errors(&value).next() {
        Some(error) => Err(format!("{}: {error}\n{value:#}", error.instance_path())),
        None => Ok(()),
    }
}

#[test]
fn schemas_accept_translations_of_walkthroughs_and_corpus() {
    let Some(validators) = validators() else { return };
    let texts = texts();
    let mut checked = 0;
    for adapter in adapters() {
        for text in &texts {
            for manifest in translate(&*adapter, text, &[80, 8080]).planned.manifests {
                check(&validators, &manifest.object).unwrap_or_else(|error| panic!("{error}\n{text}"));
                checked += 1;
            }
        }
    }
    println!("{checked} objects accepted by the schemas of their CRDs");
    assert!(checked >= 10);
}

#[test]
fn schemas_accept_every_form_of_a_virtual_service() {
    let Some(validators) = validators() else { return };
    let text = format!(
        "
{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{ports: [{{port: 80, name: http}}]}}}}
---
{{apiVersion: v1, kind: Service, metadata: {{name: v1}}, spec: {{ports: [{{port: 80}}]}}}}
---
{{apiVersion: specs.smi-spec.io/v1alpha4, kind: HTTPRouteGroup, metadata: {{name: g}}, spec: {{matches: [
  {{name: a, pathRegex: /a, methods: [GET, HEAD], headers: {{x: '', y: .+}}}}, {{name: b, methods: [GET]}}]}}}}
---
{{apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {{name: s, uid: u, annotations: {{'{GATEWAYS_ANNOTATION}': '[\"g\"]'}}}},
  spec: {{service: web, matches: [{{kind: HTTPRouteGroup, name: g}}], backends: [{{service: v1, weight: 1}}, {{service: web, weight: 9000000000}}]}}}}
---
{{apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {{name: t}}, spec: {{service: web, backends: [{{service: v1, weight: 1}}]}}}}
---
{{apiVersion: split.smi-spec.io/v1alpha4, kind: TrafficSplit, metadata: {{name: e}}, spec: {{service: shop.example.com, backends: [{{service: v1, weight: 1}}]}}}}
"
    );
    let mut istio = Istio::default();
    istio.gateways.insert("default/g".into());
    istio.external_hosts.insert("shop.example.com".into());
    let mut input = SnapshotBuilder::default();
    for document in yaml::read(&text, "default") {
        document.add_to(&mut input).expect("valid input");
    }
    let snapshot = input.build();
    let planned = istio.plan(&snapshot, &Settings::default(), &Observed::default());
    assert_eq!(planned.manifests.len(), 2, "{:#?}", planned.diagnostics);
    for manifest in &planned.manifests {
        check(&validators, &manifest.object).unwrap_or_else(|error| panic!("{error}"));
    }

    // The check can fail: on a wrong type, on a field that would be pruned, and on values that a CRD forbids.
    let valid = &planned.manifests[0].object;
    let edits: [fn(&mut Value); 3] = [
        |spec| spec["hosts"] = json!("web"),
        |spec| spec["http"][0]["weights"] = json!(1),
        |spec| spec["http"][0]["match"] = json!([{"uri": {"exact": "/", "regex": "/"}}]),
    ];
    for edit in edits {
        let mut invalid = valid.clone();
        edit(&mut invalid.spec);
        assert!(check(&validators, &invalid).is_err(), "{invalid:?}");
    }
}
