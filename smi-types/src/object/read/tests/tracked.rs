//! A reading that tracks unknown fields and paths all the time, in the wire type of every version.

use crate::object::Object;
use crate::object::readers::{READERS, Reader};
use crate::object::source::field_path;
use crate::path::FieldPath;
use crate::{access, specs, split};
use k8s_openapi::Resource;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserializer;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) type Tracked = Result<(Object, Vec<FieldPath>), (FieldPath, String)>;

/// One version of one kind.
pub(super) struct Wire {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) from_json: fn(&[u8]) -> Tracked,
    pub(super) from_value: fn(&Value) -> Tracked,
    pub(super) schema: fn() -> Value,
}

impl Wire {
    fn of<W, H>() -> Self
    where
        W: Resource + DeserializeOwned + Into<H> + JsonSchema,
        Object: From<H>,
    {
        Self {
            api_version: W::API_VERSION,
            kind: W::KIND,
            from_json: |json| {
                let reader = || serde_json::Deserializer::from_slice(json);
                tracked::<W, H, _>(&mut reader(), &mut reader())
            },
            from_value: |value| tracked::<W, H, _>(value, value),
            schema: || {
                let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
                settings.into_generator().into_root_schema_for::<W>().into()
            },
        }
    }

    pub(super) fn reader(&self) -> &'static Reader {
        let is_own = |reader: &&Reader| {
            reader.kind == self.kind && format!("{}/{}", reader.group, reader.version) == self.api_version
        };
        READERS.iter().find(is_own).unwrap()
    }
}

macro_rules! wires {
    ($($group:ident: $($version:ident $kind:ident),+;)+) => {
        [$($(Wire::of::<$group::$version::$kind, $group::$kind>()),+),+]
    };
}

pub(super) fn wires() -> [Wire; 18] {
    wires! {
        split: v1alpha1 TrafficSplit, v1alpha2 TrafficSplit, v1alpha3 TrafficSplit, v1alpha4 TrafficSplit;
        specs: v1alpha1 HTTPRouteGroup, v1alpha2 HTTPRouteGroup, v1alpha3 HTTPRouteGroup, v1alpha4 HTTPRouteGroup,
            v1alpha1 TCPRoute, v1alpha2 TCPRoute, v1alpha3 TCPRoute, v1alpha4 TCPRoute, v1alpha4 UDPRoute;
        access: v1alpha1 TrafficTarget, v1alpha2 TrafficTarget, v1alpha3 TrafficTarget, v1alpha4 TrafficTarget,
            v1alpha4 IdentityBinding;
    }
}

fn tracked<'de, W, H, D>(json: D, again: D) -> Tracked
where
    W: DeserializeOwned + Into<H>,
    Object: From<H>,
    D: Deserializer<'de>,
{
    let mut unknown = Vec::new();
    let mut collect = |path: serde_ignored::Path<'_>| unknown.push(unknown_path(&path));
    // One type for all callers keeps the number of instantiations low.
    let mut collect: &mut dyn FnMut(serde_ignored::Path<'_>) = &mut collect;
    match W::deserialize(serde_ignored::Deserializer::new(json, &mut collect)) {
        Ok(wire) => {
            unknown.retain(|path| !["apiVersion", "kind", "status"].map(FieldPath::from).contains(path));
            unknown.sort();
            Ok((Object::from(wire.into()), unknown))
        }
        Err(error) => {
            let tracked = serde_path_to_error::deserialize::<_, W>(again).err().unwrap();
            Err((field_path(tracked.path()), error.to_string()))
        }
    }
}

fn unknown_path(path: &serde_ignored::Path<'_>) -> FieldPath {
    use serde_ignored::Path;
    match path {
        Path::Root => FieldPath::root(),
        Path::Seq { parent, index } => unknown_path(parent).index(*index),
        Path::Map { parent, key } => unknown_path(parent).field(key),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            unknown_path(parent)
        }
    }
}
