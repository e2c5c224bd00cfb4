//! Programs that are judged: one in another language that passes, and those that go wrong in every way.

use crate::run::{Folder, Run, judged};
use smi_examples::Exit;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

const ADAPTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/judge/adapter.py");

/// Whether there is a Python here. Without one most of these tests have nothing to judge.
fn python() -> bool {
    let there = Command::new("python3").arg("--version").output().is_ok();
    if !there {
        println!("skipped: there is no `python3` here");
    }
    there
}

/// Judges a program in Python that runs `code` for each line, after it has described itself.
fn of(options: &[&str], code: &str) -> Run {
    let program = format!(
        "import json, sys, time
def say(answer):
    print(json.dumps(answer), flush=True)
sys.stdin.readline()
say({{'protocol': 1, 'name': 'x', 'kinds': [], 'support': {{'TcpSplit': 'full'}}}})
for line in sys.stdin:
    {code}
"
    );
    judged(&[options, &["--worlds", "3", "--", "python3", "-c", &program]].concat())
}

/// It could not be judged: one line after the first says why.
fn failed(run: &Run, what: &str) {
    let told = run.told();
    let expected = "judging `x`";
    assert!(
        run.exit == Exit::Refused && run.out.is_empty() && told.len() == 2 && told[0] == expected,
        "{run:?}"
    );
    assert!(told[1].starts_with("error: `python3 -c "), "{run:?}");
    assert!(told[1].contains(what), "{run:?}");
    assert!(
        told[1].contains("; it was asked to translate: `{\"enforced\":"),
        "the request is not told: {run:?}"
    );
}

fn refused(run: &Run, why: &str) {
    let refused = (run.exit, run.out.as_str(), run.told()) == (Exit::Refused, "", vec![&format!("error: {why}")]);
    assert!(refused, "{run:?}");
}

#[test]
fn the_adapter_in_python_keeps_every_law() {
    if !python() {
        return;
    }
    let folder = Folder::new("judgement");
    let report = folder.path("report.yaml");
    let run = judged(&["--worlds", "190", "--report", &report, "--", "python3", ADAPTER]);
    assert_eq!(run.exit, Exit::Done, "{}", run.out);
    assert_eq!(run.err, "judging `toy`\n");
    for line in [
        "      passed  ROUTE-HTTP",
        "      passed  ROUTE-TCP",
        " unsupported  ROUTE-MATCHES",
        " unsupported  ACCESS-L4",
        "      passed  LIFECYCLE",
        "      passed  sound",
    ] {
        assert!(run.out.lines().any(|told| told == line), "{line}: {}", run.out);
    }
    let report = fs::read_to_string(report).unwrap();
    assert!(
        report.starts_with("adapter: toy\n") && report.contains("Inexpressible: "),
        "{report}"
    );
}

#[test]
fn an_adapter_that_forgets_the_weights_is_found_out() {
    if !python() {
        return;
    }
    let folder = Folder::new("counterexamples");
    let (saved, case) = (folder.path("saved"), folder.path("saved/split_exact.yaml"));
    let broken = ["--", "python3", ADAPTER, "--break", "weights"];
    let options = [
        "--worlds",
        "10",
        "--law",
        "split_exact",
        "--law",
        "valid_names",
        "--save",
        &saved,
    ];
    let run = judged(&[options.as_slice(), &broken].concat());
    assert_eq!(run.exit, Exit::Errors, "{run:?}");
    for part in [
        "law `split_exact` does not hold for `toy`",
        "\nexpected ",
        "\n     got ",
        "\nkind: TrafficTable\n",
        "valid_names of toy: passed",
    ] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    // What was saved is what was printed, and a counterexample to this program and no other.
    assert!(run.out.contains(&fs::read_to_string(&case).unwrap()));
    let again = judged(&[["--replay", &case].as_slice(), &broken].concat());
    assert!(
        again.exit == Exit::Errors && again.out.starts_with("law `split_exact` does not hold for `toy`"),
        "{again:?}"
    );
    let whole = judged(&["--replay", &case, "--", "python3", ADAPTER]);
    assert!(
        whole.exit == Exit::Done && whole.out.ends_with(" shows no fault\n"),
        "{whole:?}"
    );
}

#[test]
fn a_program_that_fails_is_told_with_the_request() {
    if !python() {
        return;
    }
    failed(&of(&[], "sys.exit(3)"), " ended without an answer (exit status: 3); ");
    failed(
        &of(&[], "print('Hello!', flush=True)"),
        " gave an invalid answer (not JSON: expected value at line 1 column 1): `Hello!`; ",
    );
    failed(
        &of(&[], "say({'manifests': []})"),
        "invalid answer (missing field `diagnostics`): `{\"manifests\": []}`; ",
    );
    failed(
        &of(&[], "sys.stdout.buffer.write(b'\\xff\\n'); sys.stdout.flush()"),
        " gave an answer that is not UTF-8; ",
    );
    failed(
        &of(
            &["--law", "total"],
            "say({'manifests': [], 'diagnostics': []}); say({}); time.sleep(0.05)",
        ),
        " `{}`",
    );
}

#[test]
fn a_program_that_hangs_is_ended() {
    if !python() {
        return;
    }
    let began = Instant::now();
    let hangs = of(&["--patience", "1"], "time.sleep(600)");
    failed(&hangs, " did not answer within 1 seconds ");
    // Neither does it read.
    let deaf = "import time; time.sleep(600)";
    let deaf = judged(&["--patience", "1", "--", "python3", "-c", deaf]);
    refused(
        &deaf,
        "`python3 -c import time; time.sleep(600)` did not answer within 1 seconds (does it end the line, and flush \
         its output?); it was asked to describe: `{\"protocol\":1,\"request\":\"describe\"}`",
    );
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_program_that_declines_is_a_counterexample() {
    if !python() {
        return;
    }
    let run = of(&["--law", "total"], "say({'error': 'division by zero'})");
    assert_eq!(run.exit, Exit::Errors, "{run:?}");
    let why = "\n\nthe program has no translation: division by zero\n";
    assert!(
        run.out.contains("law `total` does not hold for `x`") && run.out.contains(why),
        "{run:?}"
    );
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let law = judged(&["--law", "gravity", "--", "true"]);
    assert!(
        law.exit == Exit::Refused && law.err.starts_with("error: there is no law `gravity`, only `total`, `"),
        "{law:?}"
    );
    refused(&judged(&[]), "there is nothing to judge: name a command after `--`");
    refused(
        &judged(&["--report", "x", "--law", "total", "--", "true"]),
        "`--report` is about all laws, so it does not go with `--law`",
    );
    refused(
        &judged(&["--replay", "x", "--law", "total", "--", "true"]),
        "`--replay` is about one case and its law, so it does not go with `--law`, `--report` or `--save`",
    );
    refused(
        &judged(&["--worlds", "many", "--", "true"]),
        "cannot parse argument \"many\": invalid digit found in string; `--help` lists the options",
    );
    refused(
        &judged(&["--mesh", "istio"]),
        "invalid option '--mesh'; `--help` lists the options",
    );
    let missing = judged(&["--", "./there-is-no-such-program", "--law"]);
    refused(
        &missing,
        "cannot start `./there-is-no-such-program --law`: No such file or directory (os error 2)",
    );
    let help = judged(&["--help"]);
    assert!(help.exit == Exit::Done && help.out.contains("\njudge [OPTION…] -- COMMAND [ARG…]\n"));
}
