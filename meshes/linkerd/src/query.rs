//! Query parameters, as routes match them.

use smi_conformance::NotModelledError;

/// Returns the values of the parameter `name` in `query`, in order. A parameter without `=` has an empty value.
pub(super) fn values(query: &str, name: &str) -> Result<Vec<String>, NotModelledError> {
    let mut values = Vec::new();
    for item in query.split('&').filter(|item| !item.is_empty()) {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        if decode(key)? == name {
            values.push(decode(value)?);
        }
    }
    Ok(values)
}

fn decode(text: &str) -> Result<String, NotModelledError> {
    let invalid = || NotModelledError(format!("the query parameter {text}"));
    // It was not observed if `+` is a space.
    if text.contains('+') {
        return Err(invalid());
    }
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or_else(invalid)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| invalid())?);
        bytes.extend(rest.as_bytes());
    }
    // It was not observed if patterns can match other characters.
    let text = String::from_utf8(bytes).map_err(|_| invalid())?;
    if text.bytes().all(|b| (b' '..0x7f).contains(&b)) {
        Ok(text)
    } else {
        Err(invalid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_all_values_of_a_name() {
        let q = |query| values(query, "q").unwrap();
        assert_eq!(q("q=1&p=2&&q=&q&Q=3&x=q=4&q=a=b"), ["1", "", "", "a=b"]);
        assert_eq!(q("%71=%31%20x"), ["1 x"]);
        assert!(q("").is_empty());
    }

    #[test]
    fn does_not_model_unusual_encodings() {
        for query in ["q=a+b", "q=%", "q=%3", "q=%zz", "q=%ff", "q=%+1", "q=%c3%a9"] {
            assert!(values(query, "q").is_err(), "{query}");
        }
    }
}
