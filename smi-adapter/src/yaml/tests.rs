use super::*;
use crate::diagnostic::Code;
use crate::object::{Kind, ObjectKey};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

fn split(name: &str) -> String {
    format!(
        "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {{name: {name}}}\nspec: {{service: web, backends: []}}\n"
    )
}

/// Returns a short text for each document: the name of an object, or the code and text of an error.
fn summary(text: &str) -> Vec<String> {
    let documents = read(text, "shop").into_iter();
    documents
        .map(|document| {
            let item = document.item.map(|item| format!(".{item}")).unwrap_or_default();
            let what = match document.content {
                Ok(Content::Smi(parsed)) => ObjectKey::of(parsed.object.metadata()).to_string(),
                Ok(Content::Service(service)) => format!("service {}", ObjectKey::of(&service.metadata)),
                Ok(Content::Workload(workload)) => workload.object().to_string(),
                Ok(Content::Namespace(namespace)) => {
                    ObjectRef::namespace(&namespace.metadata.name.unwrap()).to_string()
                }
                Ok(Content::Native(object)) => object.kind.to_string(),
                Err(error) => format!("{} {error}", error.code()),
            };
            format!("{}{item} {what}", document.number)
        })
        .collect()
}

#[test]
fn reads_every_document() {
    let text = format!(
        "# a comment\n---\n{}---\n\n--- # nothing\n...\n%YAML 1.1\n---\n{}",
        split("a"),
        split("b")
    );
    assert_eq!(summary(&text), ["1 shop/a", "2 shop/b"]);
    assert_eq!(summary(""), Vec::<String>::new());
    assert_eq!(summary("\u{feff}# only a comment\r\n"), Vec::<String>::new());
    assert_eq!(
        summary(&format!("\u{feff}{}", split("a").replace('\n', "\r\n"))),
        ["1 shop/a"]
    );
}

#[test]
fn a_broken_document_does_not_affect_others() {
    let text = format!(
        "{}---\nkind: [a\n---\na: b: c\n---\n\"open\n---\n{}",
        split("a"),
        split("b")
    );
    let summary = summary(&text);
    assert_eq!(summary.len(), 5, "{summary:?}");
    assert_eq!((&*summary[0], &*summary[4]), ("1 shop/a", "5 shop/b"));
    for broken in &summary[1..4] {
        assert!(broken.contains("Unparsable line "), "{broken}");
    }
    // Lines are counted from the start of the file.
    assert!(summary[2].contains("line 8"), "{summary:?}");
}

#[test]
fn reads_single_json_objects_sequences_and_lists() {
    let json = r#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplit", "metadata": {"name": "a"}}"#;
    assert_eq!(summary(json), ["1 shop/a"]);
    assert_eq!(summary(&format!("{json}\n{json}")), ["1 shop/a", "1 shop/a"]);
    assert_eq!(summary(&format!("{json}\n---\n{json}")), ["1 shop/a", "2 shop/a"]);
    let broken = summary(&format!("{json} {{"));
    assert_eq!(broken[0], "1 shop/a");
    assert!(broken[1].starts_with("1 Unparsable"), "{broken:?}");
    assert_eq!(summary("{apiVersion: v1, kind: ConfigMap}"), ["1 ConfigMap"]);

    let list = format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [{json}, {{"apiVersion": "v1", "kind": "ConfigMap"}}]}}"#
    );
    assert_eq!(summary(&list), ["1.1 shop/a", "1.2 ConfigMap"]);
    // Items of a typed list may lack their type.
    let list = r#"{"apiVersion": "split.smi-spec.io/v1alpha4", "kind": "TrafficSplitList", "items": [{"metadata": {"name": "a"}}]}"#;
    assert_eq!(summary(list), ["1.1 shop/a"]);
    assert_eq!(
        summary(r#"{"apiVersion": "v1", "kind": "List", "items": []}"#),
        Vec::<String>::new()
    );
}

