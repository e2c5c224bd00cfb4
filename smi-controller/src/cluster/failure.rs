//! Failed requests, and what they mean for a plan.

use smi_adapter::cluster::Error;
use smi_adapter::object::ObjectRef;
use std::time::Duration;

/// Words of etcd, and of the client of etcd, about an object that is too large for either.
const TOO_LARGE: [&str; 2] = ["request is too large", "message larger than max"];

/// A failed request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The server answered with an error, or did not answer.
    #[error(transparent)]
    Kube(#[from] kube::Error),
    /// There was no answer within the time limit.
    #[error("the API server did not answer within {0:?}")]
    TimeLimit(Duration),
}

/// The kind of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Replace,
    Delete,
}

impl Failure {
    /// Returns the HTTP status of the answer.
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Self::Kube(kube::Error::Api(status)) => Some(status.code),
            _ => None,
        }
    }

    /// Returns the error of a request that reads.
    pub(super) fn of_read(self) -> Error {
        match &self {
            Self::Kube(kube::Error::Api(status)) if status.code == 429 => busy(status),
            _ => Error::Unreachable(Box::new(self)),
        }
    }

    /// Returns the error of a write.
    pub(super) fn of(self, object: &ObjectRef, verb: Verb) -> Error {
        let Self::Kube(kube::Error::Api(status)) = &self else {
            return Error::Unreachable(Box::new(self));
        };
        let object = Box::new(object.clone());
        match (status.code, verb) {
            (409, _) | (404, Verb::Replace) => Error::Conflict(object),
            (429, _) => busy(status),
            (401 | 408, _) => Error::Unreachable(Box::new(self)),
            (400..500, _) => refused(object, status),
            // The store refuses the object, and would again.
            (500, _) if TOO_LARGE.iter().any(|words| status.message.contains(words)) => refused(object, status),
            _ => Error::Unreachable(Box::new(self)),
        }
    }
}

fn busy(status: &kube::core::Status) -> Error {
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    Error::Busy {
        wait: (seconds > 0).then(|| Duration::from_secs(seconds.into())),
    }
}

fn refused(object: Box<ObjectRef>, status: &kube::core::Status) -> Error {
    let message = match status.message.as_str() {
        "" => format!("the API server answered with status {}", status.code),
        message => message.to_owned(),
    };
    Error::Refused { object, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;
    use kube::core::response::StatusDetails;
    use smi_adapter::object::ObjectKey;

    fn answer(code: u16, message: &str, wait: u32) -> Failure {
        let mut status = Status::failure(message, "").with_code(code);
        status.details = Some(StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: wait,
        });
        Failure::Kube(kube::Error::Api(status.boxed()))
    }

    /// Describes the error of a write in a few words.
    fn error(code: u16, verb: Verb, message: &str) -> String {
        let object = ObjectRef::service(ObjectKey::new("shop", "web"));
        match answer(code, message, 0).of(&object, verb) {
            Error::Unreachable(_) => "unreachable".to_owned(),
            Error::Busy { wait: None } => "busy".to_owned(),
            Error::Conflict(of) if *of == object => "conflict".to_owned(),
            Error::Refused { object: of, message } if *of == object => format!("refused: {message}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_answer_has_its_error() {
        let all = [Verb::Create, Verb::Replace, Verb::Delete];
        for verb in all {
            assert_eq!(error(409, verb, "changed"), "conflict");
            assert_eq!(error(429, verb, "slow down"), "busy");
            for code in [400, 403, 405, 413, 422] {
                assert_eq!(error(code, verb, "no"), "refused: no", "{code}");
            }
            for code in [401, 408, 500, 502, 503, 504] {
                assert_eq!(
                    error(code, verb, "etcdserver: request timed out"),
                    "unreachable",
                    "{code}"
                );
            }
            assert_eq!(error(413, verb, ""), "refused: the API server answered with status 413");
            for too_large in [
                "etcdserver: request is too large",
                "rpc error: code = ResourceExhausted desc = trying to send message larger than max (3 vs. 2)",
            ] {
                assert_eq!(error(500, verb, too_large), format!("refused: {too_large}"));
            }
        }
        assert_eq!(error(404, Verb::Create, "no namespace"), "refused: no namespace");
        assert_eq!(error(404, Verb::Replace, "gone"), "conflict");
    }

    #[test]
    fn a_busy_server_may_name_a_time() {
        let object = ObjectRef::service(ObjectKey::new("shop", "web"));
        let wait = |seconds| match answer(429, "", seconds).of(&object, Verb::Create) {
            Error::Busy { wait } => wait,
            other => panic!("{other:?}"),
        };
        assert_eq!((wait(0), wait(7)), (None, Some(Duration::from_secs(7))));
        assert!(matches!(answer(429, "", 7).of_read(), Error::Busy { wait: Some(_) }));
        assert!(matches!(answer(403, "", 7).of_read(), Error::Unreachable(_)));
    }
}
