//! Kubernetes quantities, which are the weights of a `ServiceProfile`.

/// Returns a quantity in thousandths, rounded up like `MilliValue`. Returns `None` if the text is not a quantity or its
/// rounding is unknown: for a negative fraction of a thousandth, and for values that exceed 64 bits.
pub(super) fn milli(text: &str) -> Option<i64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || digits.len() > 18 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let digits: u128 = digits.parse().ok()?;
    let (factor, exponent) = scale(suffix)?;
    let exponent = exponent + 3 - i32::try_from(fraction.len()).ok()?;
    let scaled = digits.checked_mul(factor)?;
    let power = 10u128.checked_pow(exponent.unsigned_abs())?;
    let milli = if exponent >= 0 {
        scaled.checked_mul(power)?
    } else if negative && scaled % power != 0 {
        return None;
    } else {
        scaled.div_ceil(power)
    };
    let milli = i64::try_from(milli).ok()?;
    Some(if negative { -milli } else { milli })
}

/// Returns the factor and the power of ten of a suffix.
fn scale(suffix: &str) -> Option<(u128, i32)> {
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if let Some(index) = binary.iter().position(|unit| *unit == suffix) {
        return Some((1u128 << (10 * (index + 1)), 0));
    }
    let exponent = match suffix {
        "n" => -9,
        "u" => -6,
        "m" => -3,
        "" => 0,
        "k" => 3,
        "M" => 6,
        "G" => 9,
        "T" => 12,
        "P" => 15,
        "E" => 18,
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            exponent.parse().ok().filter(|e: &i32| e.abs() <= 18)?
        }
    };
    Some((1, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_quantities_to_thousandths() {
        for (text, expected) in [
            ("1", Some(1000)),
            ("500m", Some(500)),
            ("0.5", Some(500)),
            (".5", Some(500)),
            ("1.", Some(1000)),
            ("100u", Some(1)),
            ("1n", Some(1)),
            ("0", Some(0)),
            ("-1", Some(-1000)),
            ("-1u", None),
            ("+2k", Some(2_000_000)),
            ("1e3", Some(1_000_000)),
            ("1E-3", Some(1)),
            ("1Ki", Some(1_024_000)),
            ("9E", None),
            ("", None),
            ("-", None),
            ("m", None),
            ("1.2.3", None),
            ("1x", None),
            ("1 ", None),
        ] {
            assert_eq!(milli(text), expected, "{text}");
        }
    }
}
