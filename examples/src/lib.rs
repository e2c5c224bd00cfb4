//! Programs on top of the library: [`translate`] writes a mesh's configuration for SMI objects in files, [`explain`] says
//! where a request goes and why, [`judge`] whether any program is an adapter that keeps the laws.
//!
//! What a program that embeds the library does is in the first two, in this order: read text into a snapshot,
//! call the library, tell the authors what it found out.

pub mod explain;
mod input;
pub mod judge;
mod options;
mod report;
pub mod translate;

/// The code of the README compiles and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

use std::io::{self, Write};
use std::process::ExitCode;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked to, and has no error to tell.
    Done = 0,
    /// It could not run: bad arguments, a file that cannot be read, or nothing to read.
    Refused = 1,
    /// It did what it could; the input has errors.
    Errors = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a program cannot go on.
enum Stop {
    /// What it was asked to do makes no sense.
    Refused(String),
    /// Nobody takes what it writes.
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

/// Tells why a program stopped. A reader that has seen enough is no news.
fn exit(outcome: Result<Exit, Stop>, err: &mut dyn Write) -> Exit {
    let reason = match outcome {
        Ok(exit) => return exit,
        Err(Stop::Refused(reason)) => reason,
        Err(Stop::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Exit::Refused,
        Err(Stop::Write(error)) => format!("cannot write: {error}"),
    };
    // If even this cannot be told, the status says it.
    _ = report::line(err, &format!("error: {reason}"));
    Exit::Refused
}
