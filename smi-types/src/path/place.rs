//! Places in an object, which become field paths only if there is something to say about them.

use super::FieldPath;

/// A place in an object, which borrows the places around it. Unlike a [`FieldPath`], it allocates nothing.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    Root,
    Field(&'a Place<'a>, &'a str),
    Index(&'a Place<'a>, usize),
}

impl Place<'static> {
    pub(crate) const SPEC: Self = Place::Root.field("spec");
}

impl<'a> Place<'a> {
    pub(crate) const fn field(&'a self, key: &'a str) -> Self {
        Self::Field(self, key)
    }

    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }

    pub(crate) fn path(&self) -> FieldPath {
        match self {
            Self::Root => FieldPath::root(),
            Self::Field(parent, key) => parent.path().field(key),
            Self::Index(parent, index) => parent.path().index(*index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_becomes_the_path_of_its_segments() {
        let spec = Place::Root.field("spec");
        let backends = spec.field("backends");
        let weight = backends.index(2);
        assert_eq!(weight.field("weight").path(), "spec.backends[2].weight".into());
        assert_eq!(Place::Root.path(), FieldPath::root());
    }
}
