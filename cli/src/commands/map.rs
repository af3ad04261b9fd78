//! Class maps as files: the class index of each position as comma-separated values, or as grey levels of a plain PGM image.

use std::path::{Path, PathBuf};

use zkdx_verifier::Reading;
use zkdx_verifier::diagnosis::MapReading;

use crate::error::{CliError, Kind, Result};
use crate::files::{self, Overwrite};
use crate::store;

/// A form of file.
type Render = fn(&MapReading) -> String;

/// Writes the map of each case.
pub(super) fn write(path: &Path, reading: &Reading, overwrite: Overwrite) -> Result<()> {
    let render = render(path)?;
    let maps: Vec<String> = reading.cases.iter().filter_map(|case| case.map.as_ref()).map(render).collect();
    if maps.len() != reading.cases.len() {
        let what =
            format!("cannot write `{}`: the proof verifies, but shows no class map of each record", path.display());
        return Err(CliError::new(Kind::Input, what)
            .next("open committed maps with --opening; a model that decides one class for a record has none"));
    }
    let paths: Vec<PathBuf> = (1..=maps.len()).map(|case| numbered(path, (maps.len() > 1).then_some(case))).collect();
    files::check_all_writable(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>(), overwrite)?;
    let files: Vec<_> = paths.iter().zip(&maps).map(|(path, map)| store::public(path, map.as_bytes())).collect();
    files::write_all(&files, overwrite)
}

fn render(path: &Path) -> Result<Render> {
    match path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).as_deref() {
        Some("csv") => Ok(csv),
        Some("pgm") => Ok(pgm),
        _ => Err(CliError::new(Kind::Usage, format!("`{}` is no name of a class map", path.display()))
            .next("choose a name that ends in .csv or .pgm")),
    }
}

/// `map.csv` of case 2 is `map-2.csv`.
fn numbered(path: &Path, case: Option<usize>) -> PathBuf {
    let Some(case) = case else { return path.to_owned() };
    let part =
        |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{}-{case}.{}", part(path.file_stem()), part(path.extension())))
}

fn csv(map: &MapReading) -> String {
    map.rows.iter().map(|row| row.replace(' ', ",") + "\n").collect()
}

/// The largest grey level is that of the last class.
fn pgm(map: &MapReading) -> String {
    let (width, height) = (map.shape.last().copied().unwrap_or(1), map.rows.len());
    format!("P2\n{width} {height}\n{}\n{}\n", map.classes.len().max(2) - 1, map.rows.join("\n"))
}
