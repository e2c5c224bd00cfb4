//! The fates of mutants in a report.

use crate::laws::Law;
use crate::mutants::{Fate, Mutant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// The fates of mutants, by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mutants {
    pub(super) killed: BTreeMap<String, Kill>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) survived: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_applicable: Vec<String>,
}

impl Mutants {
    pub(super) fn note(&mut self, mutant: &Mutant, fate: Fate) {
        let name = mutant.name().to_owned();
        match fate {
            Fate::Killed { after } => {
                let law = mutant.law();
                self.killed.insert(name, Kill { law, after });
            }
            Fate::Survived => self.survived.push(name),
            Fate::NotApplicable => self.not_applicable.push(name),
        }
    }

    /// Returns the fate of a mutant. A mutant that is not listed does not apply.
    pub(super) fn fate(&self, mutant: &Mutant) -> Fate {
        match self.killed.get(mutant.name()) {
            Some(Kill { after, .. }) => Fate::Killed { after: *after },
            None if self.survived.iter().any(|name| name == mutant.name()) => Fate::Survived,
            None => Fate::NotApplicable,
        }
    }
}

/// The law that killed a mutant, with the number of worlds in which it held before. In a report it is text, such as
/// `faithful after 7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Kill {
    law: Law,
    after: u32,
}

impl Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {}", self.law, self.after)
    }
}

impl From<Kill> for String {
    fn from(kill: Kill) -> Self {
        kill.to_string()
    }
}

impl TryFrom<String> for Kill {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a law and a number of worlds");
        let (law, after) = text.split_once(" after ").ok_or_else(wrong)?;
        Ok(Self {
            law: law.parse().map_err(|_| wrong())?,
            after: after.parse().map_err(|_| wrong())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_read_back() {
        let mutants: Vec<Mutant> = Mutant::all().take(3).collect();
        let fates = [Fate::Killed { after: 7 }, Fate::Survived, Fate::NotApplicable];
        let mut all = Mutants::default();
        for (mutant, fate) in mutants.iter().zip(fates) {
            all.note(mutant, fate);
        }
        let text = serde_saphyr::to_string(&all).unwrap();
        assert!(text.contains("faithful after 7"), "{text}");
        let again: Mutants = serde_saphyr::from_str(&text).unwrap();
        for (mutant, fate) in mutants.iter().zip(fates) {
            assert_eq!(again.fate(mutant), fate);
        }
        assert!(Kill::try_from("no_such_law after 7".to_owned()).is_err());
    }
}
