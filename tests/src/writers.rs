//! Real writers of SMI objects: a process with the routers of Flagger and Argo Rollouts.

#![expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]

use crate::apiserver::ApiServer;
use crate::go::Module;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A process that performs the steps of canaries. The comments of its module describe the commands.
#[derive(Debug)]
pub struct Writers {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Writers {
    /// Starts the process for a server. Without Go, prints the reason and returns `None`.
    ///
    /// # Panics
    /// If the process does not start, or if Go is not installed and `CI` is `true`.
    #[must_use]
    pub fn start(server: &ApiServer) -> Option<Self> {
        let module = Module {
            name: "writers",
            sources: &[
                include_str!("../writers/go.mod"),
                include_str!("../writers/go.sum"),
                include_str!("../writers/main.go"),
            ],
            programs: &[("writers", ".")],
            linker: "-s -w".to_owned(),
        };
        let folder = crate::found("writers", module.build())?;
        let mut process = Command::new(folder.join("writers"))
            .arg(server.kubeconfig())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the writers start");
        let answers = process.stdout.take().expect("the output is piped");
        Some(Self {
            process,
            answers: BufReader::new(answers),
        })
    }

    /// Performs a command and returns the answer.
    ///
    /// # Panics
    /// If the process ends, because this is no command.
    pub fn perform(&mut self, command: &Value) -> Value {
        let mut input = self.process.stdin.as_ref().expect("the input is piped");
        writeln!(input, "{command}").expect("the writers read commands");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the writers answer");
        serde_json::from_str(&line).expect("an answer is JSON")
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
