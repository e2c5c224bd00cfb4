//! Facts about access control.

use super::{folder, lines, world};
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::ObjectKey;
use smi_adapter::principal::Identity;
use smi_adapter::query::{Request, Traffic};
use smi_conformance::{Decision, Inbound, Interpreter, MeshWorld, NotModelledError, Peer};
use smi_mesh_istio::IstioMesh;
use std::collections::BTreeMap;
use std::fs;

/// Lines that the interpreter has to reject: the file, a part of the line, the number of such lines, and a part of the
/// reason.
const NOT_MODELLED: [(&str, &str, usize, &str); 5] = [
    (
        "03-headers",
        r#""path":"/p-x-forwarded-client-cert-exact""#,
        1,
        "a match on the value of `x-forwarded-client-cert`, which the proxy generates",
    ),
    ("03-headers", r#""path":"/cook""#, 1, "several lines of cookies"),
    (
        "07-cel",
        r#""from":"c/web","kind":"access","path":"/a","port":8080"#,
        2,
        "a condition in CEL",
    ),
    // The lines use HTTP/1. With HTTP/2 the policies allow these requests.
    ("07-methods", r#""method":"FOO""#, 3, "depends on the version of HTTP"),
    ("07-methods", r#""method":"QUERY""#, 1, "depends on the version of HTTP"),
];

/// Files with a line that is contradicted by another line, which has the same configuration and request but a different
/// verdict. The files do not record the difference between the two measurements.
const CONTRADICTED: [&str; 5] = [
    "02-allow-without-baseline",
    "02-baseline-allow",
    "02-baseline-in-the-root-namespace",
    "02-strict",
    "02-trust-domain-aliases",
];

/// The number of lines by the prefix of their file, and the number of lines with the same answer as the mesh.
const COUNTS: [(&str, usize, usize); 5] = [
    ("01", 48, 48),
    ("02", 255, 250),
    ("03", 121, 119),
    ("04", 2736, 2736),
    ("07", 57, 51),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "kind")]
    _kind: String,
    to: String,
    port: u16,
    from: String,
    #[serde(default)]
    proto: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    headers: Vec<(String, String)>,
    verdict: String,
}

impl Line {
    fn inbound(&self) -> Inbound {
        let (namespace, pod) = self.to.split_once('/').unwrap();
        let request = || Request {
            method: self.method.clone().unwrap_or_else(|| "GET".into()),
            path: self.path.clone().expect("a request has a path"),
            headers: self.headers.clone(),
        };
        Inbound {
            from: self.peer(),
            ip: [10, 0, 0, 9].into(),
            pod: ObjectKey::new(namespace, pod),
            port: self.port,
            traffic: match self.proto.as_deref() {
                Some("tcp") => Traffic::Tcp,
                Some("http" | "h2") | None => Traffic::Http(request()),
                Some(proto) => panic!("{proto}"),
            },
        }
    }

    fn peer(&self) -> Peer {
        match self.from.as_str() {
            "" => Peer::Plaintext,
            "tls" => Peer::Unidentified,
            name if name.starts_with("spiffe://") => Peer::Spiffe(name.to_owned()),
            account => {
                let (namespace, service_account) = account.split_once('/').unwrap();
                Peer::Account(Identity {
                    namespace: namespace.into(),
                    service_account: service_account.into(),
                })
            }
        }
    }

    fn expected(&self) -> Decision {
        match self.verdict.as_str() {
            "allow" => Decision::Allow,
            // The last two are responses of the proxy itself: 404 and 400.
            "deny" | "notfound" | "status:400" => Decision::Deny,
            verdict => panic!("{verdict}"),
        }
    }
}

/// Removes the mesh configuration, which is not a native object, and returns the mesh with this configuration.
fn mesh(objects: &mut Vec<NativeObject>) -> IstioMesh {
    let mut mesh = IstioMesh::default();
    objects.retain(|object| {
        if object.kind.name() != "MeshConfig" {
            return true;
        }
        for (field, value) in object.spec.as_object().unwrap() {
            let value = value.clone();
            match field.as_str() {
                "trustDomain" => mesh.trust_domain = serde_json::from_value(value).unwrap(),
                "trustDomainAliases" => mesh.trust_domain_aliases = serde_json::from_value(value).unwrap(),
                _ => panic!("{field}"),
            }
        }
        false
    });
    mesh
}

/// A file of facts with its world.
struct File {
    name: String,
    world: MeshWorld,
    objects: Vec<NativeObject>,
    mesh: IstioMesh,
    lines: Vec<Value>,
}

fn files() -> Option<Vec<File>> {
    let folder = folder()?;
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let lines = lines(&file, "access");
        if lines.is_empty() {
            continue;
        }
        let (world, mut objects) = world(&fs::read_to_string(file.with_extension("yaml")).unwrap());
        files.push(File {
            name: file.file_stem().unwrap().to_str().unwrap().to_owned(),
            mesh: mesh(&mut objects),
            world,
            objects,
            lines,
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Some(files)
}

#[test]
fn authorizes_like_the_mesh() {
    let Some(files) = files() else { return };
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut rejected, mut contradicted) = ([0; NOT_MODELLED.len()], [0; CONTRADICTED.len()]);
    let mut wrong = Vec::new();
    for file in &files {
        let (replayed, equal) = counts.entry(&file.name[..2]).or_default();
        for fact in &file.lines {
            *replayed += 1;
            let line: Line = serde_json::from_value(fact.clone()).unwrap();
            let listed = NOT_MODELLED
                .iter()
                .position(|(name, part, _, _)| *name == file.name && fact.to_string().contains(part));
            let other = CONTRADICTED.iter().position(|name| *name == file.name);
            match (file.mesh.authorize(&file.objects, &file.world, &line.inbound()), listed) {
                (Err(NotModelledError(reason)), Some(listed)) if reason.contains(NOT_MODELLED[listed].3) => {
                    rejected[listed] += 1;
                }
                (Ok(answer), None) if answer == line.expected() => *equal += 1,
                (Ok(_), None) if other.is_some() && is_contradicted(fact, &file.lines) => {
                    contradicted[other.unwrap()] += 1;
                }
                (answer, _) => wrong.push(format!("{} {fact}\n    {answer:?}", file.name)),
            }
        }
    }
    for (group, (replayed, equal)) in &counts {
        println!("{group}: replayed {replayed}, equal {equal}");
    }
    for ((file, part, _, reason), count) in NOT_MODELLED.iter().zip(rejected) {
        println!("not modelled   {count:>4}  {file} {part}: {reason}");
    }
    println!("contradicted   {:>4}", contradicted.iter().sum::<usize>());
    println!("wrong          {:>4}", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rejected, NOT_MODELLED.map(|(_, _, count, _)| count));
    assert_eq!(contradicted, [1; CONTRADICTED.len()]);
    let counts: Vec<_> = counts
        .into_iter()
        .map(|(group, (replayed, equal))| (group, replayed, equal))
        .collect();
    assert_eq!(counts, COUNTS);
}

/// Returns `true` if there is a line that differs only in the verdict.
fn is_contradicted(fact: &Value, lines: &[Value]) -> bool {
    let question = |line: &Value| {
        let mut line = line.clone();
        line["verdict"] = Value::Null;
        line
    };
    let same = |line: &&Value| question(line) == question(fact) && line["verdict"] != fact["verdict"];
    lines.iter().any(|line| same(&line))
}
