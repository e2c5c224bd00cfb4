//! Command lines and exit statuses.

use crate::run::{Folder, Run, SOUND, explained, json, translated, written};
use smi_examples::{Exit, translate};
use std::io::{self, Write};

/// Asserts that a program did not run: it wrote one line with the reason, and nothing else.
fn assert_refused(run: &Run, reason: &str) {
    assert_eq!(run.exit, Exit::Refused, "{run:?}");
    assert_eq!(run.out, "");
    assert_eq!(run.messages(), [format!("error: {reason}")]);
}

#[test]
fn refuses_invalid_arguments() {
    let hint = "; `--help` lists the options";
    for (arguments, reason) in [
        (&["--nonsense", "x"][..], format!("invalid option '--nonsense'{hint}")),
        (&["-x"], format!("invalid option '-x'{hint}")),
        (&["--format"], format!("missing argument for option '--format'{hint}")),
        (
            &["--format", "xml", "x"],
            format!("`xml` is not one of `human`, `json`{hint}"),
        ),
        (
            &["--path-anchor", "end", "x"],
            format!("`end` is not one of `full`, `start`{hint}"),
        ),
        (
            &["--header-anchor", "end", "x"],
            format!("`end` is not one of `full`, `search`{hint}"),
        ),
        (
            &["--namespace", "A b", "x"],
            format!("`A b` is not a namespace, expected a DNS label{hint}"),
        ),
        (
            &["--cluster-domain", ".x", "x"],
            format!("`.x` is not a DNS domain{hint}"),
        ),
        (
            &["--assume-ports", "80,0", "x"],
            format!("`0` is not a port between 1 and 65535{hint}"),
        ),
        (
            &["--assume-ports", "", "x"],
            format!("`` is not a port between 1 and 65535{hint}"),
        ),
        (
            &["--mesh", "none", "x"],
            "unknown mesh `none`, expected `istio` or `linkerd`".into(),
        ),
        (
            &[],
            "no input: specify files, folders, or `-` for standard input".into(),
        ),
    ] {
        assert_refused(&translated(arguments, ""), &reason);
    }
    for (arguments, reason) in [
        (
            &["--to", "web", "x"][..],
            format!("`web` has no port, expected `name:port` or `name.namespace:port`{hint}"),
        ),
        (
            &["--to", "a.b.c:1", "x"],
            format!("`a.b.c` is not a service, expected `name` or `name.namespace`{hint}"),
        ),
        (
            &["--to", "a:99999", "x"],
            format!("`99999` is not a port between 1 and 65535{hint}"),
        ),
        (
            &["--from", "me", "x"],
            format!("`me` is not a service account, expected `namespace/name`{hint}"),
        ),
        (
            &["--header", "=x", "x"],
            format!("`=x` is not a header, expected `name=value`{hint}"),
        ),
        (
            &["x"],
            "`--to` is missing, expected a service as `name.namespace:port`".into(),
        ),
        (
            &["--to", "a:1", "--tcp", "--path", "/", "x"],
            "`--tcp` cannot be used with `--path`, `--method` or `--header`".into(),
        ),
    ] {
        assert_refused(&explained(arguments, ""), &reason);
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = translate::run(["x"], &mut io::empty(), &mut out, &mut err);
    assert_eq!(exit, Exit::Refused);
    assert_eq!(err, b"error: `--mesh` is missing, expected `istio` or `linkerd`\n");
}

#[test]
fn help_lists_every_option() {
    let shared = [
        "namespace",
        "assume-ports",
        "assume-workloads",
        "enforce",
        "trust-domain",
        "path-anchor",
        "header-anchor",
        "cluster-domain",
        "format",
        "help",
    ];
    let translate = translated(&["--help"], "");
    let explain = explained(&["-h"], "");
    for (run, own) in [
        (&translate, &["mesh", "gateway", "external-host", "envoy-filters"][..]),
        (&explain, &["from", "to", "path", "method", "header", "tcp"]),
    ] {
        assert_eq!((run.exit, &*run.err), (Exit::Done, ""));
        for option in own.iter().chain(&shared) {
            assert!(run.out.contains(&format!("\n  --{option} ")), "{option}");
        }
        assert!(run.out.lines().all(|line| line.chars().count() <= 120));
    }
}

#[test]
fn reads_files_folders_and_standard_input() {
    let folder = Folder::new("files");
    let (services, split) = SOUND.split_at(SOUND.rfind("---").unwrap());
    folder.add("deep/er/services.yml", services);
    folder.add("deep/ignored.txt", "no manifest: [");
    folder.add("split", split);
    let run = folder.translate(&[], &["deep", "split"]);
    assert_eq!(
        (run.exit, written(&run)),
        (Exit::Done, vec!["VirtualService web".to_owned()]),
        "{run:?}"
    );
    assert_eq!(
        run.messages(),
        ["1 object written for istio; 0 errors, 0 warnings, 0 infos"]
    );

    let run = translated(&["-"], SOUND);
    assert_eq!((run.exit, written(&run).len()), (Exit::Done, 1));

    // JSON: consecutive objects, and a list.
    let service = |name: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Service","metadata":{{"name":"{name}"}},"spec":{{"ports":[{{"port":80}}]}}}}"#
        )
    };
    let split = |backend: &str| {
        format!(
            r#"{{"apiVersion":"split.smi-spec.io/v1alpha2","kind":"TrafficSplit","metadata":{{"name":"s"}},
                 "spec":{{"service":"a","backends":[{{"service":"{backend}","weight":"1"}}]}}}}"#
        )
    };
    let list = format!(
        r#"{{"apiVersion":"v1","kind":"List","items":[{},{}]}}"#,
        service("a"),
        split("c")
    );
    let run = translated(&["-"], &format!("{}{list}", service("b")));
    assert_eq!(run.exit, Exit::Errors);
    let line = "error[BackendMissing] TrafficSplit default/s spec.backends[0].service (-:1, document 1, item 2): ";
    assert!(
        run.messages().iter().any(|message| message.starts_with(line)),
        "{}",
        run.err
    );
    let list = list.replace(r#""service":"c""#, r#""service":"b""#);
    let run = translated(&["-"], &format!("{}{list}", service("b")));
    assert_eq!((run.exit, written(&run).len()), (Exit::Done, 1), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn reads_a_mounted_config_map_once() {
    let folder = Folder::new("mounted");
    let (services, split) = SOUND.split_at(SOUND.rfind("---").unwrap());
    folder.add("..2026_01_01/services.yaml", services);
    folder.add("..2026_01_01/split.yaml", split);
    folder.add(".hidden.yaml", SOUND);
    folder.link("..2026_01_01", "..data");
    folder.link("..data/services.yaml", "services.yaml");
    folder.link("..data/split.yaml", "split.yaml");
    folder.link("..data", "folder.yaml");
    for files in [
        &[""][..],
        &["", ""],
        &["split.yaml", "services.yaml", "", "..data", "..2026_01_01"],
        &["..data/split.yaml", "..2026_01_01/services.yaml", "services.yaml"],
    ] {
        let run = folder.translate(&[], files);
        assert_eq!(
            (run.exit, written(&run).len()),
            (Exit::Done, 1),
            "{files:?} {}",
            run.err
        );
        assert_eq!(run.messages().len(), 1, "{files:?} {}", run.err);
    }
    // A copy is another file.
    folder.add("copy.yaml", split);
    let run = folder.translate(&[], &[""]);
    let places = "(copy.yaml:2, document 1; split.yaml:2, document 1)";
    assert!(
        run.err.contains(&format!("TrafficSplit shop/sound {places}: ")),
        "{}",
        run.err
    );
    folder.link("missing.yaml", "broken.yaml");
    assert_refused(
        &folder.translate(&[], &[""]),
        "cannot read `broken.yaml`: No such file or directory (os error 2)",
    );
}

#[test]
fn refuses_empty_input() {
    let folder = Folder::new("nothing");
    folder.add("empty/readme.txt", "");
    folder.add("comment.yaml", "# nothing\n---\n");
    folder.add("sound.yaml", SOUND);
    assert_refused(
        &folder.translate(&[], &["empty"]),
        "no input: there are no objects in `empty`",
    );
    assert_refused(
        &folder.translate(&[], &["comment.yaml"]),
        "no input: there are no objects in `comment.yaml`",
    );
    assert_refused(&translated(&["-"], ""), "no input: there are no objects in `-`");
    let missing = folder.translate(&[], &["sound.yaml", "missing.yaml"]);
    assert_refused(
        &missing,
        "cannot read `missing.yaml`: No such file or directory (os error 2)",
    );

    let run = folder.translate(&[], &["empty", "sound.yaml"]);
    assert_eq!((run.exit, written(&run).len()), (Exit::Done, 1));
    assert_eq!(
        run.messages(),
        [
            "warning[NoManifests] (empty): the folder contains no `.yaml`, `.yml` or `.json` file",
            "1 object written for istio; 0 errors, 1 warning, 0 infos",
        ]
    );
}

#[test]
fn options_set_the_settings_of_the_library() {
    // I2
    let text = SOUND.replace(", namespace: shop", "");
    let run = translated(&["--namespace", "books", "--cluster-domain", "example.org", "-"], &text);
    assert!(run.out.contains("\n  namespace: books\n"), "{}", run.out);
    assert!(run.out.contains("- web.books.svc.example.org\n"), "{}", run.out);

    // I3
    let split = &text[text.rfind("---").unwrap()..];
    let run = translated(&["--assume-ports", "8080,80", "-"], split);
    assert_eq!(run.exit, Exit::Done);
    assert_eq!(
        run.messages(),
        [
            "info[Assumed] Service default/web: `web` is not in the input; it is assumed to exist with ports 80, 8080",
            "info[Assumed] Service default/web-v1: `web-v1` is not in the input; it is assumed to exist with ports 80, 8080",
            "1 object written for istio; 0 errors, 0 warnings, 2 infos",
        ]
    );
    assert_eq!(translated(&["-"], split).exit, Exit::Errors);

    // T3
    let external = text.replace("service: web\n", "service: shop.example.com\n");
    assert!(
        translated(&["-"], &external)
            .err
            .contains("error[ExternalRoot] TrafficSplit default/sound spec.service")
    );
    let run = translated(&["--external-host", "shop.example.com", "-"], &external);
    assert_eq!((run.exit, written(&run).len()), (Exit::Done, 1), "{}", run.err);

    let annotation = "{name: sound, annotations: {\"VirtualService.v1alpha3.networking.istio.io/spec.gateways\": '[\"edge/public\"]'}}";
    let at_gateway = text.replace("{name: sound}", annotation);
    assert!(
        translated(&["-"], &at_gateway)
            .err
            .contains("warning[NotAllowed] TrafficSplit default/sound")
    );
    let run = translated(&["--gateway", "edge/public", "-"], &at_gateway);
    assert!(run.out.contains("- edge/public\n"), "{}", run.out);

    // S4, S12
    let conditional = "  matches: [{kind: HTTPRouteGroup, name: g}]\n---\napiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: g}\nspec: {matches: [{name: m, pathRegex: /a, headers: [{x-y: b}]}]}\n";
    let conditional = format!("{text}{conditional}");
    let ask = ["--to", "web:80", "--path", "/ab", "--header", "x-y=abc", "-"];
    let goes = |options: &[&str]| {
        let run = explained(&[options, &ask].concat(), &conditional);
        run.out.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(goes(&["--path-anchor", "start"]), "web.default:80");
    assert_eq!(goes(&["--header-anchor", "search"]), "web.default:80");
    assert_eq!(
        goes(&["--path-anchor", "start", "--header-anchor", "search"]),
        "web-v1.default:80"
    );
}

#[test]
fn ignored_kinds_are_reported_once() {
    let secrets = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n".repeat(2);
    let text = format!("{SOUND}{secrets}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n");
    let run = translated(&["-"], &text);
    let message = "ignored, because these kinds do not affect SMI objects: 1 ConfigMap, 2 Secret";
    assert_eq!(
        run.messages(),
        [
            &format!("info: {message}"),
            "1 object written for istio; 0 errors, 0 warnings, 1 info",
        ]
    );
    let run = translated(&["--format", "json", "-"], &text);
    let expected = serde_json::json!({
        "severity": "info", "code": "LeftAlone", "message": message,
    });
    assert_eq!(json(&run), [expected]);
}

/// A writer that fails with an error of this kind.
struct Closed(io::ErrorKind);

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn closed_output_keeps_the_messages() {
    let run = |out: &mut dyn Write, err: &mut dyn Write| {
        translate::run(["--mesh", "istio", "-"], &mut SOUND.as_bytes(), out, err)
    };
    let mut err = Vec::new();
    assert_eq!(run(&mut Closed(io::ErrorKind::BrokenPipe), &mut err), Exit::Refused);
    // The messages are written nevertheless.
    assert_eq!(err, b"1 object written for istio; 0 errors, 0 warnings, 0 infos\n");
    let mut err = Vec::new();
    assert_eq!(run(&mut Closed(io::ErrorKind::StorageFull), &mut err), Exit::Refused);
    assert!(String::from_utf8(err).unwrap().contains("\nerror: cannot write: "));
    assert_eq!(
        run(&mut Vec::new(), &mut Closed(io::ErrorKind::BrokenPipe)),
        Exit::Refused
    );
}
