//! The guide, in the order in which a new user needs it.
//!
//! 1. [`concepts`]: from SMI objects to policies to a mesh
//! 2. [`embed`]: use the library in an operator, step by step
//! 3. [`settings`]: the choices of an operator
//! 4. [`meshes`]: the same SMI objects on two meshes
//! 5. [`ingress`]: traffic from outside
//! 6. [`access`]: access control
//! 7. [`adapter`]: write an adapter for another mesh
//! 8. [`rules`]: the meaning of the rule IDs
//!
//! The crate `smi-conformance` proves that an adapter is correct, and has a guide of its own.

/// Declares the chapters, with links from each to its neighbours.
macro_rules! chapters {
    ($($name:ident: $file:literal, $links:literal;)*) => {
        $(
            #[doc = include_str!($file)]
            #[doc = concat!("\n***\n\n", $links)]
            pub mod $name {}
        )*
    };
}

chapters! {
    concepts: "guide/concepts.md", "[Contents](crate::guide) · next: [use it in an operator](crate::guide::embed)";
    embed: "guide/embed.md", "Previous: [concepts](crate::guide::concepts) · [contents](crate::guide) · next: [settings](crate::guide::settings)";
    settings: "guide/settings.md", "Previous: [use it in an operator](crate::guide::embed) · [contents](crate::guide) · next: [two meshes](crate::guide::meshes)";
    meshes: "guide/meshes.md", "Previous: [settings](crate::guide::settings) · [contents](crate::guide) · next: [traffic from outside](crate::guide::ingress)";
    ingress: "guide/ingress.md", "Previous: [two meshes](crate::guide::meshes) · [contents](crate::guide) · next: [access control](crate::guide::access)";
    access: "guide/access.md", "Previous: [traffic from outside](crate::guide::ingress) · [contents](crate::guide) · next: [write an adapter](crate::guide::adapter)";
    adapter: "guide/adapter.md", "Previous: [access control](crate::guide::access) · [contents](crate::guide) · next: [rules](crate::guide::rules)";
}

#[doc(inline)]
pub use smi_types::rules;
