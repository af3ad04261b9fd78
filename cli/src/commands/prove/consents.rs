//! The consent under which each record of a batch is used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::args::{ProveArgs, hex_array};
use crate::error::{CliError, Context, Kind, Result};
use crate::files;

const NEXT: &str = "write a line such as `row-0001,0x…` for each record, below the header `record,consent`";

/// Consents by the name of the record, or one for all.
pub(super) enum Consents {
    /// The consent of `--consent`.
    Shared([u8; 32]),
    /// The table of `--consents`.
    Each(PathBuf, BTreeMap<String, [u8; 32]>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    record: String,
    consent: String,
}

impl Consents {
    /// Reads the table, if there is one; else `shared` is the consent for all.
    pub(super) fn read(args: &ProveArgs, shared: [u8; 32]) -> Result<Self> {
        let Some(path) = &args.consents else { return Ok(Self::Shared(shared)) };
        let bytes = files::read(path)?;
        let mut table = BTreeMap::new();
        for row in csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(&bytes[..]).deserialize() {
            let Row { record, consent } = row.or_fail_with(Kind::Input, unreadable(path), NEXT)?;
            let consent = hex_array(&consent).map_err(|why| wrong(path, &record, &why))?;
            if table.insert(record.clone(), consent).is_some() {
                return Err(wrong(path, &record, "it is named twice"));
            }
        }
        Ok(Self::Each(path.clone(), table))
    }

    /// The consent for the record `name`.
    pub(super) fn of(&self, name: &str) -> Result<[u8; 32]> {
        match self {
            Self::Shared(consent) => Ok(*consent),
            Self::Each(path, table) => table.get(name).copied().ok_or_else(|| {
                CliError::new(Kind::Input, format!("`{}` names no consent for `{name}`", path.display())).next(NEXT)
            }),
        }
    }
}

fn unreadable(path: &Path) -> String {
    format!("`{}` is not a table of consents", path.display())
}

fn wrong(path: &Path, record: &str, why: &str) -> CliError {
    CliError::new(Kind::Input, unreadable(path)).why(format!("the consent for `{record}`: {why}")).next(NEXT)
}
