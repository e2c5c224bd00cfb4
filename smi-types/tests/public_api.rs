//! An admission webhook and a tool that produces objects, with public items only.

#![expect(clippy::expect_used, reason = "the helpers in this file are test code as well")]

use serde_json::{Value, json};
use smi_types::access::{Rule, Subject, TrafficTarget};
use smi_types::crd::{Crd, Kind, NotServableError};
use smi_types::headers::HeaderForm;
use smi_types::regex::Portable;
use smi_types::split::{self, Backend, MatchRef, TrafficSplit};
use smi_types::validate::Severity;
use smi_types::weight::{Decimal, Weight, gcd};
use smi_types::{ConvertError, FieldPath, Object, ParseErrorKind, Parsed, Version, Violation, crds};

const VERSIONS: [Version; 4] = [
    Version::V1Alpha1,
    Version::V1Alpha2,
    Version::V1Alpha3,
    Version::V1Alpha4,
];

/// Returns an object in the namespace `shop` with these fields.
fn object(api_version: &str, kind: &str, fields: Value) -> Value {
    let metadata = json!({"name": "demo", "namespace": "shop"});
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
    if let (Value::Object(object), Value::Object(fields)) = (&mut object, fields) {
        object.extend(fields);
    }
    object
}

fn read(object: &Value) -> Parsed {
    Object::from_json(object.to_string().as_bytes()).expect("an SMI object")
}

/// The webhook: it returns the warnings about an object that it admits, or the reasons why it rejects the object.
fn review(request: &[u8]) -> Result<Vec<String>, Vec<String>> {
    let parsed = Object::from_json(request).map_err(|error| vec![error.to_string()])?;
    let is_error = |violation: &Violation| violation.rule.severity() == Severity::Error;
    let (errors, warnings): (Vec<_>, Vec<_>) = parsed.violations().into_iter().partition(is_error);
    if !errors.is_empty() {
        return Err(errors.iter().map(Violation::to_string).collect());
    }
    Ok(warnings.iter().map(Violation::to_string).collect())
}

/// The linter: one line for each fault.
fn lint(object: &Value) -> Vec<String> {
    let violations = read(object).violations().into_iter();
    let line = |Violation { path, rule, .. }| format!("{} {} {rule} {path}", rule.severity(), rule.id());
    violations.map(line).collect()
}

#[test]
fn reads_every_version_that_the_crds_list() {
    for kind in Kind::ALL {
        let crd = Crd::new(kind).build();
        for version in VERSIONS {
            let listed = crd.spec.versions.iter().any(|listed| listed.name == version.as_str());
            let api_version = format!("{}/{version}", crd.spec.group);
            match Object::from_value(&object(&api_version, kind.as_str(), json!({}))) {
                Ok(Parsed { object, .. }) => {
                    assert!(listed, "{api_version} {kind}");
                    assert_eq!((object.kind(), object.version()), (kind.as_str(), version));
                    assert_eq!(object.metadata().name.as_deref(), Some("demo"));
                }
                Err(error) => {
                    assert!(!listed, "{api_version} {kind}: {error}");
                    assert_eq!(error.kind(), ParseErrorKind::UnknownVersion);
                }
            }
        }
    }
}

#[test]
fn reads_old_and_new_targets_alike() {
    let destination = json!({"kind": "ServiceAccount", "name": "catalog"});
    let rules = json!([{"kind": "HTTPRouteGroup", "name": "reading", "matches": ["books"]}]);
    let sources = json!([{"kind": "ServiceAccount", "name": "frontend", "namespace": "shop"}]);
    let old = json!({"destination": destination, "specs": rules, "sources": sources});
    let new = json!({"spec": {"destination": destination, "rules": rules, "sources": sources}});
    let target = |version: &str, fields| {
        let read = read(&object(
            &format!("access.smi-spec.io/{version}"),
            "TrafficTarget",
            fields,
        ));
        let Object::TrafficTarget(target) = read.object else {
            unreachable!("it is a target")
        };
        target
    };
    let (old, new) = (target("v1alpha1", old), target("v1alpha3", new));
    assert_eq!(old.spec, new.spec);
    assert_eq!(old.rules_path().to_string(), "specs");
    assert_eq!(new.rules_path().to_string(), "spec.rules");
}

