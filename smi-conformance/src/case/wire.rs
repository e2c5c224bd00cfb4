//! The text forms of clients, workloads and traffic in a case.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use smi_adapter::object::Kind;
use smi_adapter::principal::{Identity, Principal};
use smi_adapter::query::{Request, Traffic};

/// A service account.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Account {
    namespace: String,
    service_account: String,
}

impl Account {
    fn of(identity: &Identity) -> Self {
        Self {
            namespace: identity.namespace.to_string(),
            service_account: identity.service_account.to_string(),
        }
    }

    fn identity(self) -> Identity {
        Identity {
            namespace: self.namespace.into(),
            service_account: self.service_account.into(),
        }
    }
}

/// A request.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RequestText {
    #[serde(default = "get")]
    method: String,
    #[serde(default = "root")]
    path: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
}

fn get() -> String {
    "GET".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

#[expect(clippy::ref_option, reason = "serde hands over the field")]
pub(super) fn account<S: Serializer>(from: &Option<Identity>, serializer: S) -> Result<S::Ok, S::Error> {
    from.as_ref().map(Account::of).serialize(serializer)
}

pub(super) fn read_account<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Identity>, D::Error> {
    Ok(Option::<Account>::deserialize(deserializer)?.map(Account::identity))
}

#[expect(clippy::ref_option, reason = "serde hands over the field")]
pub(super) fn caller<S: Serializer>(from: &Option<Principal>, serializer: S) -> Result<S::Ok, S::Error> {
    match from {
        None => serializer.serialize_none(),
        Some(Principal::Account(account)) => Account::of(account).serialize(serializer),
        Some(Principal::Spiffe(id)) => id.serialize(serializer),
    }
}

pub(super) fn read_caller<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Principal>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(id) => Some(Principal::Spiffe(id)),
        account => Some(Principal::Account(within::<Account, D::Error>(account)?.identity())),
    })
}

pub(super) fn kind<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    kind.name().serialize(serializer)
}

pub(super) fn read_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    let name = String::deserialize(deserializer)?;
    let kind = Kind::WORKLOADS.into_iter().find(|kind| kind.name() == name);
    kind.ok_or_else(|| D::Error::custom(format!("`{name}` is not a kind of workload")))
}

pub(super) fn traffic<S: Serializer>(traffic: &Traffic, serializer: S) -> Result<S::Ok, S::Error> {
    match traffic {
        Traffic::Tcp => "TCP".serialize(serializer),
        Traffic::Udp => "UDP".serialize(serializer),
        Traffic::Http(Request { method, path, headers }) => RequestText {
            method: method.clone(),
            path: path.clone(),
            headers: headers.clone(),
        }
        .serialize(serializer),
    }
}

pub(super) fn read_traffic<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Traffic, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if text == "TCP" => Traffic::Tcp,
        Value::String(text) if text == "UDP" => Traffic::Udp,
        Value::String(text) => return Err(D::Error::custom(format!("`{text}` is neither `TCP` nor `UDP`"))),
        request => {
            let RequestText { method, path, headers } = within::<_, D::Error>(request)?;
            Traffic::Http(Request { method, path, headers })
        }
    })
}

/// Reads a map that is one of several forms of a value. A sequence is rejected, though serde would read its items as
/// fields.
fn within<T: for<'de> Deserialize<'de>, E: Error>(value: Value) -> Result<T, E> {
    if !value.is_object() {
        return Err(E::custom(format!("expected a map, got `{value}`")));
    }
    serde_path_to_error::deserialize(value).map_err(E::custom)
}
