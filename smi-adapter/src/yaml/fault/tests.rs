use super::super::read_values;
use super::{AFTER_END, ALIASES, COLON, DEPTH, INDENTATION, QUOTE, TAB};

/// Texts that cannot be parsed, with the lines and the words of their messages. Three lines precede each of them.
const BROKEN: &[(&str, usize, &str)] = &[
    (
        "a: 1\na: 2",
        5,
        "the key `a` is in one mapping twice: API servers use its last value, strict tools reject it; delete one of the two",
    ),
    (
        "spec:\n  a: 1\n  'a': 2",
        6,
        "the key `a` is in one mapping twice: API servers use its last value, strict tools reject it; delete one of the two",
    ),
    (
        "{a: 1, a: 2}",
        4,
        "the key `a` is in one mapping twice: API servers use its last value, strict tools reject it; delete one of the two",
    ),
    (
        "kind: A\nspec: {}\nkind: B",
        6,
        "the key `kind` is in one mapping twice: API servers use its last value, strict tools reject it; delete one of the two; if another object begins here, the line `---` is missing before it",
    ),
    ("{a: 1}: b\n{a: 1}: c", 4, "a key must be a text, not a mapping or list"),
    ("methods: [*]", 4, "a `*` or `&` has no name; if it is a text, quote it"),
    ("pathRegex: *", 4, "a `*` or `&` has no name; if it is a text, quote it"),
    (
        "pathRegex: */api",
        4,
        "the alias `*/api` has no anchor before it in this document; if it is a text, quote it",
    ),
    ("a: &", 4, "a `*` or `&` has no name; if it is a text, quote it"),
    ("a: &x [*x]", 4, "an alias is part of the value that it refers to"),
    (
        "a: &x 1\nb: *y",
        5,
        "the alias `*y` has no anchor before it in this document; if it is a text, quote it",
    ),
    ("{a: 1}\n{b: 2}", 5, AFTER_END),
    ("[a]\nb: 1", 5, AFTER_END),
    ("a: b\nc", 5, "a `:` is missing after a key"),
    ("text\na: 1", 5, COLON),
    ("a:\n\tb: 1", 5, TAB),
    ("a:\n  b: 1\n\tc: 2", 5, TAB),
    ("a:\n  b: 1\n c: 2", 6, INDENTATION),
    ("a: 1\n  b: 2", 5, COLON),
    ("a:\n- b\n c: 1", 6, COLON),
    ("a:\n  - b\n - c", 6, INDENTATION),
    ("- a\nb: 1", 5, INDENTATION),
    ("a: b: c", 4, COLON),
    ("a: [b", 4, "a `[` is not closed"),
    ("a: {b: [c}", 4, "a `[` is closed by a `}`"),
    ("a: {b: c", 4, "a `{` is not closed"),
    ("a: ]", 4, "a closing bracket has no opening one"),
    ("a: [b\nc: d", 5, COLON),
    ("a: {b: 1\nc: d", 5, "a `,` or `}` is missing in a mapping in braces"),
    ("a: [b c: d: e]", 4, "a `,` or `}` is missing in a mapping in braces"),
    ("a: {b: 1 c: 2}", 4, "a `,` or `}` is missing in a mapping in braces"),
    ("a: \"b", 4, QUOTE),
    ("a: 'b\nc: 1", 4, QUOTE),
    (
        "a: 'it's'",
        4,
        "a text goes on after its closing quote; within single quotes, `'` is written as `''`",
    ),
    (
        "a: \"say \"b\"\"",
        4,
        "a text goes on after its closing quote; within double quotes, `\"` is written as `\\\"`",
    ),
    (
        "a: \"/a\\.b\"",
        4,
        "there is no such escape in double quotes; write `\\` as `\\\\`, or use single quotes",
    ),
    (
        "a: \"\\xZZ\"",
        4,
        "there is no such escape in double quotes; write `\\` as `\\\\`, or use single quotes",
    ),
    ("a: @b", 4, "a value cannot begin with `@`; quote it"),
    ("a: `b`", 4, "a value cannot begin with a backtick; quote it"),
    ("a: %b", 4, "a value cannot begin with `%`; quote it"),
    ("a: - b", 4, "a `-` is not expected here; check the indentation"),
    ("a: [- b]", 4, "a `-` is not expected here; check the indentation"),
    (
        "a: .nan",
        4,
        "`.nan` is not a number that JSON has; if it is a text, quote it",
    ),
    (
        "a: 1e999",
        4,
        "`1e999` is not a number that JSON has; if it is a text, quote it",
    ),
    (
        "a: |x\n b",
        4,
        "the text after a `|` or `>` begins on the next line; if the `|` or `>` is part of a text, quote it",
    ),
    ("a: >\n    b\n  c\n d", 6, INDENTATION),
    ("<<: 1", 4, "the value of `<<` must be a mapping or a list of mappings"),
    (
        "a: {{ .Values.x }}",
        4,
        "a key must be a text, not a mapping or list; the line looks like a template, which must be rendered first",
    ),
    (
        "a: {{ .Values.x }}-b",
        4,
        "a key must be a text, not a mapping or list; the line looks like a template, which must be rendered first",
    ),
    (
        "{{- if .x }}\na: 1\n{{- end }}",
        4,
        "a `-` is not expected here; check the indentation; the line looks like a template, which must be rendered first",
    ),
    ("? [a\n: b", 5, COLON),
    ("a\0b: 1", 4, "the character `\\u{0}` is not allowed"),
    ("{\"a\": 1} {\"b\": }", 4, "invalid JSON: expected value"),
    (
        "{\"a\": 1} {\"b\"",
        5,
        "invalid JSON: the text ends in the middle of a JSON value",
    ),
    ("{\"a\": 1}\n{\"b\": 1,\n}", 6, "invalid JSON: trailing comma"),
    ("{\"a\": 1}\n]", 5, "invalid JSON: expected value"),
    ("{\"a\": 1", 4, "a `{` is not closed"),
    (
        "{\"a\" 1}",
        4,
        "a text goes on after its closing quote; within double quotes, `\"` is written as `\\\"`",
    ),
    ("{\"a\": \"b}", 4, QUOTE),
    ("{\n  \"a\": {\n  \"b\": 1\n", 5, "a `{` is not closed"),
];

