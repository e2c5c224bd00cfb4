//! The things that native objects concern.

/// A thing that a native object concerns, by a name that only the adapter knows.
///
/// Two objects affect each other in a [review](super::MeshAdapter::review) only if they concern the same thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concern {
    /// A thing that objects compete for, such as an external host, even if all of them are managed by us.
    Contested(String),
    /// A thing in which only a foreign object affects those that are managed by us, such as a namespace.
    Own(String),
}
