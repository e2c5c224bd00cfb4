//! The names of laws as text.

use super::Law;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::cmp::Ordering;
use std::fmt::{self, Display};
use std::str::FromStr;

impl Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Ord for Law {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Law {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An error that occurs when a text is not the name of a law.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no law `{0}`, only `{all}`", all = names())]
pub struct UnknownLawError(String);

fn names() -> String {
    let names: Vec<&str> = Law::ALL.iter().map(|law| law.as_str()).collect();
    names.join("`, `")
}

impl FromStr for Law {
    type Err = UnknownLawError;

    fn from_str(name: &str) -> Result<Self, UnknownLawError> {
        let mut all = Self::ALL.iter().copied();
        all.find(|law| law.as_str() == name)
            .ok_or_else(|| UnknownLawError(name.to_owned()))
    }
}

impl Serialize for Law {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_str().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Law {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for law in Law::ALL {
            assert_eq!(law.to_string().parse(), Ok(*law));
        }
        let error = "no_such_law".parse::<Law>().unwrap_err().to_string();
        assert!(
            error.contains("`no_such_law`, only `total`, `deterministic`"),
            "{error}"
        );
    }

    #[test]
    fn laws_are_sorted_by_name() {
        assert!(Law::CleanDelete < Law::Total && Law::Enforces < Law::NeverWidens);
    }
}
