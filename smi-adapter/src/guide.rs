//! The guide, in the order in which a new user needs it.
//!
//! 1. [`concepts`]: from SMI objects to policies to a mesh
//! 2. [`embed`]: use the library in an operator, step by step
//! 3. [`settings`]: the choices of an operator
//! 4. [`meshes`]: the same SMI objects on two meshes
//! 5. [`access`]: access control
//! 6. [`adapter`]: write an adapter for another mesh
//! 7. [`rules`]: the meaning of the rule IDs
//!
//! How an adapter is proved correct is the subject of the crate `smi-conformance`.

/// Declares the chapters, with links from each to its neighbours.
macro_rules! chapters {
    ($($name:ident: $file:literal, $links:literal;)*) => {
        $(
            #[doc = include_str!($file)]
            #[doc = concat!("\n---\n\n", $links)]
            pub mod $name {}
        )*
    };
}

chapters! {
    concepts: "guide/concepts.md", "[Contents](super) · next: [use it in an operator](super::embed)";
    embed: "guide/embed.md", "Previous: [concepts](super::concepts) · [contents](super) · next: [settings](super::settings)";
    settings: "guide/settings.md", "Previous: [use it in an operator](super::embed) · [contents](super) · next: [two meshes](super::meshes)";
    meshes: "guide/meshes.md", "Previous: [settings](super::settings) · [contents](super) · next: [access control](super::access)";
    access: "guide/access.md", "Previous: [two meshes](super::meshes) · [contents](super) · next: [write an adapter](super::adapter)";
    adapter: "guide/adapter.md", "Previous: [access control](super::access) · [contents](super) · next: [rules](super::rules)";
}

#[doc(inline)]
pub use smi_types::rules;
