//! A client for plain JSON. It gives access to details that typed clients hide: validation, warnings and statuses.

use http::{Method, Request};
use kube::Client;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::client::Body;
use kube::core::Resource;
use serde_json::Value;
use std::fmt::{self, Display};

/// A client that sends and receives plain JSON.
#[derive(Clone)]
pub struct Raw(pub(super) Client);

/// The answer to a successful call.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The body as JSON, or as a string if it is not JSON.
    pub body: Value,
    /// The server's warnings.
    pub warnings: Vec<String>,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The message of the server, or of the client if there was no answer.
    pub message: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{status}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw").finish_non_exhaustive()
    }
}

impl Raw {
    /// Calls the server with a method, a path with its query, and an optional JSON body.
    ///
    /// # Errors
    /// If the server does not answer, or answers with an unsuccessful status.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from(body.into_bytes()))
            .map_err(unanswered)?;
        let response = self.0.send(request).await.map_err(unanswered)?;
        let status = response.status();
        let warnings = response
            .headers()
            .get_all("warning")
            .iter()
            .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
            .collect();
        let bytes = response.into_body().collect_bytes().await.map_err(unanswered)?;
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        if status.is_success() {
            return Ok(Answer { body, warnings });
        }
        let message = body.get("message").unwrap_or(&body);
        Err(Failure {
            status: Some(status.as_u16()),
            message: message.as_str().map_or_else(|| message.to_string(), str::to_owned),
        })
    }

    /// Reads the resource at a path: `<collection>/<name>` is an object in the version of the collection.
    ///
    /// # Errors
    /// As [`Raw::call`].
    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// Creates an object, with parameters such as `fieldValidation=Strict&dryRun=All`.
    ///
    /// # Errors
    /// As [`Raw::call`].
    pub async fn create(&self, object: &Value, parameters: &str) -> Result<Answer, Failure> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let path = collection(&text(object.get("apiVersion")), &text(object.get("kind")), namespace);
        self.call(Method::POST, &format!("{path}?{parameters}"), Some(object))
            .await
    }

    /// Deletes the object at a path.
    ///
    /// # Errors
    /// As [`Raw::call`].
    pub async fn delete(&self, path: &str) -> Result<Answer, Failure> {
        self.call(Method::DELETE, path, None).await
    }
}

/// Returns the path of the objects of a kind, in a namespace if one is given.
#[must_use]
pub fn collection(api_version: &str, kind: &str, namespace: Option<&str>) -> String {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    DynamicObject::url_path(&resource, namespace)
}

fn unanswered(error: impl Display) -> Failure {
    Failure {
        status: None,
        message: error.to_string(),
    }
}