#[test]
fn objects_without_a_namespace_get_the_default() {
    // I2
    for (metadata, expected) in [
        ("{name: a}", "1 shop/a"),
        ("{name: a, namespace: ''}", "1 shop/a"),
        ("{name: a, namespace: null}", "1 shop/a"),
        ("{name: a, namespace: other}", "1 other/a"),
    ] {
        let text = format!("apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {metadata}");
        assert_eq!(summary(&text), [expected]);
    }
}

#[test]
fn unreadable_objects_are_named_as_far_as_possible() {
    let split = "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n";
    let target = "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\n";
    for (text, expected) in [
        // I2
        (split.to_owned(), "TrafficSplit shop/?"),
        (format!("{split}metadata:\nname: a"), "TrafficSplit shop/?"),
        (format!("{split}metadata: [a]"), "TrafficSplit shop/?"),
        (
            format!("{split}metadata: {{name: 7, namespace: bank}}"),
            "TrafficSplit bank/?",
        ),
        ("apiVersion: v1\nkind: Service".to_owned(), "Service shop/?"),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: 7, namespace: bank}".to_owned(),
            "Service bank/?",
        ),
        ("apiVersion: v1\nkind: Namespace\nmetadata:".to_owned(), "Namespace ?"),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a}".to_owned(),
            "Pod shop/?",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ''}\nspec: 1".to_owned(),
            "Deployment shop/?",
        ),
        // A2
        (
            format!("{target}metadata: {{name: a, namespace: bank}}\nspec: ["),
            "TrafficTarget bank/a",
        ),
        (format!("{target}spec: ["), "TrafficTarget shop/?"),
        (
            "{kind: Service, apiVersion: v1, metadata: {name: a}}\n---\n{\"kind\": \"TrafficTarget\"\n".to_owned(),
            "TrafficTarget shop/?",
        ),
    ] {
        let mut input = SnapshotBuilder::default();
        for document in read(&text, "shop") {
            document.add_to(&mut input).unwrap();
        }
        let snapshot = input.build();
        let found: Vec<String> = snapshot.undecodable().map(|error| error.object.to_string()).collect();
        assert_eq!(found, [expected], "{text}");
        let (namespace, settings) = (
            &snapshot.undecodable().next().unwrap().object.key.namespace,
            crate::settings::Settings::default(),
        );
        let enforced = crate::semantics::is_enforced(&snapshot, &settings, namespace);
        assert_eq!(enforced, expected.starts_with("TrafficTarget"), "{text}");
    }
}

#[test]
fn a_missing_marker_hides_no_object() {
    let target = |name: &str| {
        format!(
            "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {{name: t, namespace: {name}}}\n"
        )
    };
    let documents = read(&(target("a") + &target("b")), "shop");
    let errors: Vec<ReadError> = documents
        .into_iter()
        .map(|document| document.content.unwrap_err())
        .collect();
    let objects: Vec<String> = errors.iter().map(|error| error.object().unwrap().to_string()).collect();
    assert_eq!(objects, ["TrafficTarget a/t", "TrafficTarget b/t"]);
    assert!(
        errors[1]
            .message()
            .starts_with("line 4: the key `apiVersion` is in one mapping twice"),
        "{}",
        errors[1]
    );
}

