//! The fields that each wire type reads, as data, by which unknown fields are found more cheaply than while reading.

use Shape::{Free, List, Struct};

/// The fields that a value may have.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A value without fields, or with keys that its author chooses.
    Free,
    /// An object with these fields. Their order counts where the wire type also reads a list of its fields.
    Struct(&'static [Known]),
    /// A list of such values.
    List(&'static Shape),
}

/// A field that a value may have.
pub(super) type Known = (&'static str, Shape);

impl Shape {
    /// Returns the shape of an item of a list. The code that serde derives also reads a struct from a list of its fields.
    pub(super) fn item(self, index: usize) -> Self {
        match self {
            Free => Free,
            Struct(fields) => fields.get(index).map_or(Free, |(_, shape)| *shape),
            List(item) => *item,
        }
    }
}

const METADATA: Shape = Struct(&[
    ("name", Free),
    ("namespace", Free),
    ("labels", Free),
    ("annotations", Free),
    ("creationTimestamp", Free),
    ("deletionGracePeriodSeconds", Free),
    ("deletionTimestamp", Free),
    ("finalizers", Free),
    ("generateName", Free),
    ("generation", Free),
    ("managedFields", List(&MANAGED_FIELDS)),
    ("ownerReferences", List(&OWNER)),
    ("resourceVersion", Free),
    ("selfLink", Free),
    ("uid", Free),
]);

const MANAGED_FIELDS: Shape = Struct(&[
    ("apiVersion", Free),
    ("fieldsType", Free),
    ("fieldsV1", Free),
    ("manager", Free),
    ("operation", Free),
    ("subresource", Free),
    ("time", Free),
]);

const OWNER: Shape = Struct(&[
    ("apiVersion", Free),
    ("blockOwnerDeletion", Free),
    ("controller", Free),
    ("kind", Free),
    ("name", Free),
    ("uid", Free),
]);

/// Declares the fields of an object. `status` does not express intent.
macro_rules! object {
    ($name:ident: $($field:expr),+) => {
        pub(super) const $name: Shape = Struct(&[
            ("apiVersion", Free),
            ("kind", Free),
            ("metadata", METADATA),
            ("status", Free),
            $($field),+
        ]);
    };
}

object! { SPLIT: ("spec", Struct(&[
    ("service", Free),
    ("backends", List(&Struct(&[("service", Free), ("weight", Free)]))),
    ("matches", List(&Struct(&[("apiGroup", Free), ("kind", Free), ("name", Free)]))),
])) }

const MATCHES: Known = (
    "matches",
    List(&Struct(&[
        ("name", Free),
        ("pathRegex", Free),
        ("methods", Free),
        ("headers", Free),
    ])),
);

object! { GROUP_WITHOUT_SPEC: MATCHES }

object! { GROUP: ("spec", Struct(&[MATCHES])) }

object! { PORTS: ("spec", Struct(&[("matches", Struct(&[("name", Free), ("ports", Free)]))])) }

const SUBJECT: Shape = Struct(&[
    ("group", Free),
    ("kind", Free),
    ("name", Free),
    ("namespace", Free),
    ("port", Free),
]);

const RULES: Shape = List(&Struct(&[("kind", Free), ("name", Free), ("matches", Free)]));

object! { TARGET_WITHOUT_SPEC: ("destination", SUBJECT), ("sources", List(&SUBJECT)), ("specs", RULES) }

object! { TARGET: ("spec", Struct(&[("destination", SUBJECT), ("rules", RULES), ("sources", List(&SUBJECT))])) }

object! { BINDING: ("spec", Struct(&[("schemes", Struct(&[
    ("podLabelSelector", Struct(&[("matchLabels", Free)])),
    ("spiffeIdentities", Free),
    ("serviceAccount", Free),
]))])) }
