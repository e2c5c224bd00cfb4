//! Replay of facts about access to pods.

use super::{Replay, files, lines, objects, port, request};
use serde_json::Value;
use smi_adapter::object::ObjectKey;
use smi_adapter::principal::Identity;
use smi_adapter::query::Traffic;
use smi_conformance::{Decision, Inbound, Interpreter, Peer};
use smi_mesh_linkerd::{Answer, LinkerdMesh};

/// The requests that the model does not answer: file, number of lines, reason.
const OPEN: [(&str, usize, &str); 3] = [
    // HTTP/2 has no such header, and the facts do not contain the version of HTTP.
    ("02-header-special", 24, "a match on the header host"),
    // Clients send CONNECT with an authority instead of a path.
    ("03-method-each", 9, "the method CONNECT"),
    ("08-unmeshed-pod", 6, "d/absent, which is not a pod"),
];

/// The minimum number of replayed lines. With fewer lines, files are missing.
const LINES: usize = 7575;

/// The address of clients whose address is not in the facts.
const ELSEWHERE: &str = "10.42.0.99";

/// Returns the observed mesh. Its policy controller ran with its built-in default networks, which are those of the chart
/// without the IPv6 network.
fn mesh() -> LinkerdMesh {
    let networks = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];
    let mut mesh = LinkerdMesh::default();
    mesh.cluster_networks = networks.map(|network| network.parse().unwrap()).into();
    mesh
}

fn inbound(line: &Value) -> Inbound {
    let from = match line["from"].as_str().unwrap() {
        "" => Peer::Plaintext,
        "tls" => Peer::Unidentified,
        id if id.starts_with("spiffe://") => Peer::Spiffe(id.into()),
        name => match name.split_once('/') {
            None => Peer::Dns(name.into()),
            Some((namespace, service_account)) => Peer::Account(Identity {
                namespace: namespace.into(),
                service_account: service_account.into(),
            }),
        },
    };
    let (namespace, name) = line["to"].as_str().unwrap().split_once('/').unwrap();
    Inbound {
        from,
        ip: line["ip"].as_str().unwrap_or(ELSEWHERE).parse().unwrap(),
        pod: ObjectKey::new(namespace, name),
        port: port(&line["port"]),
        traffic: match line["proto"].as_str() {
            Some("tcp") => Traffic::Tcp,
            None | Some("h2") => {
                let mut request = request(line);
                for (name, _) in &mut request.headers {
                    // The authority of HTTP/2 corresponds to the header `host`.
                    if name == ":authority" {
                        *name = "host".into();
                    }
                }
                Traffic::Http(request)
            }
            other => panic!("{other:?}"),
        },
    }
}

/// Returns the answer of a verdict. A denial without a status closes the connection. There is no answer for an absent
/// pod.
fn expected(line: &Value) -> Option<Answer> {
    let status = line["status"].as_u64();
    match (line["verdict"].as_str().unwrap(), status) {
        ("allow", None | Some(200)) => Some(Answer::Admitted),
        ("deny", None) => Some(Answer::Closed),
        ("deny", Some(status)) => Some(Answer::Status(status.try_into().unwrap())),
        ("notfound", None) => None,
        _ => panic!("{line}"),
    }
}

#[test]
fn admits_every_request_like_the_real_mesh() {
    let Some(files) = files("jsonl") else {
        println!("skipped: SMI_MESH_FACTS is not set");
        return;
    };
    let mesh = mesh();
    let mut replay = Replay::default();
    for file in files {
        let lines = lines(&file, "access");
        if lines.is_empty() {
            continue;
        }
        let (world, objects) = objects(&file.with_extension("yaml"));
        let reversed: Vec<_> = objects.iter().rev().cloned().collect();
        for line in lines {
            let (inbound, expected) = (inbound(&line), expected(&line));
            let got = mesh.answer(&objects, &world, &inbound);
            // The order of objects must not matter, and `authorize` must agree with `answer`.
            assert_eq!(mesh.answer(&reversed, &world, &inbound), got, "{line}");
            assert_eq!(
                mesh.authorize(&objects, &world, &inbound),
                got.clone().map(Decision::from)
            );
            let compared = got.map(|got| (Some(got) == expected, format!("{got:?}")));
            replay.record(&file, &line, compared);
        }
    }
    replay.finish(&OPEN, LINES);
}
