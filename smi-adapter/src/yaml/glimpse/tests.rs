use super::glimpse;
use proptest::prelude::*;

/// Returns the objects in a text as texts.
fn seen(text: &str) -> Vec<String> {
    glimpse(text, "home").iter().map(ToString::to_string).collect()
}

#[test]
fn finds_kind_name_and_namespace_in_every_style() {
    for text in [
        "kind: TrafficTarget\nmetadata:\n  name: pay\n  namespace: shop\nspec: [",
        "---\n# a comment\napiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget # the kind\nmetadata:\n  # its name\n  name: pay # here\n\n  namespace: 'shop'\nspec:\n\trules: []",
        "spec: [\nkind: \"TrafficTarget\"\nmetadata: # names\n    labels:\n      name: other\n    namespace: \"shop\"\n    name: pay\n",
        "  kind: TrafficTarget\n  metadata:\n    name: pay\n    namespace: shop\n  spec: {\n",
        "\tkind: TrafficTarget\n\tmetadata:\n\t\tname: pay\n\t\tnamespace: shop\n",
        "kind:TrafficTarget\nmetadata:\n  name:pay\n  namespace : shop\n",
        "kind: TrafficTarget\r\nmetadata:\r\n  name: pay\r\n  namespace: shop\r\nspec: 'x\r\n",
        "kind: TrafficTarget\nmetadata: {name: pay, labels: {name: other}, namespace: shop}\nspec:\n  name: [",
        "kind: TrafficTarget\nmetadata: {name: pay, # here\n  namespace: \"shop\",\n\nspec:\n  destination:\n    namespace: other\n",
        "{kind: TrafficTarget, spec: {name: other, [x]}, metadata: {namespace: shop, name: pay}",
        "--- {\"kind\": \"TrafficTarget\", \"metadata\": {\"labels\": {\"a\": \"}\", \"b\": [1, {}]}, \"name\": \"pay\", \"namespace\": \"shop\"}, \"spec\": {\"a: 1}}",
        "{\n  \"metadata\" : {\n    \"name\" : \"pay\",\n    \"namespace\" : \"shop\n  },\n  \"kind\" : \"TrafficTarget\"\n",
        "kind: TrafficTarget\nmetadata:\nname: pay\nnamespace: shop\nspec:\nname: other\nsources:\n- kind: a\n    name: b",
        "{{- if .x }}\nkind: TrafficTarget\nmetadata:\n  name: pay\n  namespace: shop\n{{- end }}",
    ] {
        assert_eq!(seen(text), ["TrafficTarget shop/pay"], "{text}");
    }
}

#[test]
fn completes_what_cannot_be_read() {
    for (text, object) in [
        ("kind: TrafficSplit\n[", "TrafficSplit home/?"),
        ("kind: TrafficSplit\nmetadata:\nspec: x: y", "TrafficSplit home/?"),
        (
            "kind: TrafficSplit\nmetadata:\n  name: {{ .name }}\n  namespace: {{ .x }}-a",
            "TrafficSplit home/?",
        ),
        (
            "kind: TrafficSplit\nmetadata:\n  name: *a\n  namespace: shop",
            "TrafficSplit shop/?",
        ),
        ("kind: TrafficSplit\nmetadata: {name: a", "TrafficSplit home/a"),
        (
            "{kind: TrafficSplit, metadata: {name: a, namespace: ''",
            "TrafficSplit home/a",
        ),
    ] {
        assert_eq!(seen(text), [object], "{text}");
    }
}

#[test]
fn finds_every_object_of_a_text() {
    let one = |name: &str| {
        format!("apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata:\n  name: {name}\nspec: {{}}\n")
    };
    let all = ["TrafficTarget home/a", "TrafficTarget home/b"];
    assert_eq!(seen(&format!("{}{}{}", one("b"), one("a"), one("a"))), all);
    assert_eq!(
        seen("{kind: TrafficTarget, metadata: {name: a}}\n{metadata: {name: b}, kind: TrafficTarget"),
        all
    );
}

#[test]
fn finds_no_other_objects() {
    for text in [
        "",
        "---",
        "{",
        "kind: [TrafficTarget]",
        "kind: TrafficTargets\nmetadata: {name: a}",
        "spec:\n  kind: TrafficTarget\n",
        "# kind: TrafficTarget\n[",
        "kind: Service\nmetadata: {name: a}\n[",
        "{spec: {kind: TrafficTarget}, kind: ",
        "apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: TCPRoute\nmetadata: {name: a}\n[",
    ] {
        assert_eq!(seen(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn takes_time_proportional_to_the_length() {
    for part in [
        "{",
        "}",
        "\"",
        "'\n",
        "a ",
        "a: {b",
        "kind: TrafficTarget\n",
        "[a, ",
        "\"a\": ",
        "metadata: {\n",
    ] {
        for start in ["", "{", "metadata: {"] {
            glimpse(&(start.to_owned() + &part.repeat(100_000)), "home");
        }
    }
}

proptest! {
    #[test]
    fn reads_any_text(text in "(\\PC|[\n\t :{}\\[\\],'\"#-]|kind: TrafficTarget|metadata:|\n  name: )*") {
        for object in glimpse(&text, "home") {
            prop_assert_eq!(object.kind.name(), "TrafficTarget");
        }
    }

    /// The fields that precede an error are read, wherever it is.
    #[test]
    fn reads_what_precedes_an_error(rest in "(\n|[ {}\\[\\],'\"a-z:-])*") {
        let head = "kind: TrafficTarget\nmetadata: {name: pay, namespace: shop}\nspec: ";
        prop_assert!(seen(&(head.to_owned() + &rest)).contains(&"TrafficTarget shop/pay".to_owned()));
        let head = "{\"kind\": \"TrafficTarget\", \"metadata\": {\"name\": \"pay\", \"namespace\": \"shop\"}, ";
        prop_assert!(seen(&(head.to_owned() + &rest)).contains(&"TrafficTarget shop/pay".to_owned()));
    }
}
