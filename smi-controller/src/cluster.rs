//! An API server as a [`Cluster`].

mod failure;

use crate::request::{code, list, within};
use async_trait::async_trait;
use failure::{Verb, of, of_read};
use http::Request;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GetParams, ListParams, PostParams};
use kube::core::Resource;
use kube::core::params::Preconditions as KubePreconditions;
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use serde_json::Value;
use smi_adapter::cluster::{Cluster, Error, Preconditions};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectRef};
use std::fmt;
use std::time::Duration;

/// The number of times that a list is begun again because the server no longer has the state of its first page.
const ATTEMPTS: usize = 5;

/// A request, or the reason that it cannot be built.
type Built = Result<Request<Vec<u8>>, kube::core::request::Error>;

/// An API server as a [`Cluster`].
///
/// Lists are read in pages, so that a list of any length fits into the limits of servers and proxies. Every request
/// ends after a [time limit](Self::with_time_limit). This type repeats no request, but kube may: set
/// `default_retry` of its `Config` to `false`, or a busy server is noticed late. After an [`Error::Unreachable`] or an
/// [`Error::Busy`], plan again.
///
/// # Errors
///
/// | answer of the server | error |
/// |---|---|
/// | 409; 404 on a replacement | [`Error::Conflict`] |
/// | 404 on a deletion | none: the object is deleted |
/// | 200 on a deletion of an object that finalizers keep | [`Error::Refused`] |
/// | 404 on a creation; 400, 403, 413, 422 and other 4xx, such as the answer of a webhook | [`Error::Refused`], with the message |
/// | 500 because the object is too large for the store | [`Error::Refused`] |
/// | 429 | [`Error::Busy`], with the time that the server names |
/// | 401, 408, other 5xx, none, or none within the time limit | [`Error::Unreachable`] |
#[derive(Clone)]
pub struct KubeCluster {
    client: Client,
    time_limit: Duration,
    page: u32,
}

impl KubeCluster {
    /// Uses a client, with a time limit of 30 seconds for each request.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            time_limit: Duration::from_secs(30),
            page: 500,
        }
    }

    /// Replaces the time limit of a request. A server whose store does not answer can otherwise hold a request for a
    /// minute. A write that ends at the limit may have happened.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Replaces the number of objects of a page, which is 500.
    #[must_use]
    pub fn with_page_size(mut self, objects: u32) -> Self {
        self.page = objects;
        self
    }

    async fn send<T: DeserializeOwned>(&self, request: Built) -> kube::Result<T> {
        let request = request.map_err(kube::Error::BuildRequest)?;
        within(self.time_limit, self.client.request(request)).await
    }

    /// Sends a write of a whole object.
    async fn write(
        &self,
        object: &NativeObject,
        verb: Verb,
        build: impl FnOnce(kube::core::Request, Vec<u8>) -> Built + Send,
    ) -> Result<NativeObject, Error> {
        let name = object.reference();
        let json = object.to_json().map_err(|error| Error::Refused {
            object: Box::new(name.clone()),
            message: error.to_string(),
        })?;
        let path = path(&name.kind, &name.key.namespace);
        let written = self.send(build(kube::core::Request::new(path), json)).await;
        written
            .map(|object| native(&name.kind, object))
            .map_err(|error| of(error, &name, verb))
    }

    /// Reads one object; `None` if it does not exist.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn get(&self, object: &ObjectRef) -> Result<Option<NativeObject>, Error> {
        let path = path(&object.kind, &object.key.namespace);
        let request = kube::core::Request::new(path).get(&object.key.name, &GetParams::default());
        let found: kube::Result<DynamicObject> = self.send(request).await;
        match found {
            Ok(found) => Ok(Some(native(&object.kind, found))),
            Err(error) if code(&error) == Some(404) => Ok(None),
            Err(error) => Err(of_read(error)),
        }
    }
}

