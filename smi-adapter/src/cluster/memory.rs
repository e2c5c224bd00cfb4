//! A cluster in memory, for tests.

use super::{Cluster, Error, Preconditions};
use crate::manifest::NativeObject;
use crate::object::{Kind, ObjectRef};
use async_trait::async_trait;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A cluster in memory that implements what an API server guarantees for writes: UIDs, `resourceVersion` and
/// preconditions.
///
/// It has no schemas and no garbage collector, and adds only the defaults that it is configured with. Its clock
/// advances only with writes, so equal calls give equal objects.
#[derive(Debug, Default)]
pub struct InMemoryCluster(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<ObjectRef, NativeObject>,
    absent: BTreeSet<Kind>,
    writes: u32,
    defaults: Option<fn(&mut NativeObject)>,
}

impl InMemoryCluster {
    /// Creates an empty cluster that serves every kind.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty cluster that serves every kind, and applies `defaults` to every object that is written, as a
    /// server applies the defaults of its schemas.
    #[must_use]
    pub fn with_defaults(defaults: fn(&mut NativeObject)) -> Self {
        let cluster = Self::default();
        cluster.state().defaults = Some(defaults);
        cluster
    }

    /// Stops serving `kind`, and removes its objects.
    pub fn withdraw(&self, kind: Kind) {
        let mut state = self.state();
        state.objects.retain(|object, _| object.kind != kind);
        state.absent.insert(kind);
    }

    /// Returns all objects, sorted.
    #[must_use]
    pub fn objects(&self) -> Vec<NativeObject> {
        self.state().objects.values().cloned().collect()
    }

    /// Removes and returns an object, if it exists, as another client would.
    pub fn take(&self, object: &ObjectRef) -> Option<NativeObject> {
        self.state().objects.remove(object)
    }

    /// Writes an object unconditionally, as another client would.
    pub fn put(&self, object: NativeObject) {
        let mut state = self.state();
        let reference = object.reference();
        let former = state.objects.remove(&reference);
        state.store(object, former.as_ref());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Stores an object with the metadata that a server sets, and returns it.
    fn store(&mut self, mut object: NativeObject, former: Option<&NativeObject>) -> NativeObject {
        self.writes += 1;
        if let Some(defaults) = self.defaults {
            defaults(&mut object);
        }
        let metadata = &mut object.metadata;
        metadata.resource_version = Some(self.writes.to_string());
        if let Some(former) = former {
            metadata.uid.clone_from(&former.metadata.uid);
            metadata
                .creation_timestamp
                .clone_from(&former.metadata.creation_timestamp);
        } else {
            metadata.uid = Some(format!("uid-{}", self.writes));
            let created = Timestamp::from_second(i64::from(self.writes)).ok().map(Time);
            metadata.creation_timestamp = metadata.creation_timestamp.take().or(created);
        }
        self.objects.insert(object.reference(), object.clone());
        object
    }

    fn check_served(&self, object: &ObjectRef) -> Result<(), Error> {
        if self.absent.contains(&object.kind) {
            return Err(Error::Refused {
                object: Box::new(object.clone()),
                message: "the server does not serve this kind".into(),
            });
        }
        Ok(())
    }
}

#[async_trait]
impl Cluster for InMemoryCluster {
    async fn serves(&self, kind: &Kind) -> Result<bool, Error> {
        Ok(!self.state().absent.contains(kind))
    }

    async fn list(&self, kind: &Kind) -> Result<Vec<NativeObject>, Error> {
        let state = self.state();
        let objects = state.objects.values().filter(|object| object.kind == *kind);
        Ok(objects.cloned().collect())
    }

    async fn create(&self, object: &NativeObject, _field_manager: &str) -> Result<NativeObject, Error> {
        let mut state = self.state();
        let reference = object.reference();
        state.check_served(&reference)?;
        if state.objects.contains_key(&reference) {
            return Err(Error::Conflict(Box::new(reference)));
        }
        Ok(state.store(object.clone(), None))
    }

    async fn replace(&self, object: &NativeObject, _field_manager: &str) -> Result<NativeObject, Error> {
        let mut state = self.state();
        let reference = object.reference();
        state.check_served(&reference)?;
        match state.objects.get(&reference).cloned() {
            Some(former) if former.metadata.resource_version == object.metadata.resource_version => {
                Ok(state.store(object.clone(), Some(&former)))
            }
            _ => Err(Error::Conflict(Box::new(reference))),
        }
    }

    async fn delete(&self, object: &ObjectRef, preconditions: &Preconditions) -> Result<(), Error> {
        let mut state = self.state();
        let Some(live) = state.objects.get(object) else {
            return Ok(());
        };
        let Preconditions { uid, resource_version } = preconditions;
        let is_same = uid.is_none() || *uid == live.metadata.uid;
        let is_unchanged = resource_version.is_none() || *resource_version == live.metadata.resource_version;
        if !is_same || !is_unchanged {
            return Err(Error::Conflict(Box::new(object.clone())));
        }
        state.objects.remove(object);
        Ok(())
    }
}
