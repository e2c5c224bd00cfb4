//! Facts about a pattern that are derived when they are first needed, and then kept.

use super::automata::Language;
use super::lower::Comparison;
use super::{Anchor, Engine, Pattern, example};
use regex::{Regex, RegexBuilder};
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::{Dot, Hir, Repetition};
use std::sync::OnceLock;

/// The facts that all clones of a pattern share.
#[derive(Default)]
pub(super) struct Facts {
    compiled: OnceLock<Option<Regex>>,
    tree: OnceLock<Option<Hir>>,
    whole_tree: OnceLock<Option<Hir>>,
    example: OnceLock<Option<String>>,
    beginnings: OnceLock<Seq>,
    endings: OnceLock<Seq>,
    language: OnceLock<Option<Language>>,
    pub(super) lowered: OnceLock<Option<Vec<Comparison>>>,
    pub(super) lowered_path: OnceLock<Option<Vec<Comparison>>>,
    pub(super) equal_for_prefixes: OnceLock<bool>,
}

impl Pattern {
    /// Returns a matcher of whole texts.
    pub(super) fn compiled(&self) -> Option<&Regex> {
        let compile = || {
            // The dialect bounds the size of the program well below this.
            RegexBuilder::new(&format!("^(?:{})$", self.to_full_match(Engine::Rust)))
                .size_limit(1 << 28)
                .build()
                .ok()
        };
        self.facts.compiled.get_or_init(compile).as_ref()
    }

    /// Returns the syntax tree of the pattern without its anchoring.
    pub(super) fn tree(&self) -> Option<&Hir> {
        let parse = || {
            let plain = self.portable.plain().map(|(text, has_rest)| plain_tree(text, has_rest));
            plain.or_else(|| regex_syntax::parse(self.portable.ascii()).ok())
        };
        self.facts.tree.get_or_init(parse).as_ref()
    }

    /// Returns the syntax tree that must match whole texts.
    pub(super) fn whole_tree(&self) -> Option<&Hir> {
        let parse = || regex_syntax::parse(&self.to_full_match(Engine::Rust)).ok();
        match self.anchor {
            Anchor::Full => self.tree(),
            Anchor::Start | Anchor::Search => self.facts.whole_tree.get_or_init(parse).as_ref(),
        }
    }

    /// Returns a text that matches, with any anchoring; `None` if none is found quickly.
    pub(super) fn example(&self) -> Option<&str> {
        let find = || self.tree().and_then(example::of);
        match self.portable.plain() {
            Some((text, _)) => Some(text),
            None => self.facts.example.get_or_init(find).as_deref(),
        }
    }

    /// Returns literals with one of which every matching text begins. A text that begins with an exact literal equals it.
    pub(super) fn beginnings(&self) -> &Seq {
        self.facts.beginnings.get_or_init(|| self.literals(ExtractKind::Prefix))
    }

    /// Returns literals with one of which every matching text ends. A text that ends with an exact literal equals it.
    pub(super) fn endings(&self) -> &Seq {
        self.facts.endings.get_or_init(|| self.literals(ExtractKind::Suffix))
    }

    fn literals(&self, kind: ExtractKind) -> Seq {
        let extract = |tree| Extractor::new().kind(kind).extract(tree);
        self.whole_tree().map_or_else(Seq::infinite, extract)
    }

    /// Returns the matching texts as an automaton; `None` if it would be too large.
    pub(super) fn language(&self) -> Option<&Language> {
        let build = || Language::new(&self.to_full_match(Engine::Rust));
        self.facts.language.get_or_init(build).as_ref()
    }
}

/// Returns the syntax tree of a text, or of a text and any rest, as the parser does.
fn plain_tree(text: &str, has_rest: bool) -> Hir {
    let text = Hir::literal(text.as_bytes());
    if !has_rest {
        return text;
    }
    let rest = Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: true,
        sub: Box::new(Hir::dot(Dot::AnyCharExceptLF)),
    });
    Hir::concat(vec![text, rest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_of_plain_patterns_are_those_of_the_parser() {
        for pattern in ["/", "/api/v1", "/.*", "/api/v1/.*", "a-b_C.*"] {
            let parsed = regex_syntax::parse(pattern).unwrap();
            let known = Pattern::new(pattern, Anchor::Full).unwrap();
            assert!(known.portable.plain().is_some());
            assert_eq!(known.tree(), Some(&parsed), "{pattern}");
        }
    }
}
