//! The portable dialect of regular expressions.
//!
//! The specification does not name a syntax for its regular expressions (S6). Meshes use RE2 (Envoy) or the `regex`
//! crate (Linkerd), and the two differ: some patterns compile in only one of them, others compile in both but with
//! different meanings (`[a&&b]`, `\<`, `\s`). A pattern is *portable* if both engines accept it with the same meaning.
//! The check works on the syntax tree, because successful compilation proves nothing.
//!
//! The following constructs are portable:
//!
//! * literals, escaped punctuation, `\n \t \r \f \v \a \xHH \x{H…}` and `.`;
//! * bracketed classes with ranges and `[:name:]`, and `\d \s \w` with their negations (ASCII);
//! * groups `(…)`, `(?:…)` and `(?P<name>…)`, flags `i m s U`, and alternation;
//! * `* + ? {n} {n,} {n,m}` and their lazy forms, as long as the product of nested counts is at most 1000;
//! * `^ $ \A \z \b \B` (ASCII).
//!
//! The following are not portable, among others: look-around, back-references, `\Q…\E`, `\p{…}`, class operations
//! (`&&`, `--`, nested classes), `a**`, `a++`, a bare `{`, and patterns so large that an engine would reject them.

use regex_syntax::ast::{
    self, Assertion, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, Flag, FlagsItemKind,
    GroupKind, HexLiteralKind, Literal, LiteralKind, RepetitionKind, RepetitionOp, RepetitionRange, SpecialLiteralKind,
};
use std::fmt::{self, Display};
use std::sync::Arc;

/// A regular expression in the portable dialect.
///
/// ```
/// use smi_types::regex::Portable;
///
/// assert!(Portable::parse("/api/v[0-9]+(/.*)?").is_ok());
/// assert!(Portable::parse("/(?!admin).*").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Portable {
    source: Arc<str>,
    ascii: Arc<str>,
    takes_any_suffix: bool,
}

/// An error that occurs when a regular expression is outside the portable dialect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not portable between regular expression engines: {reason}, at byte {offset}")]
pub struct NotPortableError {
    reason: String,
    offset: usize,
}

impl NotPortableError {
    /// Returns the position of the offending part, in bytes from the start of the pattern.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl Portable {
    /// The length of the longest accepted pattern, in bytes: the longest header value that a mesh's CRD accepts.
    pub const MAX_LENGTH: usize = 4096;
    /// The size of the largest program that a pattern may need: an upper bound in RE2 instructions. Istio allows
    /// Envoy 32,768; beyond that, Envoy rejects the whole route configuration. The limit leaves room for anchoring.
    pub const MAX_PROGRAM: usize = 32_000;

    /// Parses `pattern` and checks that it is portable.
    ///
    /// # Errors
    /// Returns an error with the position of the offending part if the pattern is not portable.
    pub fn parse(pattern: &str) -> Result<Self, NotPortableError> {
        if pattern.len() > Self::MAX_LENGTH {
            return Err(NotPortableError {
                reason: format!("a pattern of more than {} bytes", Self::MAX_LENGTH),
                offset: Self::MAX_LENGTH,
            });
        }
        if let Some((_, takes_any_suffix)) = plain(pattern) {
            let source: Arc<str> = pattern.into();
            return Ok(Self {
                ascii: Arc::clone(&source),
                source,
                takes_any_suffix,
            });
        }
        Self::parse_tree(pattern)
    }

    /// Parses a pattern by its syntax tree.
    fn parse_tree(pattern: &str) -> Result<Self, NotPortableError> {
        let tree = ast::parse::ParserBuilder::new()
            .nest_limit(100)
            .build()
            .parse(pattern)
            .map_err(|error| NotPortableError {
                reason: error.kind().to_string(),
                offset: error.span().start.offset,
            })?;
        let mut check = Check {
            pattern,
            replace: Vec::new(),
        };
        let size = check.tree(&tree, 1)?;
        if size > Self::MAX_PROGRAM {
            return Err(NotPortableError {
                reason: format!("a program of about {size} instructions"),
                offset: 0,
            });
        }
        Ok(Self {
            source: pattern.into(),
            ascii: check.rendered().into(),
            takes_any_suffix: takes_any_suffix(&tree),
        })
    }

