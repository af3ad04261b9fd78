//! Numbers for people: three digits and a unit.

/// `12.3 ms`
pub fn seconds(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0} s"),
        value if value >= 1.0 => format!("{} s", digits(value)),
        value if value >= 1e-3 => format!("{} ms", digits(value * 1e3)),
        value => format!("{} µs", digits(value * 1e6)),
    }
}

/// `1.23 GB`, in powers of ten
pub fn bytes(value: f64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.iter().find(|(unit, _)| value >= *unit) {
        Some((unit, name)) => format!("{} {name}", digits(value / unit)),
        None => format!("{value:.0} B"),
    }
}

/// `1,234,567`
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Three digits that mean something.
fn digits(value: f64) -> String {
    match value {
        value if value >= 99.95 => format!("{value:.0}"),
        value if value >= 9.995 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        assert_eq!(seconds(0.0123), "12.3 ms");
        assert_eq!(seconds(234.0), "234 s");
        assert_eq!(seconds(4.2e-6), "4.20 µs");
        assert_eq!(bytes(123_456_789.0), "123 MB");
        assert_eq!(bytes(320.0), "320 B");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
    }
}