#[async_trait]
impl Cluster for KubeCluster {
    async fn serves(&self, kind: &Kind) -> Result<bool, Error> {
        let api_version = kind.api_version();
        let resources = within(self.time_limit, async {
            match kind.group() {
                "" => self.client.list_core_api_resources(kind.version()).await,
                _ => self.client.list_api_group_resources(&api_version).await,
            }
        });
        match resources.await {
            Ok(list) => Ok(list
                .resources
                .iter()
                .any(|resource| resource.kind == kind.name() && resource.name == kind.plural())),
            Err(error) if code(&error) == Some(404) => Ok(false),
            Err(error) => Err(of_read(error)),
        }
    }

    async fn list(&self, kind: &Kind) -> Result<Vec<NativeObject>, Error> {
        let objects = Api::all_with(self.client.clone(), &resource(kind));
        let first = ListParams::default().limit(self.page);
        let mut attempt = 1;
        loop {
            match list(&objects, first.clone(), self.time_limit, |object| native(kind, object)).await {
                Ok((_, objects)) => return Ok(objects),
                // The state of the first page has expired.
                Err(error) if code(&error) == Some(410) && attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(of_read(error)),
            }
        }
    }

    async fn create(&self, object: &NativeObject, field_manager: &str) -> Result<NativeObject, Error> {
        let parameters = parameters(field_manager);
        self.write(object, Verb::Create, |request, json| request.create(&parameters, json))
            .await
    }

    async fn replace(&self, object: &NativeObject, field_manager: &str) -> Result<NativeObject, Error> {
        let name = object.reference();
        // Without it, some servers replace an object in any state.
        if object.metadata.resource_version.is_none() {
            return Err(Error::Conflict(Box::new(name)));
        }
        let parameters = parameters(field_manager);
        let build = |request: kube::core::Request, json| request.replace(&name.key.name, &parameters, json);
        self.write(object, Verb::Replace, build).await
    }

    async fn delete(&self, object: &ObjectRef, preconditions: &Preconditions) -> Result<(), Error> {
        let Preconditions { uid, resource_version } = preconditions.clone();
        let parameters = DeleteParams::default().preconditions(KubePreconditions { uid, resource_version });
        let path = path(&object.kind, &object.key.namespace);
        let request = kube::core::Request::new(path).delete(&object.key.name, &parameters);
        let deleted: kube::Result<Value> = self.send(request).await;
        match deleted {
            // The answer is the object if it stays, and a status otherwise.
            Ok(stays) if stays.pointer("/metadata/deletionTimestamp").is_some() => Err(Error::Refused {
                object: Box::new(object.clone()),
                message: "it stays until its finalizers are removed".to_owned(),
            }),
            Err(error) if code(&error) == Some(404) => Ok(()),
            deleted => deleted.map(drop).map_err(|error| of(error, object, Verb::Delete)),
        }
    }
}

impl fmt::Debug for KubeCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeCluster")
            .field("time_limit", &self.time_limit)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

fn path(kind: &Kind, namespace: &str) -> String {
    DynamicObject::url_path(&resource(kind), Some(namespace))
}

/// Returns the resource of a kind, as kube names it.
pub(crate) fn resource(kind: &Kind) -> ApiResource {
    ApiResource {
        group: kind.group().to_owned(),
        version: kind.version().to_owned(),
        api_version: kind.api_version(),
        kind: kind.name().to_owned(),
        plural: kind.plural().to_owned(),
    }
}

fn parameters(field_manager: &str) -> PostParams {
    PostParams {
        field_manager: Some(field_manager.to_owned()),
        ..PostParams::default()
    }
}

/// Returns an object of a mesh's API, which was listed as `kind`.
pub(crate) fn native(kind: &Kind, mut object: DynamicObject) -> NativeObject {
    NativeObject {
        kind: kind.clone(),
        metadata: object.metadata.into(),
        spec: object.data.get_mut("spec").map(Value::take).unwrap_or_default().into(),
    }
}
