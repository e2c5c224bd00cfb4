//! Facts about access control.

use super::read::{Access, CONTRADICTED, files, is_contradicted};
use smi_adapter::manifest::NativeObject;
use smi_conformance::{Decision, Interpreter, NotModelledError};
use smi_mesh_istio::IstioMesh;
use std::collections::BTreeMap;

/// Lines that the interpreter has to reject: the file, a part of the line, the number of such lines, and a part of the
/// reason.
const NOT_MODELLED: [(&str, &str, usize, &str); 3] = [
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
];

/// Lines with methods that HTTP/1, which they use, does not know: the file, a part of the line, and the number of such
/// lines. With HTTP/2 the policies allow these requests.
const ONLY_HTTP2: [(&str, &str, usize); 2] = [
    ("07-methods", r#""method":"FOO""#, 3),
    ("07-methods", r#""method":"QUERY""#, 1),
];

/// The number of lines by the prefix of their file, and the number of lines with the same answer as the mesh.
const COUNTS: [(&str, usize, usize); 5] = [
    ("01", 48, 48),
    ("02", 255, 250),
    ("03", 121, 119),
    ("04", 2736, 2736),
    ("07", 57, 51),
];

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

#[test]
fn authorizes_like_the_mesh() {
    let Some(files) = files("access") else { return };
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let (mut rejected, mut contradicted) = ([0; NOT_MODELLED.len()], [0; CONTRADICTED.len()]);
    let mut only_http2 = [0; ONLY_HTTP2.len()];
    let mut wrong = Vec::new();
    for file in &files {
        let mut objects = file.objects.clone();
        let mesh = mesh(&mut objects);
        let (replayed, equal) = counts.entry(&file.name[..2]).or_default();
        for fact in &file.lines {
            *replayed += 1;
            let line: Access = serde_json::from_value(fact.clone()).unwrap();
            let listed = NOT_MODELLED
                .iter()
                .position(|(name, part, _, _)| *name == file.name && fact.to_string().contains(part));
            let method = ONLY_HTTP2
                .iter()
                .position(|(name, part, _)| *name == file.name && fact.to_string().contains(part));
            let other = CONTRADICTED.iter().position(|name| *name == file.name);
            match (mesh.authorize(&objects, &file.world, &line.inbound()), listed) {
                (Err(NotModelledError(reason)), Some(listed)) if reason.contains(NOT_MODELLED[listed].3) => {
                    rejected[listed] += 1;
                }
                (Ok(answer), None) if answer == line.expected() => *equal += 1,
                (Ok(Decision::Allow), None) if method.is_some() && line.verdict == "status:400" => {
                    only_http2[method.unwrap()] += 1;
                }
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
    println!("only in HTTP/2 {:>4}", only_http2.iter().sum::<usize>());
    println!("contradicted   {:>4}", contradicted.iter().sum::<usize>());
    println!("wrong          {:>4}", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rejected, NOT_MODELLED.map(|(_, _, count, _)| count));
    assert_eq!(only_http2, ONLY_HTTP2.map(|(_, _, count)| count));
    assert_eq!(contradicted, [1; CONTRADICTED.len()]);
    let counts: Vec<_> = counts
        .into_iter()
        .map(|(group, (replayed, equal))| (group, replayed, equal))
        .collect();
    assert_eq!(counts, COUNTS);
}
