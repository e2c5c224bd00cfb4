//! Programs on top of the library: [`translate`] translates SMI manifests to the configuration of a mesh, [`explain`]
//! shows where a request goes and why, and [`judge`] tests an adapter in any language against the conformance laws.
//!
//! The first two show the steps of a program that embeds the library: read text into a snapshot, call the library, and
//! report the diagnostics to the authors of the objects.

pub mod explain;
mod files;
mod input;
pub mod judge;
mod natives;
mod options;
mod report;
pub mod translate;
mod wording;

/// Doctests of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

use std::io::{self, Write};
use std::process::ExitCode;

/// The outcome of a program, as its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It succeeded and reported no errors.
    Done = 0,
    /// It could not run: invalid arguments, an unreadable file, or no input.
    Refused = 1,
    /// It ran, but reported errors.
    Errors = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that stops a program.
enum Stop {
    /// The program cannot do what the command line requests.
    Refused(String),
    /// The output cannot be written.
    Write(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<lexopt::Error> for Stop {
    fn from(error: lexopt::Error) -> Self {
        Self::Refused(format!("{error}; `--help` lists the options"))
    }
}

/// Reports the error that stopped a program. A closed pipe is not reported.
fn exit(outcome: Result<Exit, Stop>, err: &mut dyn Write) -> Exit {
    let reason = match outcome {
        Ok(exit) => return exit,
        Err(Stop::Refused(reason)) => reason,
        Err(Stop::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Refused,
        Err(Stop::Write(error)) => format!("cannot write: {error}"),
    };
    // If this cannot be written either, the exit status remains.
    _ = report::line(err, &format!("error: {reason}"));
    Exit::Refused
}