#[test]
fn names_the_object_and_the_field_that_cannot_be_read() {
    let split = |fields| object("split.smi-spec.io/v1alpha2", "TrafficSplit", fields);
    for (value, kind, path) in [
        (object("v1", "Service", json!({})), ParseErrorKind::NotSmi, "apiVersion"),
        (
            object("split.smi-spec.io/v1beta1", "TrafficSplit", json!({})),
            ParseErrorKind::UnknownVersion,
            "apiVersion",
        ),
        (
            object("split.smi-spec.io/v1alpha2", "TrafficTarget", json!({})),
            ParseErrorKind::UnknownKind,
            "apiVersion",
        ),
        (
            object("metrics.smi-spec.io/v1alpha1", "TrafficMetrics", json!({})),
            ParseErrorKind::Unsupported,
            "kind",
        ),
        (
            split(json!({"spec": {"service": 1}})),
            ParseErrorKind::Type,
            "spec.service",
        ),
        (
            split(json!({"spec": {"backends": [{"service": "web"}, "web-v2"]}})),
            ParseErrorKind::Type,
            "spec.backends[1]",
        ),
    ] {
        let error = Object::from_json(value.to_string().as_bytes()).unwrap_err();
        assert_eq!((error.kind(), error.path()), (kind, &FieldPath::from(path)), "{error}");
        assert_eq!((error.namespace(), error.name()), (Some("shop"), Some("demo")));
        assert_eq!(error.object_kind(), value["kind"].as_str());
        assert_eq!(error.to_string(), format!("{path}: {}", error.message()));
    }
    let error = Object::from_json(b"{").unwrap_err();
    assert_eq!((error.kind(), error.name()), (ParseErrorKind::Syntax, None));
}

#[test]
fn a_webhook_rejects_errors_and_warns_about_the_rest() {
    let mut canary = object(
        "split.smi-spec.io/v1alpha2",
        "TrafficSplit",
        json!({"spec": {"service": "web", "backends": [
            {"service": "web-v1", "weight": 9},
            {"service": "web-v2", "weight": "500m", "wieght": 1},
        ]}}),
    );
    let reasons = review(canary.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        reasons,
        [
            "spec.backends[1].wieght: `v1alpha2` of TrafficSplit has no such field; it may be a restriction, so the \
             backend counts as absent; did you mean `spec.backends[].weight`? (I8)",
        ]
    );
    canary["spec"]["backends"][1].as_object_mut().unwrap().remove("wieght");
    assert_eq!(
        review(canary.to_string().as_bytes()).unwrap(),
        ["spec.backends[1].weight: `500m` is not a whole number; it is used exactly as written (T6)"]
    );
    canary["spec"]["backends"][0]["weight"] = json!(-1);
    let reasons = review(canary.to_string().as_bytes()).unwrap_err();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].starts_with("spec.backends[0].weight: `-1`"), "{reasons:?}");
    assert!(review(b"{").is_err());
}

#[test]
fn a_linter_names_rule_and_field_of_every_fault() {
    let split = json!({"spec": {"service": "web", "backends": [
        {"service": "web-v1", "weight": "-1"}, {"service": "Web_V2", "weight": 1}, {"service": "web-v1"},
    ], "matches": [{"kind": "HTTPRouteGroup", "name": "testers"}]}});
    assert_eq!(
        lint(&object("split.smi-spec.io/v1alpha2", "TrafficSplit", split)),
        [
            "error T6 WeightInvalid spec.backends[0].weight",
            "error T32 BackendName spec.backends[1].service",
            "warning T6 WeightMissing spec.backends[2].weight",
            "warning T30 BackendRepeated spec.backends[2].service",
            "warning T12 SplitMatchesVersion spec.matches",
        ]
    );

    let group = json!({"spec": {"matches": [
        {"name": "admin", "pathRegex": "/(?!admin)", "methods": ["get"], "headers": [{"x-user": "a"}, {"x user": "b"}]},
        {"name": "admin"},
    ]}});
    assert_eq!(
        lint(&object("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", group)),
        [
            "error S6 PatternNotPortable spec.matches[0].pathRegex",
            "error S8 MethodUnknown spec.matches[0].methods[0]",
            "error S11 HeaderName spec.matches[0].headers[1].x user",
            "warning S20 MatchEverything spec.matches[1]",
            "error S2 MatchRepeated spec.matches[1].name",
        ]
    );

    let target = json!({
        "destination": {"kind": "ServiceAccount", "name": "catalog", "namespace": "library", "port": 0},
        "specs": [{"kind": "GRPCRoute", "name": "reading"}],
    });
    assert_eq!(
        lint(&object("access.smi-spec.io/v1alpha1", "TrafficTarget", target)),
        [
            "error A22 DestinationNamespace destination.namespace",
            "error A10 DestinationPort destination.port",
            "error A12 RuleKind specs[0].kind",
            "error A6 NoSources sources",
        ]
    );

    let binding = json!({"spec": {"schemes": {
        "serviceAccount": "frontend", "podLabelSelector": {"matchLabels": {"app": "web"}}, "spiffeIdentities": ["*"],
    }}});
    assert_eq!(
        lint(&object("access.smi-spec.io/v1alpha4", "IdentityBinding", binding)),
        [
            "error A28 SchemesExclusive spec.schemes",
            "error D19 SpiffeId spec.schemes.spiffeIdentities[0]",
        ]
    );

    let route = json!({"spec": {"matches": {"ports": [53, 70000]}}});
    assert_eq!(
        lint(&object("specs.smi-spec.io/v1alpha4", "UDPRoute", route)),
        ["error S23 RoutePort spec.matches.ports[1]"]
    );
}

