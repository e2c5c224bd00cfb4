//! Runs of `judge` on other programs: one that passes, and those that fail in each possible way.

use crate::run::{Folder, Run, judged};
use smi_examples::Exit;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

const ADAPTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/judge/adapter.py");

/// Returns `true` if Python is installed. Most of these tests are skipped without it.
fn has_python() -> bool {
    let is_installed = Command::new("python3").arg("--version").output().is_ok();
    if !is_installed {
        println!("skipped: `python3` is not installed");
    }
    is_installed
}

/// Judges a Python program that answers `describe`, and then runs `code` for each request.
fn judge_python(options: &[&str], code: &str) -> Run {
    let program = format!(
        "import json, sys, time
def reply(answer):
    print(json.dumps(answer), flush=True)
sys.stdin.readline()
reply({{'protocol': 1, 'name': 'x', 'kinds': [], 'support': {{'TcpSplit': 'full'}}}})
for line in sys.stdin:
    {code}
"
    );
    judged(&[options, &["--worlds", "3", "--", "python3", "-c", &program]].concat())
}

/// Asserts that the program could not be judged: the second line states the reason.
fn assert_failed(run: &Run, reason: &str) {
    let messages = run.messages();
    let expected = "judging `x`";
    assert!(
        run.exit == Exit::Refused && run.out.is_empty() && messages.len() == 2 && messages[0] == expected,
        "{run:?}"
    );
    assert!(messages[1].starts_with("error: `python3 -c "), "{run:?}");
    assert!(messages[1].contains(reason), "{run:?}");
    assert!(
        messages[1].contains("; it was asked to translate: `{\"enforced\":"),
        "the message lacks the request: {run:?}"
    );
}

/// Asserts that `judge` did not start: it wrote one line with the reason, and nothing else.
fn assert_refused(run: &Run, reason: &str) {
    assert_eq!(run.exit, Exit::Refused, "{run:?}");
    assert_eq!(run.out, "");
    assert_eq!(run.messages(), [format!("error: {reason}")]);
}

#[test]
fn python_adapter_passes_every_law() {
    if !has_python() {
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
        assert!(run.out.lines().any(|printed| printed == line), "{line}: {}", run.out);
    }
    let report = fs::read_to_string(report).unwrap();
    assert!(
        report.starts_with("adapter: toy\n") && report.contains("Inexpressible: "),
        "{report}"
    );
}

#[test]
fn finds_ignored_weights() {
    if !has_python() {
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
    // The saved file is the printed counterexample, and only the broken program fails it.
    assert!(run.out.contains(&fs::read_to_string(&case).unwrap()));
    let replayed = judged(&[["--replay", &case].as_slice(), &broken].concat());
    assert!(
        replayed.exit == Exit::Errors && replayed.out.starts_with("law `split_exact` does not hold for `toy`"),
        "{replayed:?}"
    );
    let correct = judged(&["--replay", &case, "--", "python3", ADAPTER]);
    assert!(
        correct.exit == Exit::Done && correct.out.ends_with(" violates no law\n"),
        "{correct:?}"
    );
}

#[test]
fn reports_the_request_that_a_program_fails_on() {
    if !has_python() {
        return;
    }
    assert_failed(
        &judge_python(&[], "sys.exit(3)"),
        " ended without an answer (exit status: 3); ",
    );
    assert_failed(
        &judge_python(&[], "print('Hello!', flush=True)"),
        " gave an invalid answer (not JSON: expected value at line 1 column 1): `Hello!`; ",
    );
    assert_failed(
        &judge_python(&[], "reply({'manifests': []})"),
        "invalid answer (missing field `diagnostics`): `{\"manifests\": []}`; ",
    );
    assert_failed(
        &judge_python(&[], "sys.stdout.buffer.write(b'\\xff\\n'); sys.stdout.flush()"),
        " gave an answer that is not UTF-8; ",
    );
    assert_failed(
        &judge_python(
            &["--law", "total"],
            "reply({'manifests': [], 'diagnostics': []}); reply({}); time.sleep(0.05)",
        ),
        " `{}`",
    );
}

#[test]
fn stops_programs_that_hang() {
    if !has_python() {
        return;
    }
    let started = Instant::now();
    let hangs = judge_python(&["--patience", "1"], "time.sleep(600)");
    assert_failed(&hangs, " did not answer within 1 seconds ");
    // This one does not read its input either.
    let deaf = judged(&["--patience", "1", "--", "python3", "-c", "import time; time.sleep(600)"]);
    assert_refused(
        &deaf,
        "`python3 -c import time; time.sleep(600)` did not answer within 1 seconds (does it end the line, and flush \
         its output?); it was asked to describe: `{\"protocol\":1,\"request\":\"describe\"}`",
    );
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn error_answers_are_counterexamples() {
    if !has_python() {
        return;
    }
    let run = judge_python(&["--law", "total"], "reply({'error': 'division by zero'})");
    assert_eq!(run.exit, Exit::Errors, "{run:?}");
    let why = "\n\nthe program has no translation: division by zero\n";
    assert!(
        run.out.contains("law `total` does not hold for `x`") && run.out.contains(why),
        "{run:?}"
    );
}

#[test]
fn refuses_invalid_arguments() {
    let law = judged(&["--law", "gravity", "--", "true"]);
    assert!(
        law.exit == Exit::Refused && law.err.starts_with("error: there is no law `gravity`, only `total`, `"),
        "{law:?}"
    );
    assert_refused(&judged(&[]), "no program to judge: specify a command after `--`");
    assert_refused(
        &judged(&["--report", "x", "--law", "total", "--", "true"]),
        "`--report` covers all laws and cannot be used with `--law`",
    );
    assert_refused(
        &judged(&["--replay", "x", "--law", "total", "--", "true"]),
        "`--replay` tries a single case and cannot be used with `--law`, `--report` or `--save`",
    );
    assert_refused(
        &judged(&["--worlds", "many", "--", "true"]),
        "cannot parse argument \"many\": invalid digit found in string; `--help` lists the options",
    );
    assert_refused(
        &judged(&["--mesh", "istio"]),
        "invalid option '--mesh'; `--help` lists the options",
    );
    let missing = judged(&["--", "./there-is-no-such-program", "--law"]);
    assert_refused(
        &missing,
        "cannot start `./there-is-no-such-program --law`: No such file or directory (os error 2)",
    );
    let help = judged(&["--help"]);
    assert!(help.exit == Exit::Done && help.out.contains("\njudge [OPTION…] -- COMMAND [ARG…]\n"));
}
