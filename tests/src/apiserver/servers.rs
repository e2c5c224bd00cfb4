//! The processes: a shell that starts both servers, and stops them when this process has ended.

#![expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// The token of a user with all permissions. The server is reachable from this machine only.
pub(super) const TOKEN: &str = "administrator";

const SCRIPT: &str = include_str!("../../apiserver/run.sh");

/// Both servers. They stop when this value is dropped, and when this process ends.
#[derive(Debug)]
pub(super) struct Servers {
    /// The URL of the API server.
    pub(super) url: String,
    /// The certificate of the API server, in DER.
    pub(super) certificate: Vec<u8>,
    /// The working directory of both servers. The shell removes it.
    pub(super) folder: PathBuf,
    shell: Mutex<Shell>,
}

#[derive(Debug)]
struct Shell {
    process: Child,
    output: BufReader<ChildStdout>,
    /// The process IDs of `etcd` and the API server.
    processes: [u32; 2],
}

impl Shell {
    /// Reads the process IDs that the shell writes when it has started the servers.
    fn read(&mut self) {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the shell writes a line");
        let mut processes = line
            .split_whitespace()
            .map(|id| id.parse().expect("the shell writes process IDs"));
        self.processes = [(); 2].map(|()| processes.next().expect("the shell writes two process IDs"));
    }
}

impl Servers {
    pub(super) fn start(binaries: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("apiserver-")
            .tempdir()
            .expect("a temporary folder can be created");
        let certificate = write_credentials(folder.path()).expect("the temporary folder is writable");
        let [client, peer, port] = free_ports();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .current_dir(&folder)
            .env("FOLDER", folder.path())
            .env("BINARIES", binaries)
            .env("ETCD", format!("http://127.0.0.1:{client}"))
            .env("PEER", format!("http://127.0.0.1:{peer}"))
            .env("PORT", port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // An interrupt from the terminal must not end the shell before the servers.
            .process_group(0)
            .spawn()
            .expect("a shell is installed");
        let output = shell.stdout.take().expect("the output is piped");
        let mut shell = Shell {
            process: shell,
            output: BufReader::new(output),
            processes: [0; 2],
        };
        shell.read();
        Self {
            url: format!("https://127.0.0.1:{port}"),
            certificate,
            folder: folder.keep(),
            shell: Mutex::new(shell),
        }
    }

    /// Returns the process IDs of `etcd` and the API server.
    pub(super) fn processes(&self) -> [u32; 2] {
        self.shell.lock().expect("no test panics in here").processes
    }

    /// Kills the API server and starts it again.
    pub(super) fn restart(&self) {
        let mut shell = self.shell.lock().expect("no test panics in here");
        let input = shell.process.stdin.as_mut().expect("the input is piped");
        input.write_all(b"restart\n").expect("the shell runs");
        shell.read();
    }

    /// Returns the last lines of the API server's log.
    pub(super) fn end_of_log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("kube-apiserver.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines
            .iter()
            .rev()
            .take(20)
            .rev()
            .copied()
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let shell = self.shell.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(shell.process.stdin.take());
        _ = shell.process.wait();
    }
}

/// Writes the credentials of the API server, and returns its certificate. One key is used for TLS and for the tokens of
/// service accounts.
fn write_credentials(folder: &Path) -> std::io::Result<Vec<u8>> {
    let certified =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be generated");
    fs::write(folder.join("server.crt"), certified.cert.pem())?;
    fs::write(folder.join("server.key"), certified.signing_key.serialize_pem())?;
    fs::write(folder.join("server.pub"), certified.signing_key.public_key_pem())?;
    fs::write(
        folder.join("tokens.csv"),
        format!("{TOKEN},administrator,administrator,system:masters\n"),
    )?;
    Ok(certified.cert.der().to_vec())
}

/// Returns ports that are unused at this moment.
fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port is free"));
    listeners.map(|listener| listener.local_addr().expect("the listener has an address").port())
}