#[test]
fn converts_without_changing_the_meaning() {
    let split = json!({"spec": {"service": "web", "backends": [
        {"service": "web-v1", "weight": 1}, {"service": "web-v2", "weight": "500m"},
    ]}});
    let split = read(&object("split.smi-spec.io/v1alpha1", "TrafficSplit", split)).object;
    let newer = split.to_value(Version::V1Alpha4).unwrap();
    assert_eq!(newer["apiVersion"], "split.smi-spec.io/v1alpha4");
    assert_eq!(
        newer["spec"]["backends"],
        json!([{"service": "web-v1", "weight": 1000}, {"service": "web-v2", "weight": 500}])
    );

    let group = json!({"spec": {"matches": [{"name": "testers", "headers": {"x-user": "tester", "x-lab": "1"}}]}});
    let group = read(&object("specs.smi-spec.io/v1alpha4", "HTTPRouteGroup", group)).object;
    let Object::HTTPRouteGroup(group) = group else {
        unreachable!("it is a route group")
    };
    let older = Object::from(group.with_header_form(HeaderForm::List)).to_value(Version::V1Alpha2);
    assert_eq!(
        older.unwrap()["matches"],
        json!([{"name": "testers", "headers": [{"x-lab": "1"}, {"x-user": "tester"}]}]),
        "matches are at the root, and the headers are a list"
    );
}

#[test]
fn refuses_a_conversion_that_would_widen_an_object() {
    let split = TrafficSplit::new("shop", "testers", "web", [Backend::new("web-v2", 1)])
        .with_matches([MatchRef::new("testers")]);
    let error = Object::from(split.clone()).to_value(Version::V1Alpha2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`TrafficSplit` in version `v1alpha2` cannot express `spec.matches`"
    );
    let lossy = split::v1alpha2::TrafficSplit::try_from(split).unwrap_err();
    assert!(matches!(error, ConvertError::Lossy(of_value) if of_value == lossy));
    assert_eq!((lossy.kind(), lossy.version()), ("TrafficSplit", Version::V1Alpha2));

    let target = json!({"destination": {"kind": "ServiceAccount", "name": "catalog", "port": 8080}});
    let target = read(&object("access.smi-spec.io/v1alpha1", "TrafficTarget", target)).object;
    let error = target.to_value(Version::V1Alpha3).unwrap_err();
    let ConvertError::Lossy(lossy) = error else {
        unreachable!("{error}")
    };
    assert_eq!(lossy.lost(), [FieldPath::from("destination.port")]);

    let route = object("specs.smi-spec.io/v1alpha4", "UDPRoute", json!({}));
    let error = read(&route).object.to_value(Version::V1Alpha1).unwrap_err();
    assert!(
        matches!(error, ConvertError::NoVersion { kind: "UDPRoute", .. }),
        "{error}"
    );
}

#[test]
fn builds_objects_that_are_read_back() {
    let weight: Decimal = "0.5".parse().unwrap();
    let canary = TrafficSplit::new(
        "shop",
        "canary",
        "web",
        [Backend::new("web-v1", 9), Backend::new("web-v2", weight)],
    );
    let readers = TrafficTarget::new("shop", "readers", Subject::service_account("shop", "catalog"))
        .with_rules([
            Rule::http_route_group("reading").with_matches(["books"]),
            Rule::tcp_route("database"),
            Rule::udp_route("discovery"),
        ])
        .with_sources([
            Subject::service_account("shop", "frontend"),
            Subject::identity_binding("shop", "partners"),
        ]);
    for mut built in [Object::from(canary), Object::from(readers)] {
        let labels = built.metadata_mut().labels.get_or_insert_default();
        labels.insert("app".to_owned(), "web".to_owned());
        let errors: Vec<Violation> = built.violations();
        assert!(
            errors.iter().all(|error| error.rule.severity() < Severity::Error),
            "{errors:?}"
        );
        // The oldest version that both can be written in has fractions, or bindings.
        let version = if built.kind() == "TrafficSplit" {
            Version::V1Alpha1
        } else {
            Version::V1Alpha4
        };
        let written = built.to_value(version).unwrap();
        let Parsed {
            object,
            unknown,
            ignored,
        } = Object::from_value(&written).unwrap();
        assert_eq!((unknown, ignored), (vec![], vec![]));
        assert_eq!(object.version(), version);
        assert_eq!(object.metadata(), built.metadata());
        assert_eq!(
            object.to_value(Version::V1Alpha4).unwrap(),
            built.to_value(Version::V1Alpha4).unwrap()
        );
    }
}

