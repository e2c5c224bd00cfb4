//! The versions of SMI APIs, which all kinds share.

use std::fmt::{self, Display};

/// A version of an SMI API. Versions are wire forms only and do not change the meaning of an object (S24).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `v1alpha1`
    V1Alpha1,
    /// `v1alpha2`
    V1Alpha2,
    /// `v1alpha3`
    V1Alpha3,
    /// `v1alpha4`
    #[default]
    V1Alpha4,
}

impl Version {
    /// Every version, in order.
    pub const ALL: [Self; 4] = [Self::V1Alpha1, Self::V1Alpha2, Self::V1Alpha3, Self::V1Alpha4];

    /// Returns the version as written in an `apiVersion`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1Alpha1 => "v1alpha1",
            Self::V1Alpha2 => "v1alpha2",
            Self::V1Alpha3 => "v1alpha3",
            Self::V1Alpha4 => "v1alpha4",
        }
    }
}

impl Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
