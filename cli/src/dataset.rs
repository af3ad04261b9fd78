//! Records and model cards from files.

use std::path::Path;

use serde::Deserialize;
use zkdx_circuits::quantize::Named;
use zkdx_circuits::records::{RawRecords, read_csv, read_json, read_npy};
use zkdx_circuits::{Card, Encoding};

use crate::error::{CliError, Context, Kind, Result};
use crate::files;

/// Column of a table that holds the class.
const LABEL: &str = "label";

/// A model card as its author writes it: who the model is, and what its inputs and classes are called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CardFile {
    name: String,
    version: String,
    description: String,
    /// Class names, in class order.
    #[serde(default)]
    pub(crate) labels: Option<Vec<String>>,
    #[serde(default)]
    features: Option<Vec<FeatureName>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureName {
    name: String,
    #[serde(default)]
    unit: String,
}

impl CardFile {
    /// Reads a card from JSON.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self> {
        serde_json::from_slice(bytes).or_fail_with(
            Kind::Input,
            "cannot read the model card",
            "write JSON with name, version, description, and if you like labels and features [{name, unit}]",
        )
    }

    /// Reads a card from a file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(&files::read(path)?)
    }

    /// A card for a model that has none.
    pub(crate) fn unnamed(path: &Path) -> Self {
        let name = path.file_stem().map_or_else(|| "model".into(), |stem| stem.to_string_lossy().into_owned());
        Self { name, version: "0".into(), description: String::new(), labels: None, features: None }
    }

    /// Name, version, description.
    pub(crate) fn card(&self) -> Card {
        Card { name: self.name.clone(), version: self.version.clone(), description: self.description.clone() }
    }

    /// Names and units of the features.
    pub(crate) fn features(&self) -> Option<Vec<Named>> {
        let named = |feature: &FeatureName| -> Named { (feature.name.clone(), feature.unit.clone()) };
        self.features.as_ref().map(|features| features.iter().map(named).collect())
    }
}

/// Reads records with the features `names`; a CSV may have a `label` column.
pub(crate) fn read(path: &Path, names: &[String]) -> Result<RawRecords> {
    let bytes = files::read(path)?;
    let records = match extension(path).as_str() {
        "csv" => read_csv(&bytes[..], names, has_label(&bytes).then_some(LABEL)),
        "json" => read_json(&bytes[..], names),
        "npy" => read_npy(&bytes[..], names.len()),
        other => return Err(unknown_format(path, other)),
    };
    let which = match names {
        [first, .., last] => format!(", `{first}` to `{last}`"),
        _ => String::new(),
    };
    let next = format!("the records need exactly the model's features{which}, each with a finite number");
    records.or_fail_with(Kind::Input, format!("cannot read records from `{}`", path.display()), next)
}

/// The features that a table's header names, without the label; `None` for other formats.
pub(crate) fn header(path: &Path) -> Result<Option<Vec<String>>> {
    if extension(path) != "csv" {
        return Ok(None);
    }
    let bytes = files::read(path)?;
    let names = columns(&bytes).into_iter().filter(|name| name != LABEL);
    Ok(Some(names.collect()))
}

/// Names of all entries that `encoding` takes.
pub(crate) fn entry_names(encoding: &Encoding) -> Vec<String> {
    let single = encoding.features.len() != encoding.len;
    let name = |index: usize| match encoding.features.first() {
        Some(feature) if single => format!("{}{}", feature.name, index + 1),
        _ => encoding.feature(index).name.clone(),
    };
    (0..encoding.len).map(name).collect()
}

fn columns(bytes: &[u8]) -> Vec<String> {
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    line.trim().trim_start_matches('\u{feff}').split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

fn has_label(bytes: &[u8]) -> bool {
    columns(bytes).iter().any(|name| name == LABEL)
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn unknown_format(path: &Path, extension: &str) -> CliError {
    let what = format!("cannot read records from `{}`", path.display());
    CliError::new(Kind::Input, what)
        .why(format!("`.{extension}` is no format of records"))
        .next("use .csv, .json or .npy")
}
