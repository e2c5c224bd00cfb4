//! The contract of clusters: the cluster in memory keeps it, and each fault breaks it.

use async_trait::async_trait;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use pollster::block_on;
use serde_json::json;
use smi_adapter::cluster::{Cluster, Error, InMemoryCluster, Preconditions};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::{Kind, ObjectRef};
use smi_conformance::cluster;
use std::future::{Ready, ready};

const SHARES: Kind = Kind::new(&["toy.example.com", "v1", "Shares", "shares"]);

fn sample() -> NativeObject {
    NativeObject {
        kind: SHARES,
        metadata: ObjectMeta {
            name: Some("web".to_owned()),
            namespace: Some("shop".to_owned()),
            ..ObjectMeta::default()
        }
        .into(),
        spec: json!({"weights": [90, 10]}).into(),
    }
}

/// A cluster that serves one kind.
#[derive(Default)]
struct Faulty {
    cluster: InMemoryCluster,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    ServesEverything,
    DropsMetadata,
    CreatesAgain,
    Merges,
    KeepsNoVersion,
    Overwrites,
    CreatesOnReplace,
    DeletesNothing,
    DeletesAnyState,
    MissesWhatIsGone,
    ReturnsWhatWasSent,
}

impl Faulty {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn returned(&self, sent: &NativeObject, stored: NativeObject) -> NativeObject {
        if self.has(Fault::ReturnsWhatWasSent) {
            return sent.clone();
        }
        stored
    }

    fn find(&self, name: &ObjectRef) -> Option<NativeObject> {
        let mut objects = self.cluster.objects().into_iter();
        objects.find(|object| object.reference() == *name)
    }
}

#[async_trait]
impl Cluster for Faulty {
    async fn serves(&self, kind: &Kind) -> Result<bool, Error> {
        Ok(self.has(Fault::ServesEverything) || *kind == SHARES)
    }

    async fn list(&self, kind: &Kind) -> Result<Vec<NativeObject>, Error> {
        let mut all = self.cluster.list(kind).await?;
        for object in &mut all {
            if self.has(Fault::DropsMetadata) {
                object.metadata.annotations = None;
            }
            if self.has(Fault::KeepsNoVersion) {
                object.metadata.resource_version = None;
            }
        }
        Ok(all)
    }

    async fn create(&self, object: &NativeObject, field_manager: &str) -> Result<NativeObject, Error> {
        if self.has(Fault::CreatesAgain) {
            self.cluster.put(object.clone());
            return Ok(object.clone());
        }
        let stored = self.cluster.create(object, field_manager).await?;
        Ok(self.returned(object, stored))
    }

    async fn replace(&self, object: &NativeObject, field_manager: &str) -> Result<NativeObject, Error> {
        let former = self.find(&object.reference());
        if former.is_some() && self.has(Fault::Overwrites) || former.is_none() && self.has(Fault::CreatesOnReplace) {
            self.cluster.put(object.clone());
            return Ok(object.clone());
        }
        let mut object = object.clone();
        if let Some(former) = former.filter(|_| self.has(Fault::Merges)) {
            object.spec = former.spec;
        }
        let stored = self.cluster.replace(&object, field_manager).await?;
        Ok(self.returned(&object, stored))
    }

    async fn delete(&self, object: &ObjectRef, preconditions: &Preconditions) -> Result<(), Error> {
        if self.has(Fault::MissesWhatIsGone) && self.find(object).is_none() {
            return Err(Error::Conflict(Box::new(object.clone())));
        }
        if self.has(Fault::DeletesNothing) {
            return Ok(());
        }
        if self.has(Fault::DeletesAnyState) {
            self.cluster.take(object);
            return Ok(());
        }
        self.cluster.delete(object, preconditions).await
    }
}

fn without_fault() -> Ready<Option<(Faulty, NativeObject)>> {
    ready(Some((Faulty::default(), sample())))
}

mod in_memory {
    smi_conformance::cluster_tests!(pollster::block_on, super::without_fault());
}

/// Runs a check on a cluster with a fault.
macro_rules! broken {
    ($check:ident, $fault:ident) => {
        let faulty = Faulty {
            fault: Some(Fault::$fault),
            ..Faulty::default()
        };
        let kept = block_on(cluster::$check(&faulty, &sample()));
        assert!(
            kept.is_err(),
            "{} does not notice {:?}",
            stringify!($check),
            Fault::$fault
        );
    };
}

#[test]
fn every_fault_breaks_the_contract() {
    broken!(serves_only_its_kinds, ServesEverything);
    broken!(lists_what_was_created, DropsMetadata);
    broken!(lists_what_was_created, KeepsNoVersion);
    broken!(returns_what_is_stored, ReturnsWhatWasSent);
    broken!(creates_an_object_once, CreatesAgain);
    broken!(replaces_the_whole_object, Merges);
    broken!(replaces_only_the_known_state, Overwrites);
    broken!(replaces_nothing_that_is_gone, CreatesOnReplace);
    broken!(replaces_nothing_that_is_gone, DeletesNothing);
    broken!(deletes, DeletesNothing);
    broken!(deletes_only_the_known_state, DeletesAnyState);
    broken!(counts_what_is_gone_as_deleted, MissesWhatIsGone);
}
