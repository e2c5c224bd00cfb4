//! A scan of JSON text for its keys. It builds and checks nothing, so it is much cheaper than reading.

use std::borrow::Cow;

/// The rest of a JSON text. In any other text a scan ends as well, whatever it finds.
pub(super) struct Scan<'a>(&'a [u8]);

/// A value, or the beginning of one, that a scan has passed.
#[derive(Clone, Copy)]
pub(super) enum Found<'a> {
    Object,
    List,
    /// A text without its quotes, with its escapes.
    Text(&'a [u8]),
    /// A number, a boolean or `null`.
    Other,
}

impl<'a> Scan<'a> {
    pub(super) fn new(json: &'a [u8]) -> Self {
        Self(json)
    }

    /// Returns `apiVersion` and `kind` of an object, if both are texts. What follows them is not looked at.
    pub(super) fn type_of(mut self) -> Option<(&'a str, &'a str)> {
        let Found::Object = self.next()? else { return None };
        let (mut api_version, mut kind) = (None, None);
        while api_version.is_none() || kind.is_none() {
            let field = match self.text()? {
                b"apiVersion" => &mut api_version,
                b"kind" => &mut kind,
                _ => {
                    let value = self.next()?;
                    self.skip(value);
                    continue;
                }
            };
            *field = Some(std::str::from_utf8(self.text()?).ok()?);
        }
        api_version.zip(kind)
    }

    /// Passes the next key or value, or the beginning of a value; `None` at the end of an object, a list or the text.
    pub(super) fn next(&mut self) -> Option<Found<'a>> {
        let start = self.0.iter().position(|byte| !b" \t\n\r,:".contains(byte))?;
        let (first, rest) = self.0.get(start..)?.split_first()?;
        self.0 = rest;
        Some(match first {
            b'{' => Found::Object,
            b'[' => Found::List,
            b'"' => Found::Text(self.until_quote()),
            b'}' | b']' => return None,
            _ => {
                self.until(|byte| b" \t\n\r,}]".contains(&byte));
                Found::Other
            }
        })
    }

    /// Passes the next key, or a value that is a text.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        match self.next()? {
            Found::Text(key) => Some(key),
            _ => None,
        }
    }

    /// Passes the rest of a value.
    pub(super) fn skip(&mut self, found: Found<'_>) {
        let mut depth = usize::from(matches!(found, Found::Object | Found::List));
        while depth > 0 {
            match self.next() {
                Some(Found::Object | Found::List) => depth += 1,
                Some(Found::Text(_) | Found::Other) => {}
                None => depth -= 1,
            }
        }
    }

    fn until_quote(&mut self) -> &'a [u8] {
        let mut is_escaped = false;
        let text = self.until(|byte| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        });
        self.0 = self.0.get(1..).unwrap_or_default();
        text
    }

    /// Passes everything before the first byte that fulfils a condition, and returns it.
    fn until(&mut self, mut is_end: impl FnMut(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| is_end(*byte));
        let (before, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        before
    }
}

/// Returns the meaning of a text with escapes.
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, str> {
    let written = String::from_utf8_lossy(text);
    if !written.contains('\\') {
        return written;
    }
    serde_json::from_str(&format!("\"{written}\"")).map_or(written, Cow::Owned)
}
