//! The contract of [`Cluster`], as checks for any implementation. [`cluster_tests!`](crate::cluster_tests) makes tests
//! of them.
//!
//! Each check takes a cluster and a sample: an object of a kind that the cluster serves, in a namespace that exists,
//! with a spec that is not empty. The kind must accept an empty spec as well, as that of an `AuthorizationPolicy` of
//! Istio does. Each check writes objects of its own, whose names begin with that of the sample.

#![expect(
    clippy::missing_errors_doc,
    reason = "every check returns a message about the broken part of the contract"
)]

use serde_json::json;
use smi_adapter::cluster::{Cluster, Error, Preconditions};
use smi_adapter::manifest::NativeObject;
use smi_adapter::object::Kind;
use std::fmt::Debug;

const MANAGER: &str = "cluster-tests";

/// Creates one test for every check of the contract of [`Cluster`].
///
/// It takes a function that runs a future to its end, and an expression for a future of a cluster and a sample. Where
/// this future yields `None`, the test does nothing.
///
/// ```
/// use serde_json::json;
/// use smi_adapter::cluster::InMemoryCluster;
/// use smi_adapter::manifest::NativeObject;
/// use smi_adapter::object::Kind;
///
/// async fn in_memory() -> Option<(InMemoryCluster, NativeObject)> {
///     let sample = NativeObject {
///         kind: Kind::new(&["toy.example.com", "v1", "Shares", "shares"]),
///         metadata: serde_json::from_value(json!({"name": "web", "namespace": "shop"})).ok()?,
///         spec: json!({"weights": [90, 10]}).into(),
///     };
///     Some((InMemoryCluster::new(), sample))
/// }
///
/// mod cluster {
///     smi_conformance::cluster_tests!(pollster::block_on, super::in_memory());
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! cluster_tests {
    ($block_on:expr, $cluster:expr) => {
        $crate::cluster_tests! {@checks $block_on, $cluster;
            serves_only_its_kinds
            lists_what_was_created
            returns_what_is_stored
            creates_an_object_once
            replaces_the_whole_object
            replaces_only_the_known_state
            replaces_nothing_that_is_gone
            deletes
            deletes_only_the_known_state
            counts_what_is_gone_as_deleted
        }
    };
    (@checks $block_on:expr, $cluster:expr; $($check:ident)*) => {
        $(#[test]
        fn $check() {
            $block_on(async {
                let Some((cluster, sample)) = $cluster.await else { return };
                let kept = $crate::cluster::$check(&cluster, &sample).await;
                assert_eq!(kept, Ok(()));
            });
        })*
    };
}

/// The result of a check: an error is a message about the broken part of the contract.
pub type Kept = Result<(), String>;

/// The cluster serves the kind of the sample, and no kind that does not exist.
pub async fn serves_only_its_kinds(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let kind = &sample.kind;
    expect("serves", &done(cluster.serves(kind).await)?, &true)?;
    for absent in [
        Kind::named(kind.group(), kind.version(), "Absent", "absents"),
        Kind::named(kind.group(), "v0", kind.name(), kind.plural()),
        Kind::named("absent.example.com", "v1", kind.name(), kind.plural()),
    ] {
        let serves = done(cluster.serves(&absent).await)?;
        expect(&format!("serves {absent:?}"), &serves, &false)?;
    }
    Ok(())
}

/// A new object is listed with all that was sent, and with a UID and a version.
pub async fn lists_what_was_created(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let mut sent = named(sample, "listed");
    sent.metadata.labels = Some([("smi".to_owned(), "label".to_owned())].into());
    sent.metadata.annotations = Some([("smi".to_owned(), "annotation".to_owned())].into());
    done(cluster.create(&sent, MANAGER).await)?;
    let found = stored(cluster, &sent).await?;
    expect("kind", &found.kind, &sent.kind)?;
    expect("labels", &found.metadata.labels, &sent.metadata.labels)?;
    expect("annotations", &found.metadata.annotations, &sent.metadata.annotations)?;
    expect("spec", &*found.spec, &*sent.spec)?;
    expect("has a UID", &found.metadata.uid.is_some(), &true)?;
    expect("has a version", &found.metadata.resource_version.is_some(), &true)
}

/// A creation and a replacement return the object as it is listed.
pub async fn returns_what_is_stored(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let sent = named(sample, "returned");
    let mut next = done(cluster.create(&sent, MANAGER).await)?;
    expect("creation", &next, &stored(cluster, &sent).await?)?;
    next.spec = json!({}).into();
    let replaced = done(cluster.replace(&next, MANAGER).await)?;
    expect("replacement", &replaced, &stored(cluster, &sent).await?)
}

/// An object that exists is not created again, and does not change.
pub async fn creates_an_object_once(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let first = created(cluster, sample, "once").await?;
    let mut second = named(sample, "once");
    second.metadata.labels = Some([("smi".to_owned(), "second".to_owned())].into());
    conflict(&cluster.create(&second, MANAGER).await)?;
    expect("object", &stored(cluster, &first).await?, &first)
}

