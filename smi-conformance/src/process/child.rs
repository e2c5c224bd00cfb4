//! A child process that answers each line with one line.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// The maximum length of an answer, in bytes.
const LONGEST: u64 = 64 << 20;
/// The maximum number of characters of a line that a message shows.
const SHOWN: usize = 600;
/// The time limit for a program that has closed its output to end.
const ENDING: Duration = Duration::from_secs(1);

/// A request, as one line.
pub(super) struct Question {
    /// The name of the request.
    pub(super) name: String,
    pub(super) line: String,
}

/// A running program, which is killed when the value is dropped.
///
/// Its standard error is that of this process. Separate threads read and write, since there is no other way to stop
/// waiting for a program that does neither.
#[derive(Debug)]
pub(super) struct Process {
    /// The command as the user wrote it.
    command: String,
    patience: Duration,
    child: Child,
    requests: SyncSender<String>,
    answers: Receiver<io::Result<Vec<u8>>>,
}

impl Process {
    /// Starts a program. Each answer may take as long as `patience`.
    pub(super) fn start(command: &[OsString], patience: Duration) -> Result<Self, String> {
        let words: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
        let command_line = words.join(" ");
        let (program, arguments) = command.split_first().ok_or("the command is empty: name a program")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{command_line}`: {error}"))?;
        let (requests, to_write) = sync_channel(1);
        // One line at a time, so that a program that writes without end cannot fill the memory.
        let (heard, answers) = sync_channel(1);
        if let Some(stdin) = child.stdin.take() {
            thread::spawn(move || write(stdin, &to_write));
        }
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || read(stdout, &heard));
        }
        Ok(Self {
            command: command_line,
            patience,
            child,
            requests,
            answers,
        })
    }

    /// Sends a request and returns the answer. Both are one line.
    pub(super) fn exchange(&mut self, request: &Question) -> Result<String, String> {
        match self.answers.try_recv() {
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Err(self.ended(request)),
            Ok(line) => {
                let line = String::from_utf8_lossy(&line.unwrap_or_default()).into_owned();
                let line = shown(line.trim_end());
                return Err(self.failure(&format!("wrote `{line}` without a request"), request));
            }
        }
        // If the program has ended, reading the answer fails as well, with a better message.
        _ = self.requests.send(request.line.clone());
        match self.answers.recv_timeout(self.patience) {
            Ok(Ok(line)) => {
                let text = String::from_utf8(line);
                text.map_err(|_| self.failure("gave an answer that is not UTF-8", request))
            }
            Ok(Err(error)) => Err(self.failure(&format!("gave an answer that cannot be read ({error})"), request)),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended(request)),
            Err(RecvTimeoutError::Timeout) => {
                let what = format!(
                    "did not answer within {} seconds (does it end the line, and flush its output?)",
                    self.patience.as_secs()
                );
                Err(self.failure(&what, request))
            }
        }
    }

    /// Returns the message for an invalid answer.
    pub(super) fn invalid(&self, why: &str, request: &Question, answer: &str) -> String {
        let answer = shown(answer.trim_end());
        self.failure(&format!("gave an invalid answer ({why}): `{answer}`"), request)
    }

    /// Kills the program.
    pub(super) fn kill(&mut self) {
        // A program that has already ended is not an error.
        _ = self.child.kill();
        _ = self.child.wait();
    }

    fn ended(&mut self, request: &Question) -> String {
        let until = Instant::now() + ENDING;
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(10)),
                Ok(None) | Err(_) => break None,
            }
        };
        match status {
            Some(status) => self.failure(&format!("ended without an answer ({status})"), request),
            None => self.failure("closed its standard output without an answer", request),
        }
    }

    fn failure(&self, what: &str, request: &Question) -> String {
        let Question { name, line } = request;
        format!("`{}` {what}; it was asked to {name}: `{}`", self.command, shown(line))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Writes every request, until there are no more or the program stops reading.
fn write(mut stdin: ChildStdin, requests: &Receiver<String>) {
    for request in requests {
        let line = format!("{request}\n");
        if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

/// Reads every line, until there are no more or the receiver is gone.
fn read(stdout: ChildStdout, answers: &SyncSender<io::Result<Vec<u8>>>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = stdout.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        let too_long = line.len() as u64 == LONGEST;
        let result = match read {
            Ok(0) => return,
            Ok(_) if too_long => Err(io::Error::other(format!("longer than {LONGEST} bytes"))),
            Ok(_) => Ok(line),
            Err(error) => Err(error),
        };
        let last = result.is_err();
        if answers.send(result).is_err() || last {
            return;
        }
    }
}

/// Returns the beginning of a line, in the length that a message shows.
fn shown(line: &str) -> String {
    let mut characters = line.chars();
    let start: String = characters.by_ref().take(SHOWN).collect();
    match characters.count() {
        0 => start,
        more => format!("{start}… and {more} more characters"),
    }
}
