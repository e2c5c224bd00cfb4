//! The program `judge`: tests an executable in any language against the laws of the conformance kit, by the
//! [protocol](smi_conformance::process).

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
Judges a program that is an adapter, and its mesh: starts it, gives it many small worlds, and tells in which of them a
law of the conformance kit does not hold. smi-conformance/src/process/PROTOCOL.md says what is asked of the program.

judge [OPTION…] -- COMMAND [ARG…]

  --worlds N       in how many worlds each law is tried (default: 1000)
  --law NAME       try this law only; may come more than once. It also tells what happened in the worlds
  --report FILE    write the judgement to a file as well, as YAML
  --save FOLDER    save each counterexample in a file, as LAW.yaml
  --replay FILE    try the case of a file only, such as a counterexample that was saved
  --help           this text

Exit status: 0 every law holds, and nothing is unverified; 1 it could not be tried (one line of text says why); 2 a law
does not hold, or something that the program claims happened too rarely
";

/// How long the program may take for one answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the program. It writes counterexamples and the judgement to `out`.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString>>, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let outcome = started(Parser::from_args(arguments), out, err);
    crate::exit(outcome, err)
}

fn started(parser: Parser, out: &mut dyn Write, err: &mut dyn Write) -> Result<Exit, Stop> {
    let Some(task) = parse(parser)? else {
        write!(out, "{HELP}")?;
        return Ok(Exit::Done);
    };
    let program = Program::start(&task.command, task.patience).map_err(Stop::Refused)?;
    report::line(err, &format!("judging `{}`", program.title()))?;
    if let Some(path) = &task.replay {
        again(&program, path, out)
    } else if task.laws.is_empty() {
        all(&program, &task, out)
    } else {
        some(&program, &task, out)
    }
}

/// Tries all laws.
fn all(program: &Program, task: &Task, out: &mut dyn Write) -> Result<Exit, Stop> {
    let judgement = judge(program, program, &laws::no_limits, task.cases);
    // Then nothing else that was found means anything.
    answered(program)?;
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

/// Tries the laws that are asked for, one after the other.
fn some(program: &Program, task: &Task, out: &mut dyn Write) -> Result<Exit, Stop> {
    let mut exit = Exit::Done;
    for law in &task.laws {
        let outcome = laws::try_law(*law, program, program, &laws::no_limits, task.cases);
        answered(program)?;
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

/// Tries one case again.
fn again(program: &Program, path: &Path, out: &mut dyn Write) -> Result<Exit, Stop> {
    let file = path.as_os_str();
    let text = fs::read_to_string(path).map_err(|error| unreadable(file, &error))?;
    let case = Case::read(&text).map_err(|why| unreadable(file, &why))?;
    let outcome = laws::replay(program, program, &laws::no_limits, &case);
    answered(program)?;
    match outcome {
        Ok(()) => {
            writeln!(out, "`{}` shows no fault", case.name)?;
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

/// Stops where the program has failed to answer.
fn answered(program: &Program) -> Result<(), Stop> {
    program.failure().map_or(Ok(()), |failure| Err(Stop::Refused(failure)))
}

/// Writes several lines, whatever the program has put into them.
fn lines(out: &mut dyn Write, text: &str) -> Result<(), Stop> {
    for line in text.lines() {
        report::line(out, line)?;
    }
    Ok(())
}

/// What is asked.
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
    /// Saves a counterexample, if that is asked for.
    fn save(&self, violation: &Violation) -> Result<(), Stop> {
        if let Some(folder) = &self.save {
            violation.save(folder).map_err(|error| unwritable(folder, &error))?;
        }
        Ok(())
    }
}

/// Reads the command line; `None` asks for help.
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
            // For tests, which do not want to wait for long.
            "patience" => task.patience = Duration::from_secs(parser.value()?.parse()?),
            _ => return Err(lexopt::Error::UnexpectedOption(format!("--{option}")).into()),
        }
    }
    if task.command.is_empty() {
        let reason = "there is nothing to judge: name a command after `--`";
        return Err(Stop::Refused(reason.into()));
    }
    if task.report.is_some() && !task.laws.is_empty() {
        let reason = "`--report` is about all laws, so it does not go with `--law`";
        return Err(Stop::Refused(reason.into()));
    }
    if task.replay.is_some() && (task.report.is_some() || task.save.is_some() || !task.laws.is_empty()) {
        let reason = "`--replay` is about one case and its law, so it does not go with `--law`, `--report` or `--save`";
        return Err(Stop::Refused(reason.into()));
    }
    Ok(Some(task))
}

fn law(name: &str) -> Result<Law, Stop> {
    name.parse()
        .map_err(|unknown: UnknownLawError| Stop::Refused(unknown.to_string()))
}
