//! The processes: a shell that starts both servers and ends them when this process is gone.

#![expect(clippy::expect_used, reason = "a fixture that fails is a test that fails")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The token of a user who may do everything. The server is reachable from this machine only.
pub(super) const TOKEN: &str = "administrator";

const SCRIPT: &str = include_str!("../../apiserver/run.sh");

/// Both servers, which end with this value or with this process.
#[derive(Debug)]
pub(super) struct Servers {
    /// Where the API server listens.
    pub(super) url: String,
    /// Its certificate, in DER.
    pub(super) certificate: Vec<u8>,
    /// The processes of `etcd` and of the API server.
    pub(super) processes: [u32; 2],
    /// The working directory of both, which the shell removes.
    pub(super) folder: PathBuf,
    shell: Child,
}

impl Servers {
    pub(super) fn start(binaries: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("apiserver-").tempdir();
        let folder = folder.expect("a temporary folder");
        let certificate = write_credentials(folder.path()).expect("files in a temporary folder");
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
            .expect("a shell");
        let mut line = String::new();
        let output = shell.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let mut processes = line.split_whitespace().map(|id| id.parse().expect("a process"));
        Self {
            url: format!("https://127.0.0.1:{port}"),
            certificate,
            processes: [(); 2].map(|()| processes.next().expect("two processes")),
            folder: folder.keep(),
            shell,
        }
    }

    /// The last lines that the API server logged.
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
        drop(self.shell.stdin.take());
        _ = self.shell.wait();
    }
}

/// Writes what the API server reads and returns its certificate. One key serves for TLS and for the tokens of
/// service accounts.
fn write_credentials(folder: &Path) -> std::io::Result<Vec<u8>> {
    let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a key and its certificate");
    fs::write(folder.join("server.crt"), own.cert.pem())?;
    fs::write(folder.join("server.key"), own.signing_key.serialize_pem())?;
    fs::write(folder.join("server.pub"), own.signing_key.public_key_pem())?;
    fs::write(
        folder.join("tokens.csv"),
        format!("{TOKEN},administrator,administrator,system:masters\n"),
    )?;
    Ok(own.cert.der().to_vec())
}

/// Ports that nobody uses, at least at this moment.
fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("its address").port())
}
