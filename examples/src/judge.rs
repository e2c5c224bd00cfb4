//! The program `judge`: tests an adapter in any language against the laws of the conformance kit, over a
//! [protocol](smi_conformance::process) of JSON lines.

use crate::input::unreadable;
use crate::options::{self, Word};
use crate::{Exit, Stop, report};
use lexopt::{Parser, ValueExt};
use smi_conformance::laws::{self, Law, UnknownLawError};
use smi_conformance::process::Program;
use smi_conformance::{Case, Cases, State, Violation, judge};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const HELP: &str = "\
Tests a program that implements an adapter and a model of its mesh: starts it, sends it many small worlds, and reports
those in which a law of the conformance kit does not hold. The protocol is in smi-conformance/src/process/PROTOCOL.md.

judge [OPTION…] -- COMMAND [ARG…]

  --worlds N       number of worlds for each law (default: 1000)
  --law NAME       try only this law, and show how often each situation occurred; can be repeated
  --report FILE    also write the judgement to FILE, as YAML
  --save FOLDER    save each counterexample as FOLDER/LAW.yaml
  --replay FILE    try only the case in FILE, for example a saved counterexample
  --help           show this text

Exit status: 0 if every law holds and none is unverified; 1 if the program could not be tested (one line states the
reason); 2 if a law does not hold, or a situation that the program claims to support occurred too rarely
";

/// The time limit of one answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the program. It writes counterexamples and the judgement to `out`.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString>>, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let outcome = run_task(Parser::from_args(arguments), out, err);
    crate::exit(outcome, err)
}

fn run_task(parser: Parser, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Stop> {
    let Some(task) = parse(parser)? else {
        write!(out, "{HELP}")?;
        return Ok(Exit::Done);
    };
    let program = Program::start(&task.command, task.patience).map_err(Stop::Refused)?;
    report::line(err, &format!("judging `{}`", program.title()))?;
    if let Some(path) = &task.replay {
        replay(&program, path, out)
    } else if task.laws.is_empty() {
        judge_all(&program, &task, out)
    } else {
        judge_some(&program, &task, out)
    }
}

/// Tries all laws.
fn judge_all(program: &Program, task: &Task, out: &mut dyn Write) -> Result<Exit, Stop> {
    let judgement = judge(program, program, &laws::no_limits, task.cases);
    // After a failure no other finding is reliable.
    check_alive(program)?;
    lines(out, &judgement.to_string())?;
    out.flush()?;
    for violation in judgement.violations() {
        task.save(violation)?;
    }
    if let Some(path) = &task.report {
        fs::write(path, judgement.to_yaml()).map_err(|error| unwritable(path, &error))?;
    }
    Ok(if judgement.passed() { Exit::Done } else { Exit::Errors })
}

/// Tries the selected laws, one after the other.
fn judge_some(program: &Program, task: &Task, out: &mut dyn Write) -> Result<Exit, Stop> {
    let mut exit = Exit::Done;
    for law in &task.laws {
        let outcome = laws::try_law(*law, program, program, &laws::no_limits, task.cases);
        check_alive(program)?;
        let text = match outcome {
            Ok(report) => {
                if report.state() == State::Unverified {
                    exit = Exit::Errors;
                }
                report.to_string()
            }
            Err(violation) => {
                exit = Exit::Errors;
                task.save(&violation)?;
                violation.to_string()
            }
        };
        lines(out, &text)?;
        out.flush()?;
    }
    Ok(exit)
}

/// Tries one saved case again.
fn replay(program: &Program, path: &Path, out: &mut dyn Write) -> Result<Exit, Stop> {
    let file = path.as_os_str();
    let text = fs::read_to_string(path).map_err(|error| unreadable(file, &error))?;
    let case = Case::read(&text).map_err(|why| unreadable(file, &why))?;
    let outcome = laws::replay(program, program, &laws::no_limits, &case);
    check_alive(program)?;
    match outcome {
        Ok(()) => {
            writeln!(out, "`{}` violates no law", case.name)?;
            Ok(Exit::Done)
        }
        Err(violation) => {
            lines(out, &violation.to_string())?;
            Ok(Exit::Errors)
        }
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Stop {
    Stop::Refused(format!("cannot write `{}`: {error}", path.display()))
}

/// Returns an error if the program has failed to answer.
fn check_alive(program: &Program) -> Result<(), Stop> {
    program.failure().map_or(Ok(()), |failure| Err(Stop::Refused(failure)))
}

/// Writes text line by line, and escapes control characters that the program under test put into it.
fn lines(out: &mut dyn Write, text: &str) -> Result<(), Stop> {
    for line in text.lines() {
        report::line(out, line)?;
    }
    Ok(())
}

/// The task on the command line.
struct Task {
    cases: Cases,
    laws: Vec<Law>,
    report: Option<PathBuf>,
    save: Option<PathBuf>,
    replay: Option<PathBuf>,
    patience: Duration,
    command: Vec<OsString>,
}

impl Task {
    /// Saves a counterexample if `--save` is set.
    fn save(&self, violation: &Violation) -> Result<(), Stop> {
        if let Some(folder) = &self.save {
            violation.save(folder).map_err(|error| unwritable(folder, &error))?;
        }
        Ok(())
    }
}

/// Parses the command line. Returns `None` for `--help`.
fn parse(mut parser: Parser) -> Result<Option<Task>, Stop> {
    let mut task = Task {
        cases: Cases::quick(),
        laws: Vec::new(),
        report: None,
        save: None,
        replay: None,
        patience: PATIENCE,
        command: Vec::new(),
    };
    while let Some(word) = options::next(&mut parser)? {
        let option = match word {
            Word::Option(option) => option,
            Word::File(program) => {
                task.command.push(program);
                task.command.extend(parser.raw_args()?);
                break;
            }
        };
        match option.as_str() {
            "help" => return Ok(None),
            "worlds" => task.cases = Cases::new(parser.value()?.parse()?),
            "law" => task.laws.push(law(&parser.value()?.string()?)?),
            "report" => task.report = Some(parser.value()?.into()),
            "save" => task.save = Some(parser.value()?.into()),
            "replay" => task.replay = Some(parser.value()?.into()),
            // Undocumented: shortens the time limit for tests.
            "patience" => task.patience = Duration::from_secs(parser.value()?.parse()?),
            _ => return Err(lexopt::Error::UnexpectedOption(format!("--{option}")).into()),
        }
    }
    if task.command.is_empty() {
        let reason = "no program to judge: specify a command after `--`";
        return Err(Stop::Refused(reason.into()));
    }
    if task.report.is_some() && !task.laws.is_empty() {
        let reason = "`--report` covers all laws and cannot be used with `--law`";
        return Err(Stop::Refused(reason.into()));
    }
    if task.replay.is_some() && (task.report.is_some() || task.save.is_some() || !task.laws.is_empty()) {
        let reason = "`--replay` tries a single case and cannot be used with `--law`, `--report` or `--save`";
        return Err(Stop::Refused(reason.into()));
    }
    Ok(Some(task))
}

fn law(name: &str) -> Result<Law, Stop> {
    name.parse()
        .map_err(|unknown: UnknownLawError| Stop::Refused(unknown.to_string()))
}
