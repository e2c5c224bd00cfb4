//! A list and a watch of one kind, restarted for ever.

use crate::backoff::Backoff;
use crate::request::{code, list, message, within};
use futures::{Stream, StreamExt};
use kube::Api;
use kube::api::{DynamicObject, ListParams, WatchEvent, WatchParams};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, timeout};

/// The duration of one watch. The server ends it then.
const WATCH: Duration = Duration::from_secs(290);
/// A watch that lasted longer than this is restarted at once.
const SHORT: Duration = Duration::from_secs(1);
const PAGE: u32 = 500;

/// A list and a watch of the objects of one kind.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) api: Api<DynamicObject>,
    /// The selector of objects by their fields.
    pub(crate) fields: Option<String>,
    /// The time limit of a list.
    pub(crate) time_limit: Duration,
}

/// A report of a watch.
#[derive(Debug)]
pub(crate) enum Report<T> {
    /// A complete list, and the version of the cluster that it shows.
    Listed(Vec<T>, String),
    /// An object appeared or changed.
    Applied(T),
    /// An object is gone. This is its last state.
    Deleted(T),
    /// The watch goes on after a failure.
    Resumed,
    /// A request failed. It is repeated.
    Failed(String),
}

/// The reason that a watch ended.
enum End {
    /// The server ended it. It can go on where it ended.
    Closed,
    /// The server no longer knows the state where it ended.
    Expired,
    Failed(kube::Error),
}

impl Watch {
    /// Sends a list and then each change, as long as they are received.
    ///
    /// Each object is converted by `read` as soon as it arrives, so that a list is never held in its raw form.
    pub(crate) async fn run<T, U>(
        self,
        read: impl Fn(DynamicObject) -> T,
        report: impl Fn(Report<T>) -> U,
        sender: Sender<U>,
    ) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        'list: while !sender.is_closed() {
            let (mut version, objects) = match list(&self.api, self.first_page(), self.time_limit, &read).await {
                Ok(listed) => listed,
                Err(error) => {
                    _ = sender.send(report(Report::Failed(message(&error)))).await;
                    sleep(backoff.next(&error)).await;
                    continue;
                }
            };
            _ = sender.send(report(Report::Listed(objects, version.clone()))).await;
            let mut has_failed = false;
            loop {
                let started = Instant::now();
                let parameters = self.parameters();
                let opened = within(self.time_limit, self.api.watch(&parameters, &version));
                let end = match opened.await {
                    Ok(events) => {
                        if has_failed {
                            has_failed = false;
                            _ = sender.send(report(Report::Resumed)).await;
                        }
                        follow(events, &mut version, &read, &report, &sender).await
                    }
                    Err(error) => End::of(error),
                };
                if sender.is_closed() {
                    return;
                }
                if started.elapsed() > SHORT {
                    backoff.reset();
                }
                match end {
                    End::Closed if started.elapsed() > SHORT => {}
                    End::Closed => sleep(backoff.pause()).await,
                    End::Expired => {
                        sleep(backoff.pause()).await;
                        continue 'list;
                    }
                    End::Failed(error) => {
                        has_failed = true;
                        _ = sender.send(report(Report::Failed(message(&error)))).await;
                        sleep(backoff.next(&error)).await;
                        // The server may never know this state again, after a restore of its store.
                        if code(&error).is_some_and(|code| code != 429) {
                            continue 'list;
                        }
                    }
                }
            }
        }
    }

    fn parameters(&self) -> WatchParams {
        let seconds = u32::try_from(WATCH.as_secs()).unwrap_or(u32::MAX);
        let parameters = WatchParams::default().timeout(seconds);
        match &self.fields {
            Some(fields) => parameters.fields(fields),
            None => parameters,
        }
    }

    fn first_page(&self) -> ListParams {
        let mut page = ListParams::default().limit(PAGE);
        page.field_selector.clone_from(&self.fields);
        page
    }
}

/// Sends the events of one watch until it ends, and keeps the version that was reached.
async fn follow<T, U>(
    events: impl Stream<Item = kube::Result<WatchEvent<DynamicObject>>>,
    version: &mut String,
    read: impl Fn(DynamicObject) -> T,
    report: impl Fn(Report<T>) -> U,
    sender: &Sender<U>,
) -> End {
    let mut events = pin!(events);
    loop {
        // The server ends a watch in time. A connection on which nothing arrives for longer is dead.
        let Ok(event) = timeout(WATCH + Duration::from_secs(10), events.next()).await else {
            return End::Closed;
        };
        let sent = match event {
            None => return End::Closed,
            Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                advance(version, &object);
                Report::Applied(read(object))
            }
            Some(Ok(WatchEvent::Deleted(object))) => {
                advance(version, &object);
                Report::Deleted(read(object))
            }
            Some(Ok(WatchEvent::Bookmark(bookmark))) => {
                *version = bookmark.metadata.resource_version;
                continue;
            }
            Some(Ok(WatchEvent::Error(status))) => return End::of(kube::Error::Api(status)),
            Some(Err(error)) => return End::of(error),
        };
        if sender.send(report(sent)).await.is_err() {
            return End::Closed;
        }
    }
}

fn advance(version: &mut String, object: &DynamicObject) {
    if let Some(reached) = &object.metadata.resource_version {
        version.clone_from(reached);
    }
}

impl End {
    fn of(error: kube::Error) -> Self {
        match code(&error) {
            // Without its kind, a new list shows whether it is back.
            Some(404 | 410) => Self::Expired,
            _ => Self::Failed(error),
        }
    }
}
