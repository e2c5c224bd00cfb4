//! Answers of a program about its mesh.

use super::read;
use crate::{Decision, NotModelledError};
use serde::Deserialize;
use serde_json::Value;
use smi_adapter::object::ObjectKey;
use smi_adapter::query::{Distribution, Endpoint};

/// Reads the answer to `route`.
pub(in crate::process) fn distribution(answer: Value) -> Result<Result<Distribution, NotModelledError>, String> {
    let shares = match read(answer)? {
        Routed::NotModelled(why) => return Ok(Err(NotModelledError(why))),
        Routed::Shares(shares) => shares,
    };
    let weighted: Result<Vec<(Endpoint, u128)>, String> = shares.into_iter().map(Share::share).collect();
    let distribution = Distribution::of(weighted?).ok_or("no share has a weight above 0")?;
    Ok(Ok(distribution))
}

/// Reads the answer to `authorize`.
pub(in crate::process) fn access(answer: Value) -> Result<Result<Decision, NotModelledError>, String> {
    Ok(match read(answer)? {
        Judged::NotModelled(why) => Err(NotModelledError(why)),
        Judged::Access(decision) => Ok(decision),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Routed {
    Shares(Vec<Share>),
    NotModelled(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Share {
    to: To,
    weight: Weight,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`to` is neither `namespace`, `service` and `port` nor `nowhere`, `failure` or a `status`"
)]
enum To {
    Service(ServicePort),
    Other(Elsewhere),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServicePort {
    namespace: String,
    service: String,
    port: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Elsewhere {
    Nowhere,
    Failure,
    Status(u16),
}

/// A weight. It may be text, since not every language can write a number of more than 64 bits.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a weight is a whole number, or a text that contains one")]
enum Weight {
    Number(u64),
    Text(String),
}

impl Share {
    fn share(self) -> Result<(Endpoint, u128), String> {
        let endpoint = match self.to {
            To::Service(ServicePort {
                namespace,
                service,
                port,
            }) => Endpoint::Service {
                key: ObjectKey::new(namespace, service),
                port,
            },
            To::Other(Elsewhere::Nowhere) => Endpoint::Nowhere,
            To::Other(Elsewhere::Failure) => Endpoint::Failure,
            To::Other(Elsewhere::Status(status)) => Endpoint::Status(status),
        };
        let weight = match self.weight {
            Weight::Number(weight) => weight.into(),
            Weight::Text(text) => text.parse().map_err(|_| format!("`{text}` is not a weight"))?,
        };
        Ok((endpoint, weight))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Judged {
    Access(Decision),
    NotModelled(String),
}