#[test]
fn text_is_read_as_an_api_server_reads_it() {
    // An unquoted `n` is a boolean.
    let error = &summary(&split("n"))[0];
    assert!(
        error.contains("Undecodable metadata.name: `false` is not a string"),
        "{error}"
    );
    assert!(error.contains("quote the value"), "{error}");
    assert_eq!(summary(&split("'n'")), ["1 shop/n"]);

    let weight = |text: &str| {
        let text = split("a").replace("[]", &format!("[{{service: b, weight: {text}}}]"));
        match read(&text, "shop").remove(0).content {
            Ok(Content::Smi(Parsed {
                object: Object::TrafficSplit(split),
                ..
            })) => split.spec.unwrap().backends[0].weight.clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(weight("010"), smi_types::weight::Decimal::from(8).into());
    assert_eq!(weight("1_000"), smi_types::weight::Decimal::from(1000).into());
    assert_eq!(
        weight("500m"),
        "0.5".parse::<smi_types::weight::Decimal>().unwrap().into()
    );
}

#[test]
fn reports_the_code_of_every_unreadable_document() {
    for (text, code) in [
        ("just text", "Undecodable"),
        ("- a\n- b", "Undecodable"),
        ("[1, 2]", "Undecodable"),
        ("a: 1", "NotAnObject"),
        ("kind: TrafficSplit\nmetadata: {name: a}", "UnknownKind"), // D22
        ("kind: Deployment\nmetadata: {name: a}", "NotAnObject"),
        ("a: 1\na: 2", "Unparsable"),
        (
            "apiVersion: split.smi-spec.io/v9\nkind: TrafficSplit\nmetadata: {name: a}",
            "UnknownVersion",
        ),
        (
            "apiVersion: split.smi-spec.io/v1alpha4\nkind: Split\nmetadata: {name: a}",
            "UnknownKind",
        ),
        (
            "apiVersion: metrics.smi-spec.io/v1alpha1\nkind: TrafficMetrics\nmetadata: {name: a}",
            "Unsupported",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {}",
            "Undecodable metadata.name",
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: x}]}",
            "Undecodable spec.ports[0].port",
        ),
    ] {
        let summary = summary(text);
        assert_eq!(summary.len(), 1, "{text}");
        assert!(summary[0].starts_with(&format!("1 {code}")), "{text}: {summary:?}");
    }
}

#[test]
fn rejects_hostile_text_in_bounded_work() {
    let bomb: Vec<String> = (1..20)
        .map(|level| {
            format!(
                "a{level}: &a{level} [{}]",
                vec![format!("*a{}", level - 1); 10].join(", ")
            )
        })
        .collect();
    let bomb = format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}", bomb.join("\n"));
    let long = "x".repeat(100_000);
    let copies = format!("a: &a {long}\nb: [{}]", vec!["*a"; 9_000].join(", "));
    for text in [
        bomb,
        copies,
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "&a [*a]".to_owned(),
        "? ".repeat(10_000),
    ] {
        let summary = summary(&text);
        assert_eq!(summary.len(), 1);
        assert!(summary[0].starts_with("1 Un"), "{:.100}", summary[0]);
    }
}

#[test]
fn written_text_has_the_same_meaning_in_every_yaml_version() {
    let odd = [
        "y",
        "no",
        "on",
        "010",
        "1_000",
        "1e3",
        "null",
        "~",
        "",
        " x ",
        "a: b",
        "# c",
        "2026-01-01",
        "0x1f",
        "é\n",
        "-",
        "*a",
    ];
    let object = NativeObject {
        kind: Kind::Service,
        metadata: ObjectMeta {
            name: Some("on".into()),
            ..ObjectMeta::default()
        }
        .into(),
        spec: json!({"texts": odd, "n": 1, "empty": [], "none": {}, "long": "[a-z] ".repeat(50)}).into(),
    };
    let text = write([&object, &object]);
    assert!(
        text.starts_with("apiVersion: v1\nkind: Service\nmetadata:\n  name: \"on\"\nspec:\n"),
        "{text}"
    );
    let options = || serde_saphyr::options! {strict_booleans: true};
    let values: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let strict: Vec<Value> = serde_saphyr::from_multiple_with_options(&text, options()).unwrap();
    assert_eq!(values, [object.to_value(), object.to_value()]);
    assert_eq!(strict, values);
}

