//! Recorded facts about Istio, asked again.

use crate::read::{Access, CONTRADICTED, File, Route, files, is_contradicted};
use serde_json::Value;
use smi_conformance::{Interpreter, NotModelledError};
use smi_tests::witness::{ENVOY, Witness, istio};

/// Lines whose answer differs from the recorded one: the file, a part of the line, and the answer.
const EXPLAINED: [(&str, &str, &str); 3] = [
    // Envoy kept its former configuration, and istiod's webhook refused the object, so the root was not split.
    (
        "05-f-sum-over-u32-http",
        "rejected",
        "The sum of weights of all weighted clusters",
    ),
    ("05-f0-sum-exactly-2pow32", "web.d:80", "total destination weight = 0"),
    ("05-o5-externalname", "ext.d.svc.cluster.local", "depends on DNS"),
];

/// Replays the lines of a kind, and returns the number of lines, and those whose answer differs.
fn replay(files: &[File], answer: impl Fn(&File, &Value) -> Result<bool, NotModelledError>) -> (usize, Vec<String>) {
    let (mut replayed, mut different) = (0, Vec::new());
    for file in files {
        for line in &file.lines {
            replayed += 1;
            let explained = EXPLAINED
                .iter()
                .find(|(name, part, _)| *name == file.name && line.to_string().contains(part));
            match (answer(file, line), explained) {
                (Ok(true), None) => {}
                (Err(NotModelledError(why)), Some((_, _, reason))) if why.contains(reason) => {}
                (answer, _) => different.push(format!("{} {line}: {answer:?}", file.name)),
            }
        }
    }
    (replayed, different)
}

#[test]
fn answers_like_the_recorded_facts() {
    let (Some(routes), Some(accesses)) = (files("route"), files("access")) else {
        return;
    };
    let Some(witness) = Witness::start(&[]) else { return };
    let (routing, mut different) = replay(&routes, |file, line| {
        let read: Route = serde_json::from_value(line.clone()).expect("a line is a route");
        let answer = witness.route(&file.objects, &file.world, &read.query())?;
        Ok(Some(answer) == read.expected(&file.world))
    });
    let (access, others) = replay(&accesses, |file, line| {
        let read: Access = serde_json::from_value(line.clone()).expect("a line is an access");
        let answer = witness.authorize(&file.objects, &file.world, &read.inbound())?;
        let contradicted = CONTRADICTED.contains(&&*file.name) && is_contradicted(line, &file.lines);
        Ok(answer == read.expected() || contradicted)
    });
    different.extend(others);
    println!(
        "{routing} facts about routing and {access} about access, asked again of Istio {} with Envoy {ENVOY}: {} differ",
        istio(),
        different.len()
    );
    assert_eq!(different, Vec::<String>::new());
}
