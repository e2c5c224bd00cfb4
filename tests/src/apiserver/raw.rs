//! A client for plain JSON. It gives access to details that typed clients hide: validation, warnings and statuses.

use http::{Method, Request};
use kube::api::{ApiResource, DynamicObject, GroupVersionKind};
use kube::client::Body;
use kube::core::Resource;
use kube::{Api, Client};
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
        let path = collection_of(object);
        self.call(Method::POST, &format!("{path}?{parameters}"), Some(object))
            .await
    }

    /// Creates an object, or replaces it if it exists, as `kubectl replace` does.
    ///
    /// # Errors
    /// As [`Raw::call`].
    pub async fn apply(&self, object: &Value) -> Result<Answer, Failure> {
        let path = path(object);
        let Ok(found) = self.get(&path).await else {
            return self.create(object, "").await;
        };
        let mut next = object.clone();
        let version = found.body.pointer("/metadata/resourceVersion");
        if let Some(metadata) = next.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), version.cloned().unwrap_or_default());
        }
        self.call(Method::PUT, &path, Some(&next)).await
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
    DynamicObject::url_path(&resource(api_version, kind), namespace)
}

/// Returns access to the objects of a kind, in a namespace if one is given.
#[must_use]
pub fn api(client: Client, api_version: &str, kind: &str, namespace: Option<&str>) -> Api<DynamicObject> {
    let resource = resource(api_version, kind);
    match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    }
}

fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind))
}

/// Returns the path of the objects of an object's kind in its namespace.
fn collection_of(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    let [api_version, kind] = ["/apiVersion", "/kind"].map(|pointer| text(pointer).unwrap_or_default());
    collection(api_version, kind, text("/metadata/namespace"))
}

/// Returns the path of an object.
fn path(object: &Value) -> String {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    format!("{}/{}", collection_of(object), name.unwrap_or_default())
}

fn unanswered(error: impl Display) -> Failure {
    Failure {
        status: None,
        message: error.to_string(),
    }
}
