//! Invalid input: each message names file, document, object and field, and a sound split in the same input still works.

use crate::run::{Folder, Run, SOUND, json, written};
use serde_json::{Value, json};
use smi_examples::Exit;

const TYPE: &str = "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\n";

/// Runs `translate` on a sound file and a bad one, and asserts that the sound split is translated.
fn translate_with_sound(test: &str, bad: impl AsRef<[u8]>, options: &[&str]) -> Run {
    let folder = Folder::new(test);
    folder.add("sound.yaml", SOUND);
    folder.add("bad.yaml", bad);
    let run = folder.translate(options, &["sound.yaml", "bad.yaml"]);
    assert_eq!(run.exit, Exit::Errors, "{run:?}");
    assert_eq!(written(&run), ["VirtualService web"], "{test}");
    run
}

/// Invalid objects: test, text, field, code and the beginning of the message.
const BROKEN: [(&str, &str, &str, &str, &str); 9] = [
    ("unparsable", "kind: [a\n", "", "Unparsable", "line 4: "),
    (
        "version",
        "apiVersion: split.smi-spec.io/v9\nkind: TrafficSplit\nmetadata: {name: bad, namespace: shop}\n",
        "apiVersion",
        "UnknownVersion",
        "there is no version `v9` of `TrafficSplit`",
    ),
    (
        "type",
        "metadata: {name: bad, namespace: shop}\nspec: {service: web, backends: [{service: [web-v1], weight: 1}]}\n",
        "spec.backends[0].service",
        "Undecodable",
        "invalid type: ",
    ),
    (
        "no-spec",
        "metadata: {name: bad, namespace: shop}\n",
        "spec",
        "Invalid",
        "nothing is specified",
    ),
    (
        "negative",
        "metadata: {name: bad, namespace: shop}\nspec: {service: other, backends: [{service: web-v1, weight: 1}, {service: web, weight: -1}]}\n",
        "spec.backends[1].weight",
        "Invalid",
        "`-1` is not a weight",
    ),
    (
        "huge",
        "metadata: {name: bad, namespace: shop}\nspec: {service: other, backends: [{service: web-v1, weight: 9223372036854775808}]}\n",
        "spec.backends[0].weight",
        "Invalid",
        "`9223372036854775808` is not a weight",
    ),
    (
        "name",
        "metadata: {name: Bad, namespace: shop}\nspec: {service: web, backends: [{service: web-v1, weight: 1}]}\n",
        "metadata.name",
        "Undecodable",
        "`Bad` is not a valid object name",
    ),
    (
        "no-name",
        "spec: {service: web}\n",
        "metadata.name",
        "Undecodable",
        "there is no name",
    ),
    ("no-object", "just text\n", "", "Undecodable", "invalid type: "),
];

#[test]
fn messages_name_invalid_objects() {
    for (test, broken, field, code, message) in BROKEN {
        // Texts without a type are splits.
        let is_split = broken.starts_with("metadata") || broken.starts_with("spec");
        let head = if is_split { TYPE } else { "" };
        let bad = format!("kind: Secret\napiVersion: v1\n---\n{head}{broken}");
        let run = translate_with_sound(&format!("broken-{test}"), &bad, &[]);
        let name = if broken.contains("Bad") { "Bad" } else { "bad" };
        let key = match test {
            "unparsable" | "no-object" => None,
            "no-name" => Some(("default", "?")),
            _ => Some(("shop", name)),
        };
        let object = key
            .map(|(namespace, name)| format!(" TrafficSplit {namespace}/{name}"))
            .unwrap_or_default();
        let at = if field.is_empty() {
            String::new()
        } else {
            format!(" {field}")
        };
        let line = format!("error[{code}]{object}{at} (bad.yaml:4, document 2): {message}");
        assert_eq!(
            run.messages()
                .iter()
                .filter(|message| message.starts_with(&line))
                .count(),
            1,
            "{line}\n{}",
            run.err
        );

        let run = translate_with_sound(&format!("broken-{test}"), &bad, &["--format", "json"]);
        let is_expected =
            |reported: &Value| reported["code"] == code && reported["field"].as_str().unwrap_or_default() == field;
        let reported = json(&run)
            .into_iter()
            .find(is_expected)
            .unwrap_or_else(|| panic!("{}", run.err));
        assert!(reported["message"].as_str().unwrap().starts_with(message), "{reported}");
        assert_eq!(reported["severity"], "error");
        let origin = json!({"file": "bad.yaml", "document": 2, "line": 4});
        assert_eq!(reported["origins"], json!([origin]));
        let Some((namespace, name)) = key else {
            assert_eq!((reported.get("object"), reported.get("effect")), (None, None));
            continue;
        };
        // A diagnostic is written as the library serialises it.
        assert_eq!(reported["object"]["key"], json!({"namespace": namespace, "name": name}));
        assert_eq!(reported["object"]["kind"]["kind"], "TrafficSplit");
        assert_eq!(reported["effect"], "inert");
    }
}

