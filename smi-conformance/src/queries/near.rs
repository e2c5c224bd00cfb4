//! Texts that narrowly miss a pattern.

use crate::dice::Dice;
use std::fmt::Write;

/// A change by which a text narrowly misses a pattern, or keeps its meaning in some proxies only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    /// A suffix is added. At the end of a path this shows the meaning of anchors (S4).
    Append(&'static str),
    /// A prefix is added.
    Prepend(&'static str),
    /// One character is dropped.
    Drop,
    /// One character is doubled.
    Duplicate,
    /// One letter is in the other case.
    Case,
    /// One character is escaped, which some proxies undo (S5).
    Escape,
}

impl Near {
    /// Returns one of all changes.
    #[must_use]
    pub fn some(dice: &mut Dice) -> Self {
        match dice.below(10) {
            0..=2 => Self::Append(dice.text(&["x", "/", "b"])),
            3 => Self::Append(dice.text(&["?q=1", "#f", "/..", "/x/../", ";x"])),
            4 => Self::Prepend(dice.text(&["x", "/", "/./", "/x", "http://h"])),
            5 => Self::Drop,
            6 => Self::Duplicate,
            7 => Self::Case,
            _ => Self::Escape,
        }
    }

    /// Applies the change to `text`.
    #[must_use]
    pub fn of(self, text: &str, dice: &mut Dice) -> String {
        let at = dice.below(text.chars().count());
        let change = |change: &dyn Fn(char) -> String| {
            let changed = text.chars().enumerate();
            changed
                .map(|(index, c)| if index == at { change(c) } else { c.to_string() })
                .collect()
        };
        match self {
            Self::Append(more) => format!("{text}{more}"),
            Self::Prepend(more) => format!("{more}{text}"),
            Self::Drop => change(&|_| String::new()),
            Self::Duplicate => change(&|c| format!("{c}{c}")),
            Self::Case => change(&|c| other_case(c).to_string()),
            Self::Escape => change(&|c| escape(c)),
        }
    }
}

/// Returns the same letter in the other case.
#[must_use]
pub fn other_case(c: char) -> char {
    if c.is_ascii_lowercase() {
        c.to_ascii_uppercase()
    } else {
        c.to_ascii_lowercase()
    }
}

fn escape(c: char) -> String {
    let mut escaped = String::new();
    for byte in c.to_string().bytes() {
        // Writing to a `String` cannot fail.
        let _ = write!(escaped, "%{byte:02x}");
    }
    escaped
}
