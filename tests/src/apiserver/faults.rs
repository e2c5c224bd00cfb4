//! A client whose requests are counted, and some of which fail.

#![expect(clippy::expect_used, reason = "a test whose fixture fails must fail")]

use super::ApiServer;
use crate::random::Random;
use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The duration of the watches of the controller.
const WATCH: &str = "timeoutSeconds=290";

/// The requests of a client, and the faults among them.
#[derive(Debug)]
pub struct Faults {
    /// The percentage of requests with each fault that is possible for them.
    percent: u64,
    random: Mutex<Random>,
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

/// A fault that a request can meet.
#[derive(Clone, Copy)]
enum Fault {
    /// The server seems to answer this, but does not receive it.
    Answer(u16),
    /// The server performs it, but seems to fail.
    Lost,
}

impl Faults {
    /// Creates faults that a seed repeats for the same requests. If any fault is possible, watches also end after a
    /// second.
    #[must_use]
    pub fn new(seed: u64, percent: u64) -> Arc<Self> {
        Arc::new(Self {
            percent,
            random: Mutex::new(Random::new(seed)),
            counts: Mutex::default(),
        })
    }

    /// Returns the number of requests by method, and of each fault.
    ///
    /// # Panics
    /// If another thread has panicked in here.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.counts.lock().expect("nothing panics in here").clone()
    }

    fn count(&self, what: &'static str) {
        let mut counts = self.counts.lock().expect("nothing panics in here");
        *counts.entry(what).or_default() += 1;
    }

    /// Sends a request, unless something happens to it.
    async fn pass(&self, client: &Client, mut request: Request<Body>) -> kube::Result<Response<Body>> {
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch="));
        let method = request.method().clone();
        self.count(match method {
            Method::GET if is_watch => "watch",
            Method::GET => "get",
            Method::POST => "post",
            Method::PUT => "put",
            Method::PATCH => "patch",
            _ => "delete",
        });
        let possible: &[(&str, Fault)] = match method {
            Method::GET if is_watch => &[("410", Fault::Answer(410)), ("503", Fault::Answer(503))],
            Method::GET => &[("429", Fault::Answer(429)), ("503", Fault::Answer(503))],
            _ => &[
                ("409", Fault::Answer(409)),
                ("429", Fault::Answer(429)),
                ("503", Fault::Answer(503)),
                ("lost", Fault::Lost),
            ],
        };
        let number = self.random.lock().expect("nothing panics in here").below(100);
        let index = number.checked_div(self.percent).unwrap_or(u64::MAX);
        let fault = usize::try_from(index).ok().and_then(|index| possible.get(index));
        if let Some((name, _)) = fault {
            self.count(name);
        }
        if is_watch && self.percent > 0 {
            let uri = request.uri().to_string();
            assert!(uri.contains(WATCH), "{uri}");
            let uri = uri.replace(WATCH, "timeoutSeconds=1");
            *request.uri_mut() = uri.parse().expect("it is a URI");
        }
        match fault {
            None => client.send(request).await,
            Some((_, Fault::Answer(status))) => Ok(answer(*status)),
            Some((_, Fault::Lost)) => {
                client.send(request).await?;
                Ok(answer(503))
            }
        }
    }
}

/// Returns an answer as a server gives it.
fn answer(status: u16) -> Response<Body> {
    let reason = match status {
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        _ => "ServiceUnavailable",
    };
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": status,
        "reason": reason, "message": format!("a fault of the test: {reason}")});
    let answer = Response::builder().status(status).header("retry-after", "1");
    let body = Body::from(body.to_string().into_bytes());
    answer.body(body).expect("the answer is valid")
}

impl ApiServer {
    /// Returns a client with all permissions, whose requests pass through `faults`.
    ///
    /// # Panics
    /// Outside of an async runtime.
    #[must_use]
    pub fn client_through(&self, faults: &Arc<Faults>) -> Client {
        let (client, faults) = (self.client(), Arc::clone(faults));
        let service = tower::service_fn(move |request| {
            let (client, faults) = (client.clone(), Arc::clone(&faults));
            async move { faults.pass(&client, request).await }
        });
        Client::new(service, "default")
    }
}
