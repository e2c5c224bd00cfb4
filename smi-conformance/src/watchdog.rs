//! A watchdog, which aborts a process that hangs.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Does some work. If it does not return within `patience`, prints `what` and aborts the process. A thread cannot be
/// stopped, and without the abort the process would never end.
pub(super) fn watched<T>(patience: Duration, what: impl FnOnce() -> String + Send, work: impl FnOnce() -> T) -> T {
    let (done, waiting) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if waiting.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                // Not `eprintln!`: test harnesses capture its output, which an abort would lose.
                let text = format!("\nno result after {patience:?}, aborting: {}\n", what());
                _ = std::io::stderr().write_all(text.as_bytes());
                std::process::abort();
            }
        });
        // Dropped when the work returns, also where it panics.
        let _done = done;
        work()
    })
}

#[cfg(test)]
mod tests {
    use super::watched;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn returns_the_result_of_work_in_time() {
        assert_eq!(watched(Duration::from_secs(60), String::new, || 1), 1);
        let panics = std::panic::catch_unwind(|| watched(Duration::from_secs(60), String::new, || panic!("x")));
        assert!(panics.is_err());
    }

    #[test]
    fn work_that_hangs_aborts_the_process_with_a_message() {
        const CHILD: &str = "SMI_TEST_HANGS";
        if std::env::var_os(CHILD).is_some() {
            let what = || "the world".to_owned();
            watched(Duration::from_millis(50), what, || {
                loop {
                    std::thread::park();
                }
            });
        }
        let name = "watchdog::tests::work_that_hangs_aborts_the_process_with_a_message";
        let mut child = Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", name]).env(CHILD, "").output().unwrap();
        assert!(!output.status.success());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("no result after 50ms, aborting: the world"), "{stderr}");
    }
}