#[test]
fn names_the_fault_and_its_line_in_words() {
    let mut different = Vec::new();
    for (broken, line, words) in BROKEN {
        let message = match read_values(&format!("---\n# a comment\n---\n{broken}\n")) {
            Ok(values) => format!("{values:?}"),
            Err(message) => message,
        };
        if message != format!("line {line}: {words}") {
            different.push((broken, message));
        }
    }
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn names_limits_without_those_of_a_library() {
    let bomb = (1..9).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    let bomb = format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}", bomb.collect::<String>());
    for (text, words) in [
        (bomb, ALIASES),
        ("[".repeat(100_000), DEPTH),
        ("- ".repeat(100_000), DEPTH),
    ] {
        let message = read_values(&text).unwrap_err();
        let (place, found) = message.split_once(": ").unwrap();
        assert!(place.starts_with("line "), "{message}");
        assert_eq!(found, words);
    }
}

/// From the documentation of a mesh: the indentation is lost in part.
const REAL: &str = "
kind: TrafficTarget
apiVersion: access.smi-spec.io/v1alpha3
metadata:
name: tcp-access
namespace: tcp-demo
spec:
sources:
- kind: ServiceAccount
    name: curl
    namespace: curl
";

#[test]
fn names_the_line_in_the_file_and_no_other() {
    for (text, message) in [
        (REAL.to_owned(), format!("line 10: {COLON}")),
        (format!("a: 1\n---\n# b\n\n---{REAL}"), format!("line 14: {COLON}")),
        (REAL.replace('\n', "\r\n"), format!("line 10: {COLON}")),
    ] {
        assert_eq!(read_values(&text).unwrap_err(), message, "{text}");
    }
}