    /// Returns the pattern as written, for engines whose `\d \w \b` are ASCII (RE2).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Returns the pattern with `\d \w \s \b` written out in ASCII, for engines that read them as Unicode (the `regex`
    /// crate).
    #[must_use]
    pub fn ascii(&self) -> &str {
        &self.ascii
    }

    /// Returns the text of a pattern that is only a text, or a text and any rest (`.*`), which `true` stands for. Returns
    /// `None` for other patterns, and for texts with other characters than ASCII letters, digits, `/`, `_` and `-`.
    ///
    /// ```
    /// use smi_types::regex::Portable;
    ///
    /// assert_eq!(Portable::parse("/api/.*")?.plain(), Some(("/api/", true)));
    /// assert_eq!(Portable::parse("/api/?")?.plain(), None);
    /// # Ok::<(), smi_types::regex::NotPortableError>(())
    /// ```
    #[must_use]
    pub fn plain(&self) -> Option<(&str, bool)> {
        plain(&self.source)
    }

    /// Returns `true` if an anchor at the end provably makes no difference: a matching text still matches with any
    /// suffix, or the pattern itself is anchored at the end. `false` means that this is not proven.
    #[must_use]
    pub fn takes_any_suffix(&self) -> bool {
        self.takes_any_suffix
    }
}

impl Display for Portable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// Returns the text of a pattern without special characters, except perhaps `.*` at its end. It is portable: both engines
/// read every other character as itself, and no text of the accepted length needs too large a program.
fn plain(pattern: &str) -> Option<(&str, bool)> {
    let (text, has_rest) = match pattern.strip_suffix(".*") {
        Some(text) => (text, true),
        None => (pattern, false),
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    (!text.is_empty() && text.bytes().all(is_plain)).then_some((text, has_rest))
}

/// A walk through a syntax tree that rejects non-portable parts and collects parts that some engines read as Unicode.
struct Check<'p> {
    pattern: &'p str,
    /// Byte ranges of the pattern, in order, and their replacements in the ASCII rendering.
    replace: Vec<(ast::Span, String)>,
}

/// The maximum number of instructions for a set of characters in a byte-wise program: `.` and negated classes are
/// unions of UTF-8 sequences.
const WIDE: usize = 24;
/// The same maximum for ASCII characters. Under `(?i)` a letter also matches others that take more bytes.
const NARROW: usize = 6;

