//! Requests with a time limit, and the errors of failed ones.

use kube::api::{DynamicObject, ListParams};
use kube::{Api, Error, Result};
use std::error::Error as _;
use std::time::Duration;
use tokio::time::timeout;

/// The error of a request that was not answered within this time.
#[derive(Debug, thiserror::Error)]
#[error("the API server did not answer within {0:?}")]
pub(crate) struct TimeLimit(Duration);

/// Waits for an answer until a time limit.
pub(crate) async fn within<T>(limit: Duration, answer: impl Future<Output = Result<T>>) -> Result<T> {
    let answer = timeout(limit, answer).await;
    answer.unwrap_or_else(|_| Err(Error::Service(TimeLimit(limit).into())))
}

/// Lists objects in pages of one state, each within a time limit, and returns the version of the list.
///
/// Each object is converted by `read` as soon as its page has arrived, so that a list is never held in its raw form.
///
/// # Errors
/// If a request fails. The state of the first page may have expired (410).
pub(crate) async fn list<T>(
    objects: &Api<DynamicObject>,
    mut page: ListParams,
    limit: Duration,
    read: impl Fn(DynamicObject) -> T,
) -> Result<(String, Vec<T>)> {
    let mut all = Vec::new();
    loop {
        let list = within(limit, objects.list(&page)).await?;
        all.extend(list.items.into_iter().map(&read));
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page.continue_token = Some(token),
            None => return Ok((list.metadata.resource_version.unwrap_or_default(), all)),
        }
    }
}

/// Returns the HTTP status of an answer that is an error.
pub(crate) fn code(error: &Error) -> Option<u16> {
    match error {
        Error::Api(status) => Some(status.code),
        _ => None,
    }
}

/// Returns the time that the server asks to wait, if it names one.
pub(crate) fn retry_after(error: &Error) -> Option<Duration> {
    let Error::Api(status) = error else { return None };
    let seconds = status.details.as_ref()?.retry_after_seconds;
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}

/// Returns the message of the server, or that of the client and its causes if there was no answer.
pub(crate) fn message(error: &Error) -> String {
    match error {
        Error::Api(status) if status.message.is_empty() => {
            return format!("the API server answered with status {}", status.code);
        }
        Error::Api(status) => return status.message.clone(),
        Error::Service(source) if source.is::<TimeLimit>() => return source.to_string(),
        _ => {}
    }
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        // Many errors of kube repeat their source.
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    message
}
