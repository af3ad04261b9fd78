//! Seconds since 1970 as people and FHIR write them.

use std::time::{Duration, UNIX_EPOCH};

/// The last second of the year 9999, after which the format has none.
const LAST: u64 = 253_402_300_799;

/// As in RFC 3339, in UTC; none after the year 9999.
pub(super) fn iso(seconds: u64) -> Option<String> {
    let time = UNIX_EPOCH + Duration::from_secs(seconds.min(LAST));
    (seconds <= LAST).then(|| humantime::format_rfc3339_seconds(time).to_string())
}

/// As an instant of FHIR, which ends with the year 9999.
pub(super) fn instant(seconds: u64) -> String {
    iso(seconds.min(LAST)).unwrap_or_default()
}