#[test]
fn types_of_one_version_are_resources_of_an_api_server() {
    fn url<R: k8s_openapi::Resource>() -> String {
        format!("/apis/{}/{}", R::API_VERSION, R::URL_PATH_SEGMENT)
    }
    assert_eq!(
        url::<split::v1alpha2::TrafficSplit>(),
        "/apis/split.smi-spec.io/v1alpha2/trafficsplits"
    );
    let canary = TrafficSplit::new("shop", "canary", "web", [Backend::new("web-v1", 1)]);
    let wire = split::v1alpha2::TrafficSplit::try_from(canary.clone()).unwrap();
    assert_eq!(k8s_openapi::Metadata::metadata(&wire).name.as_deref(), Some("canary"));
    let hub = TrafficSplit::from(wire);
    assert_eq!((hub.version, hub.spec), (Version::V1Alpha2, canary.spec));
}

#[test]
fn installs_one_crd_per_kind() {
    let all = crds();
    assert_eq!(all.len(), Kind::ALL.len());
    for (kind, crd) in Kind::ALL.into_iter().zip(&all) {
        assert_eq!(crd.spec.names.kind, kind.as_str());
        assert_eq!(
            crd.metadata.name,
            Some(format!("{}.{}", crd.spec.names.plural, crd.spec.group))
        );
        let stored = crd.spec.versions.iter().filter(|version| version.storage);
        let served: Vec<bool> = stored.map(|version| version.served).collect();
        assert_eq!(served, [true], "{kind}");
        assert!(crd.spec.versions.iter().all(|version| version.schema.is_some()));
    }

    let old = Crd::new(Kind::TrafficTarget)
        .serve(Version::V1Alpha1, [])
        .unwrap()
        .build();
    let mut served = old.spec.versions.iter().filter(|version| version.served);
    let only = served.next().unwrap();
    assert_eq!((only.name.as_str(), only.storage), ("v1alpha1", true));
    assert!(only.subresources.is_some() && served.next().is_none());
    assert_eq!(
        Crd::new(Kind::TrafficTarget).serve(Version::V1Alpha3, [Version::V1Alpha1]),
        Err(NotServableError::TwoShapes {
            kind: Kind::TrafficTarget,
            storage: Version::V1Alpha3,
            version: Version::V1Alpha1,
        })
    );
}

#[test]
fn accepted_patterns_have_one_meaning() {
    let pattern = Portable::parse(r"/books/\d+(/.*)?").unwrap();
    assert_eq!(pattern.as_str(), r"/books/\d+(/.*)?");
    let whole = |pattern: &str| regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
    // RE2 reads `\d` as ASCII, the regex crate reads it as Unicode.
    let arabic = "/books/٣";
    assert!(whole(pattern.as_str()).is_match(arabic));
    assert!(!whole(pattern.ascii()).is_match(arabic));
    assert!(whole(pattern.ascii()).is_match("/books/3/pages"));
    assert!(Portable::parse("/books/.*").unwrap().takes_any_suffix() && !pattern.takes_any_suffix());

    let error = Portable::parse("/books/(?=[0-9])").unwrap_err();
    assert_eq!(error.offset(), 7, "{error}");
    let long = "a".repeat(Portable::MAX_LENGTH + 1);
    assert!(Portable::parse(&long).is_err());
}

#[test]
fn weights_are_exact() {
    let weight = |json: Value| serde_json::from_value::<Weight>(json).unwrap();
    let tenth: Decimal = "100m".parse().unwrap();
    assert_eq!(weight(json!(0.1)), tenth.into());
    assert_eq!(weight(json!("1k")), 1000.into());
    assert_eq!((tenth.whole(), Decimal::from(7).whole()), (None, Some(7)));
    assert!(!tenth.is_zero() && Decimal::ZERO.is_zero() && "1.0".parse::<Decimal>().unwrap().is_whole());

    // Shares are ratios of whole numbers.
    let weights = [tenth, Decimal::from(1)].map(Decimal::nanos);
    let divisor = gcd(weights[0], weights[1]);
    assert_eq!(weights.map(|weight| weight / divisor), [1, 10]);

    assert_eq!(weight(Value::Null), Weight::Missing);
    let invalid = weight(json!("many"));
    assert_eq!(serde_json::to_value(&invalid).unwrap(), "many", "it is kept as written");
    assert!(matches!(invalid, Weight::Invalid(_)));
}