/// A replacement removes what it does not contain: a label, and everything in a spec that becomes empty.
pub async fn replaces_the_whole_object(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let mut object = named(sample, "replaced");
    object.metadata.labels = Some([("smi".to_owned(), "label".to_owned())].into());
    done(cluster.create(&object, MANAGER).await)?;
    let former = stored(cluster, &object).await?;
    let mut next = former.clone();
    next.metadata.labels = None;
    next.spec = json!({}).into();
    done(cluster.replace(&next, MANAGER).await)?;
    let found = stored(cluster, &object).await?;
    expect("label", &found.label("smi"), &None)?;
    expect("spec", &*found.spec, &json!({}))?;
    expect("UID", &found.metadata.uid, &former.metadata.uid)?;
    let is_same = found.metadata.resource_version == former.metadata.resource_version;
    expect("keeps its version", &is_same, &false)
}

/// An object that another client has changed is not replaced, nor is one whose version is not named.
pub async fn replaces_only_the_known_state(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let stale = created(cluster, sample, "stale").await?;
    let current = changed(cluster, &stale).await?;
    let mut late = stale.clone();
    late.spec = json!({}).into();
    conflict(&cluster.replace(&late, MANAGER).await)?;
    late.metadata.resource_version = None;
    conflict(&cluster.replace(&late, MANAGER).await)?;
    expect("object", &stored(cluster, &stale).await?, &current)
}

/// A replacement of an object that is gone does not create it again.
pub async fn replaces_nothing_that_is_gone(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let object = created(cluster, sample, "gone").await?;
    done(cluster.delete(&object.reference(), &Preconditions::default()).await)?;
    conflict(&cluster.replace(&object, MANAGER).await)?;
    expect("exists", &find(cluster, &object).await?.is_some(), &false)
}

/// An object in the state that the preconditions name is deleted.
pub async fn deletes(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let object = created(cluster, sample, "deleted").await?;
    done(cluster.delete(&object.reference(), &preconditions(&object)).await)?;
    expect("exists", &find(cluster, &object).await?.is_some(), &false)
}

/// An object that another client has changed, or deleted and created again, is not deleted.
pub async fn deletes_only_the_known_state(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let stale = created(cluster, sample, "kept").await?;
    let current = changed(cluster, &stale).await?;
    let of_stale = preconditions(&stale);
    conflict(&cluster.delete(&stale.reference(), &of_stale).await)?;
    let other = Preconditions {
        uid: Some("another".to_owned()),
        resource_version: None,
    };
    conflict(&cluster.delete(&stale.reference(), &other).await)?;
    expect("object", &stored(cluster, &stale).await?, &current)
}

/// The deletion of an object that does not exist succeeds.
pub async fn counts_what_is_gone_as_deleted(cluster: &dyn Cluster, sample: &NativeObject) -> Kept {
    let absent = named(sample, "absent").reference();
    let other = Preconditions {
        uid: Some("another".to_owned()),
        resource_version: Some("1".to_owned()),
    };
    done(cluster.delete(&absent, &Preconditions::default()).await)?;
    done(cluster.delete(&absent, &other).await)
}

fn named(sample: &NativeObject, suffix: &str) -> NativeObject {
    let mut object = sample.clone();
    let name = format!("{}-{suffix}", sample.key().name);
    object.metadata.name = Some(name);
    object
}

/// Creates an object, and returns it as it is listed.
async fn created(cluster: &dyn Cluster, sample: &NativeObject, suffix: &str) -> Result<NativeObject, String> {
    let object = named(sample, suffix);
    done(cluster.create(&object, MANAGER).await)?;
    stored(cluster, &object).await
}

/// Changes an object as another client does, and returns it as it is listed.
async fn changed(cluster: &dyn Cluster, object: &NativeObject) -> Result<NativeObject, String> {
    let mut next = object.clone();
    next.metadata.labels = Some([("smi".to_owned(), "changed".to_owned())].into());
    done(cluster.replace(&next, "another-client").await)?;
    stored(cluster, object).await
}

async fn find(cluster: &dyn Cluster, object: &NativeObject) -> Result<Option<NativeObject>, String> {
    let all = done(cluster.list(&object.kind).await)?;
    Ok(all.into_iter().find(|other| other.key() == object.key()))
}

async fn stored(cluster: &dyn Cluster, object: &NativeObject) -> Result<NativeObject, String> {
    let found = find(cluster, object).await?;
    found.ok_or_else(|| format!("`{}` is not listed", object.reference()))
}

fn preconditions(object: &NativeObject) -> Preconditions {
    Preconditions {
        uid: object.metadata.uid.clone(),
        resource_version: object.metadata.resource_version.clone(),
    }
}

fn done<T>(result: Result<T, Error>) -> Result<T, String> {
    result.map_err(|error| format!("{error}: {error:?}"))
}

fn conflict<T: Debug>(result: &Result<T, Error>) -> Kept {
    match result {
        Err(Error::Conflict(_)) => Ok(()),
        other => Err(format!("{other:?} in place of a conflict")),
    }
}

fn expect<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Kept {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {found:?} in place of {expected:?}"))
    }
}
