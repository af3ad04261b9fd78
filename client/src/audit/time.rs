//! Seconds since 1970 as people and FHIR write them.

const DAY: u64 = 86_400;
const LAST_YEAR: u64 = 9999;

/// As in ISO 8601, in UTC; none after the year 9999, which the format does not have.
pub(super) fn iso(seconds: u64) -> Option<String> {
    let (year, day) = year_and_day(seconds / DAY)?;
    let (month, day) = month_and_day(year, day);
    let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

fn year_and_day(mut days: u64) -> Option<(u64, u64)> {
    for year in 1970..=LAST_YEAR {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            return Some((year, days));
        }
        days -= length;
    }
    None
}

fn month_and_day(year: u64, mut days: u64) -> (u64, u64) {
    let february = if is_leap(year) { 29 } else { 28 };
    for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30]) {
        if days < length {
            return (month, days + 1);
        }
        days -= length;
    }
    (12, days + 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn days_fall_where_the_calendar_has_them() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(iso(seconds).as_deref(), Some(text));
        }
        assert!(iso(253_402_300_800).is_none() && iso(u64::MAX).is_none());
    }
}
