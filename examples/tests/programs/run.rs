//! Helpers that run a program, and its input files.

use serde_json::Value;
use smi_examples::{Exit, explain, judge, translate};
use std::fs;
use std::path::PathBuf;

/// The result of one run of a program.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Returns the lines of standard error.
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.err.lines().collect()
    }
}

/// Runs `translate --mesh istio`.
pub(crate) fn translated(arguments: &[&str], stdin: &str) -> Run {
    translated_for(&["--mesh", "istio"], arguments, stdin)
}

/// Runs `translate` for a mesh.
pub(crate) fn translated_for(mesh: &[&str], arguments: &[&str], stdin: &str) -> Run {
    let arguments = mesh.iter().chain(arguments);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = translate::run(arguments, &mut stdin.as_bytes(), &mut out, &mut err);
    finished(exit, out, err)
}

/// Runs `explain`.
pub(crate) fn explained(arguments: &[&str], stdin: &str) -> Run {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = explain::run(arguments, &mut stdin.as_bytes(), &mut out, &mut err);
    finished(exit, out, err)
}

/// Runs `judge`.
pub(crate) fn judged(arguments: &[&str]) -> Run {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = judge::run(arguments, &mut out, &mut err);
    finished(exit, out, err)
}

fn finished(exit: Exit, out: Vec<u8>, err: Vec<u8>) -> Run {
    Run {
        exit,
        out: String::from_utf8(out).unwrap(),
        err: String::from_utf8(err).unwrap(),
    }
}

/// A folder for one test, initially empty.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn add(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Adds a link to `target`, which is relative to the link.
    #[cfg(unix)]
    pub(crate) fn link(&self, target: &str, name: &str) {
        std::os::unix::fs::symlink(target, self.0.join(name)).unwrap();
    }

    /// Runs `translate --mesh istio` on files of the folder. Paths in its messages are relative to the folder.
    pub(crate) fn translate(&self, options: &[&str], files: &[&str]) -> Run {
        let files: Vec<String> = files.iter().map(|file| self.path(file)).collect();
        let arguments = options.iter().copied().chain(files.iter().map(String::as_str));
        let run = translated(&arguments.collect::<Vec<_>>(), "");
        let err = run.err.replace(&self.path(""), "");
        Run { err, ..run }
    }

    pub(crate) fn path(&self, file: &str) -> String {
        self.0.join(file).to_str().unwrap().to_owned()
    }
}

/// A sound split with its services.
pub(crate) const SOUND: &str = "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v1, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: {name: sound, namespace: shop}
spec:
  service: web
  backends: [{service: web-v1, weight: 1}]
";

/// Returns the kinds and names of the objects on standard output.
pub(crate) fn written(run: &Run) -> Vec<String> {
    let text = |field: &str| {
        let lines = run.out.lines();
        let values = lines.filter_map(|line| line.strip_prefix(field)).map(str::to_owned);
        values.collect::<Vec<String>>()
    };
    let kinds = text("kind: ").into_iter();
    kinds
        .zip(text("  name: "))
        .map(|(kind, name)| format!("{kind} {name}"))
        .collect()
}

/// Parses the messages of a run with `--format json`.
pub(crate) fn json(run: &Run) -> Vec<Value> {
    run.err
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
