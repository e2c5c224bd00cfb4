//! Tasks whose panics are not lost.

use tokio::task::JoinError;

/// Returns the result of a task, or continues its panic. A task that has panicked must look neither finished nor slow.
/// Returns `None` if the task was cancelled.
pub(crate) fn finished<T>(ended: Result<T, JoinError>) -> Option<T> {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(result) => Some(result),
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => None,
    }
}