#[test]
fn an_unparsable_target_is_named_and_enforces_its_namespace() {
    // A2
    let bad = "
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: bank, labels: {app: api}}
spec: {serviceAccountName: api, containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata:
  name: t
  namespace: bank
spec:
\tdestination: {}
";
    let folder = Folder::new("unparsable-target");
    folder.add("bad.yaml", bad);
    let run = folder.translate(&[], &["bad.yaml"]);
    assert_eq!(run.exit, Exit::Errors);
    assert_eq!(
        run.messages()[0],
        "error[Unparsable] TrafficTarget bank/t (bad.yaml:7, document 2): line 13: there is a tab where only spaces are allowed, such as in an indentation"
    );
    assert!(run.out.contains("kind: AuthorizationPolicy"), "{}", run.out);
    assert_eq!(
        json(&folder.translate(&["--format", "json"], &["bad.yaml"]))[0]["code"],
        "Unparsable"
    );
}

#[test]
fn reports_an_unreadable_object_once() {
    let bad = format!("{TYPE}metadata: {{name: bad, namespace: shop}}\nspec: 1\n");
    let run = translate_with_sound("once", bad, &[]);
    assert_eq!(run.messages().len(), 2, "{}", run.err);
    assert!(
        run.err
            .ends_with("1 object written for istio; 1 error, 0 warnings, 0 infos\n")
    );
}

#[test]
fn duplicate_objects_have_no_effect() {
    // I1: in two versions and two files, one of them unreadable in the second case.
    let twin = "kind: TrafficSplit\nmetadata: {name: twin, namespace: shop}\nspec: {service: web, backends: [{service: web, weight: 1}]}\n";
    let twice =
        format!("apiVersion: split.smi-spec.io/v1alpha4\n{twin}---\napiVersion: split.smi-spec.io/v1alpha2\n{twin}");
    let run = translate_with_sound("twice", &twice, &[]);
    assert_eq!(
        run.messages(),
        [
            "error[DuplicateObject] TrafficSplit shop/twin (bad.yaml:1, document 1; bad.yaml:6, document 2): `shop/twin` is defined more than once; none of the definitions has an effect",
            "1 object written for istio; 1 error, 0 warnings, 0 infos",
        ]
    );
    let unreadable = twice.replace("v1alpha2", "v1beta1");
    let run = translate_with_sound("twice-unreadable", unreadable, &[]);
    assert_eq!(
        run.messages()[..2],
        [
            "error[UnknownVersion] TrafficSplit shop/twin apiVersion (bad.yaml:6, document 2): there is no version `v1beta1` of `TrafficSplit`; write `split.smi-spec.io/v1alpha4`, `split.smi-spec.io/v1alpha3`, `split.smi-spec.io/v1alpha2` or `split.smi-spec.io/v1alpha1`",
            "error[DuplicateObject] TrafficSplit shop/twin (bad.yaml:1, document 1; bad.yaml:6, document 2): `shop/twin` is defined more than once; none of the definitions has an effect",
        ]
    );
}

#[test]
fn reports_an_unusable_group_and_disables_its_split() {
    let split = format!(
        "{TYPE}metadata: {{name: bad, namespace: shop}}\nspec: {{service: web, matches: [{{kind: HTTPRouteGroup, name: g}}], backends: [{{service: web, weight: 1}}]}}\n"
    );
    let group =
        "---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: g, namespace: shop}\n";
    let place = "(bad.yaml:6, document 2)";
    for (test, rest, lines) in [
        (
            "group-shape",
            "matches: [{name: m, pathRegex: /}]\n",
            vec![format!("error[UnknownField] HTTPRouteGroup shop/g matches {place}: ")],
        ),
        (
            "group-regex",
            "spec: {matches: [{name: m, pathRegex: '/(?!admin).*'}]}\n",
            vec![format!(
                "error[NotPortable] HTTPRouteGroup shop/g spec.matches[0].pathRegex {place}: "
            )],
        ),
    ] {
        let run = translate_with_sound(test, format!("{split}{group}{rest}"), &[]);
        let unresolved = "error[UnresolvedRef] TrafficSplit shop/bad spec.matches[0].name (bad.yaml:1, document 1): ";
        for line in lines.iter().map(String::as_str).chain([unresolved]) {
            assert!(
                run.messages().iter().any(|message| message.starts_with(line)),
                "{line}\n{}",
                run.err
            );
        }
        assert!(!run.out.contains("shop/bad"), "{}", run.out);
    }
}

#[test]
fn invalid_utf8_does_not_affect_other_files() {
    let message = "the file is not valid UTF-8 at byte 7, so it is ignored";
    let run = translate_with_sound("utf8", b"# abc \xff\xfe\n", &[]);
    assert_eq!(run.messages()[0], format!("error[Unparsable] (bad.yaml): {message}"));
    let run = translate_with_sound("utf8", b"# abc \xff\xfe\n", &["--format", "json"]);
    let expected = json!({
        "severity": "error", "code": "Unparsable", "file": "bad.yaml", "message": message,
    });
    assert_eq!(json(&run), [expected]);
}

#[test]
fn every_message_is_one_line() {
    let bad = format!("{TYPE}metadata: {{name: \"a\\nb\\e[31m\", namespace: shop}}\n");
    let run = translate_with_sound("lines", bad, &[]);
    assert_eq!(run.messages().len(), 2, "{}", run.err);
    assert!(
        run.messages()[0].starts_with(
            "error[Undecodable] TrafficSplit shop/a\\nb\\u{1b}[31m metadata.name (bad.yaml:1, document 1): "
        ),
        "{}",
        run.err
    );
}