#[test]
fn reads_native_objects_as_written() {
    let object = |kind: Kind| NativeObject {
        kind,
        metadata: ObjectMeta {
            name: Some("on".into()),
            labels: Some([("a".to_owned(), "no".to_owned())].into()),
            ..ObjectMeta::default()
        }
        .into(),
        spec: json!({"n": 1, "empty": [], "text": "010"}).into(),
    };
    let known = Kind::new(&["x.dev", "v1", "Proxy", "proxies"]);
    let objects = [object(known.clone()), object(Kind::Service)];
    let read: Result<Vec<NativeObject>, _> = read_native(&write(&objects), &[known]).into_iter().collect();
    assert_eq!(read.unwrap(), objects);
    let list = read_native("{items: [{apiVersion: v1, kind: Service}, {kind: Service}]}", &[]);
    assert_eq!(list.len(), 2);
    assert!(list[0].is_ok());
    assert_eq!(list[1].as_ref().unwrap_err().code(), Code::NotAnObject);
    let broken = read_native("apiVersion: v1\nkind: Service\nmetadata: {name: 1}\n---\n[", &[]);
    let codes: Vec<Code> = broken.into_iter().map(|object| object.unwrap_err().code()).collect();
    assert_eq!(codes, [Code::Undecodable, Code::Unparsable]);
}

#[test]
fn native_objects_are_read_and_added_to_no_snapshot() {
    let native = |metadata: &str| {
        let text = format!("apiVersion: x.dev/v1\nkind: Proxy\nmetadata: {metadata}\nspec: {{n: 1}}\nstatus: {{}}");
        let document = read(&text, "shop").remove(0);
        assert_eq!(document.clone().add_to(&mut SnapshotBuilder::default()), Ok(None));
        match document.content {
            Ok(Content::Native(object)) => *object,
            other => panic!("{other:?}"),
        }
    };
    let object = native("{name: a, labels: {x: z}}");
    assert_eq!(object.kind, Kind::named("x.dev", "v1", "Proxy", "proxys"));
    assert_eq!((object.label("x"), &object.spec), (Some("z"), &json!({"n": 1}).into()));
    // I2
    assert_eq!(object.key(), ObjectKey::new("shop", "a"));
    assert_eq!(native("{name: a, namespace: b}").key(), ObjectKey::new("b", "a"));
    // Metadata with a wrong type are read as far as possible.
    let object = native("{name: a, creationTimestamp: 1, labels: {x: 1, y: z}}");
    assert_eq!((object.label("x"), object.label("y")), (None, Some("z")));
    assert_eq!(object.key(), ObjectKey::new("shop", "a"));
    assert_eq!(*native("").metadata, ObjectMeta::default());
}

#[test]
fn diagnostics_name_the_files_documents_and_lines_of_their_object() {
    let split = "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {name: canary}\n";
    let text = format!(
        "# a comment\n---\n\n{split}spec: {{}}\n---\nkind: List\nitems: [{{apiVersion: v1, kind: Service, metadata: {{name: web}}}}]\n"
    );
    let mut input = SnapshotBuilder::default();
    for document in read(&text, "shop") {
        document.add_from(Some("one.yaml"), &mut input).unwrap();
    }
    for document in read(split, "shop") {
        document.add_from(Some("two.yaml"), &mut input).unwrap();
    }
    let snapshot = input.build();
    let resolution = crate::resolve::resolve(&snapshot, &crate::settings::Settings::default());
    let places: Vec<String> = resolution.diagnostics[0]
        .origins
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(places, ["one.yaml:4, document 1", "two.yaml:1, document 1"]);
    assert_eq!(
        serde_json::to_value(&resolution.diagnostics[0]).unwrap()["origins"],
        json!([{"file": "one.yaml", "document": 1, "line": 4}, {"file": "two.yaml", "document": 1, "line": 1}])
    );
    let web = ObjectRef::service(ObjectKey::new("shop", "web"));
    assert_eq!(snapshot.origins(&web)[0].to_string(), "one.yaml:9, document 2, item 1");
}
