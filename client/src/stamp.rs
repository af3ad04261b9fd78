//! What the first two fields of each JSON file of this crate say: its format and version.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{ClientError, Result};
use crate::node::printable;

/// Version of the formats.
pub(crate) const VERSION: u32 = 1;

/// Reads a file of any format.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], what: &'static str) -> Result<T> {
    let why = |error: serde_json::Error| ClientError::File { what, why: printable(&error.to_string()) };
    serde_json::from_slice(bytes).map_err(why)
}

/// Fails unless the stamp is as expected.
pub(crate) fn check(format: &str, version: u32, expected: &str, what: &'static str) -> Result<()> {
    if (format, version) == (expected, VERSION) {
        return Ok(());
    }
    Err(ClientError::File { what, why: format!("it says `{}`, version {version}", printable(format)) })
}

/// The file. None of this crate's types can fail to be written.
pub(crate) fn write(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
