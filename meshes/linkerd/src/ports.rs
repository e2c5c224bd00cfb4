//! Lists of ports in annotations.

use smi_conformance::NotModelledError;

/// Returns `true` if `port` is in `text`, the list of ports and ranges in `annotation`.
pub(super) fn lists(annotation: &str, text: &str, port: u16) -> Result<bool, NotModelledError> {
    let invalid = || NotModelledError(format!("{annotation}: {text}"));
    let number = |item: &str| {
        item.trim()
            .parse::<u16>()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(invalid)
    };
    let mut listed = false;
    for item in text.split(',').filter(|item| !item.trim().is_empty()) {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(invalid());
        }
        listed |= (first..=last).contains(&port);
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_ports_and_ranges() {
        let lists = |list, port| lists("ports", list, port).ok();
        assert_eq!(lists("", 80), Some(false));
        assert_eq!(lists("1-100, ,", 80), Some(true));
        assert_eq!(lists("79, 81-90", 80), Some(false));
        assert_eq!(lists("79, 80", 80), Some(true));
        for unusual in ["http", "9-1", "0", "80,x", "70000"] {
            assert_eq!(lists(unusual, 80), None, "{unusual}");
        }
    }
}