impl Check<'_> {
    fn refuse<T>(&self, span: &ast::Span, reason: &str) -> Result<T, NotPortableError> {
        let part = self.pattern.get(span.start.offset..span.end.offset).unwrap_or_default();
        let text: String = part.chars().take(40).collect();
        Err(NotPortableError {
            reason: format!("{reason} (`{text}`)"),
            offset: span.start.offset,
        })
    }

    /// Checks a tree inside nested repetitions whose counts multiply to `count`, and returns an upper bound of its
    /// size. The parser's nest limit bounds the depth of the recursion.
    fn tree(&mut self, tree: &Ast, count: u32) -> Result<usize, NotPortableError> {
        match tree {
            Ast::Empty(_) => Ok(1),
            Ast::Dot(_) => Ok(WIDE),
            Ast::Literal(literal) => self.literal(literal),
            Ast::Assertion(assertion) => self.assertion(assertion),
            Ast::ClassUnicode(class) => self.refuse(&class.span, "a Unicode class"),
            Ast::ClassPerl(class) => {
                let text = perl(class, false);
                self.replace.push((class.span, text));
                Ok(if class.negated { WIDE } else { NARROW })
            }
            Ast::ClassBracketed(class) => Ok(if class.negated { WIDE } else { 1 } + self.set(&class.kind)?),
            Ast::Flags(set) => self.flags(&set.flags).map(|()| 1),
            Ast::Group(group) => {
                match &group.kind {
                    GroupKind::CaptureIndex(_) => {}
                    GroupKind::CaptureName { starts_with_p, name } => {
                        let plain = name.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                        if !(*starts_with_p && plain) {
                            return self.refuse(&name.span, "this form of named group");
                        }
                    }
                    GroupKind::NonCapturing(flags) => self.flags(flags)?,
                }
                Ok(2 + self.tree(&group.ast, count)?)
            }
            Ast::Repetition(repetition) => {
                if matches!(
                    *repetition.ast,
                    Ast::Repetition(_) | Ast::Assertion(_) | Ast::Flags(_) | Ast::Empty(_)
                ) {
                    return self.refuse(
                        &repetition.op.span,
                        "a repetition of a repeated or zero-width expression",
                    );
                }
                let copies = self.copies(&repetition.op)?;
                let count = count.saturating_mul(copies.max(1));
                if copies >= 2 && count > 1000 {
                    return self.refuse(&repetition.op.span, "nested repetitions of more than 1000 in total");
                }
                let body = self.tree(&repetition.ast, count)?;
                Ok((body + 2).saturating_mul(copies as usize + 1))
            }
            Ast::Alternation(alternation) => self.sum(&alternation.asts, count),
            Ast::Concat(concat) => self.sum(&concat.asts, count),
        }
    }

    fn sum(&mut self, trees: &[Ast], count: u32) -> Result<usize, NotPortableError> {
        trees.iter().try_fold(
            1usize,
            |size, tree| Ok(size.saturating_add(1 + self.tree(tree, count)?)),
        )
    }

    /// Returns how many copies of its body a repetition compiles to.
    fn copies(&self, op: &RepetitionOp) -> Result<u32, NotPortableError> {
        let RepetitionKind::Range(range) = &op.kind else {
            return Ok(1);
        };
        // RE2 reads `{,2}` and `{01}` as literals.
        let text = self
            .pattern
            .get(op.span.start.offset..op.span.end.offset)
            .unwrap_or_default();
        let inner = text.trim_start_matches('{').trim_end_matches('?').trim_end_matches('}');
        let canonical = match range {
            RepetitionRange::Exactly(n) => inner == n.to_string(),
            RepetitionRange::AtLeast(n) => inner == format!("{n},"),
            RepetitionRange::Bounded(n, m) => inner == format!("{n},{m}"),
        };
        if !canonical {
            return self.refuse(&op.span, "this form of repetition");
        }
        let (RepetitionRange::Exactly(most) | RepetitionRange::AtLeast(most) | RepetitionRange::Bounded(_, most)) =
            range;
        if *most > 1000 {
            return self.refuse(&op.span, "a repetition of more than 1000");
        }
        Ok(*most)
    }

    fn literal(&self, literal: &Literal) -> Result<usize, NotPortableError> {
        match &literal.kind {
            LiteralKind::Verbatim
            | LiteralKind::Meta
            | LiteralKind::Superfluous
            | LiteralKind::HexFixed(HexLiteralKind::X)
            | LiteralKind::HexBrace(HexLiteralKind::X) => {}
            LiteralKind::Special(kind) if *kind != SpecialLiteralKind::Space => {}
            LiteralKind::Octal | LiteralKind::HexFixed(_) | LiteralKind::HexBrace(_) | LiteralKind::Special(_) => {
                return self.refuse(&literal.span, "this escape");
            }
        }
        Ok(match literal.c {
            'a'..='z' | 'A'..='Z' => NARROW,
            '\0'..='\x7f' => 2,
            _ => WIDE,
        })
    }

    fn assertion(&mut self, assertion: &Assertion) -> Result<usize, NotPortableError> {
        match assertion.kind {
            AssertionKind::StartLine | AssertionKind::EndLine | AssertionKind::StartText | AssertionKind::EndText => {}
            AssertionKind::WordBoundary => self.replace.push((assertion.span, r"(?-u:\b)".into())),
            AssertionKind::NotWordBoundary => self.replace.push((assertion.span, r"(?-u:\B)".into())),
            _ => return self.refuse(&assertion.span, "this word boundary"),
        }
        Ok(1)
    }

    fn flags(&self, flags: &ast::Flags) -> Result<(), NotPortableError> {
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Negation
                | FlagsItemKind::Flag(
                    Flag::CaseInsensitive | Flag::MultiLine | Flag::DotMatchesNewLine | Flag::SwapGreed,
                ) => {}
                FlagsItemKind::Flag(_) => return self.refuse(&item.span, "this flag"),
            }
        }
        Ok(())
    }

    fn set(&mut self, set: &ClassSet) -> Result<usize, NotPortableError> {
        match set {
            ClassSet::BinaryOp(op) => self.refuse(&op.span, "an operation on classes"),
            ClassSet::Item(item) => self.item(item),
        }
    }

    fn item(&mut self, item: &ClassSetItem) -> Result<usize, NotPortableError> {
        match item {
            ClassSetItem::Empty(_) => Ok(0),
            ClassSetItem::Literal(literal) => self.literal(literal),
            ClassSetItem::Range(range) => Ok(self.literal(&range.start)?.max(self.literal(&range.end)?).max(NARROW)),
            ClassSetItem::Ascii(class) => Ok(if class.negated { WIDE } else { NARROW }),
            ClassSetItem::Unicode(class) => self.refuse(&class.span, "a Unicode class"),
            ClassSetItem::Perl(class) => {
                if class.negated {
                    // It has no ASCII form that both engines accept inside a class.
                    return self.refuse(&class.span, "a negated class inside a class");
                }
                let text = perl(class, true);
                self.replace.push((class.span, text));
                Ok(NARROW)
            }
            ClassSetItem::Bracketed(class) => self.refuse(&class.span, "a class inside a class"),
            ClassSetItem::Union(union) => union.items.iter().try_fold(0, |size, item| Ok(size + self.item(item)?)),
        }
    }

    fn rendered(self) -> String {
        let mut text = String::with_capacity(self.pattern.len());
        let mut done = 0;
        for (span, replacement) in self.replace {
            text.push_str(self.pattern.get(done..span.start.offset).unwrap_or_default());
            text.push_str(&replacement);
            done = span.end.offset;
        }
        text.push_str(self.pattern.get(done..).unwrap_or_default());
        text
    }
}

/// Returns the meaning of `\d \s \w` in RE2 as an explicit class, or only its members for use `inside` a class.
fn perl(class: &ClassPerl, inside: bool) -> String {
    let members = match class.kind {
        ClassPerlKind::Digit => "0-9",
        ClassPerlKind::Space => r"\t\n\f\r ",
        ClassPerlKind::Word => "0-9A-Za-z_",
    };
    match (inside, class.negated) {
        (true, _) => members.to_owned(),
        (false, false) => format!("[{members}]"),
        (false, true) => format!("[^{members}]"),
    }
}

fn takes_any_suffix(tree: &Ast) -> bool {
    match tree {
        Ast::Repetition(repetition) => {
            matches!(*repetition.ast, Ast::Dot(_))
                && matches!(
                    repetition.op.kind,
                    RepetitionKind::ZeroOrMore
                        | RepetitionKind::OneOrMore
                        | RepetitionKind::Range(RepetitionRange::AtLeast(_))
                )
        }
        Ast::Assertion(assertion) => assertion.kind == AssertionKind::EndText,
        Ast::Group(group) => takes_any_suffix(&group.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().all(takes_any_suffix),
        Ast::Concat(concat) => concat.asts.last().is_some_and(takes_any_suffix),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
