//! Failed requests, and what they mean for a plan.

use crate::request::{TimeLimit, message, retry_after};
use smi_adapter::cluster::Error;
use smi_adapter::object::ObjectRef;

/// Words of etcd, and of the client of etcd, about an object that is too large for either.
const TOO_LARGE: [&str; 2] = ["request is too large", "message larger than max"];

/// The kind of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Replace,
    Delete,
}

/// Returns the error of a request that reads.
pub(super) fn of_read(error: kube::Error) -> Error {
    match &error {
        kube::Error::Api(status) if status.code == 429 => busy(&error),
        _ => unreachable(error),
    }
}

/// Returns the error of a write.
pub(super) fn of(error: kube::Error, object: &ObjectRef, verb: Verb) -> Error {
    let kube::Error::Api(status) = &error else {
        return unreachable(error);
    };
    let object = Box::new(object.clone());
    let refused = |object| Error::Refused {
        object,
        message: message(&error),
    };
    match (status.code, verb) {
        (409, _) | (404, Verb::Replace) => Error::Conflict(object),
        (429, _) => busy(&error),
        (401 | 408, _) => unreachable(error),
        (400..500, _) => refused(object),
        // The store refuses the object, and would again.
        (500, _) if TOO_LARGE.iter().any(|words| status.message.contains(words)) => refused(object),
        _ => unreachable(error),
    }
}

fn busy(error: &kube::Error) -> Error {
    Error::Busy {
        wait: retry_after(error),
    }
}

fn unreachable(error: kube::Error) -> Error {
    Error::Unreachable(match error {
        kube::Error::Service(source) if source.is::<TimeLimit>() => source,
        error => Box::new(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::Status;
    use kube::core::response::StatusDetails;
    use smi_adapter::object::ObjectKey;
    use std::time::Duration;

    fn answer(code: u16, message: &str, wait: u32) -> kube::Error {
        let mut status = Status::failure(message, "").with_code(code);
        status.details = Some(StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: wait,
        });
        kube::Error::Api(status.boxed())
    }

    /// Describes the error of a write in a few words.
    fn error(code: u16, verb: Verb, message: &str) -> String {
        let object = ObjectRef::service(ObjectKey::new("shop", "web"));
        match of(answer(code, message, 0), &object, verb) {
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
        let wait = |seconds| match of(answer(429, "", seconds), &object, Verb::Create) {
            Error::Busy { wait } => wait,
            other => panic!("{other:?}"),
        };
        assert_eq!((wait(0), wait(7)), (None, Some(Duration::from_secs(7))));
        assert!(matches!(of_read(answer(429, "", 7)), Error::Busy { wait: Some(_) }));
        assert!(matches!(of_read(answer(403, "", 7)), Error::Unreachable(_)));
    }
}
