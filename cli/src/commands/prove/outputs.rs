//! Where a proof goes, with what belongs to it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zeroize::Zeroizing;
use zkdx_prover::{Proven, ProvingKey, Step};

use crate::error::{Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::resources;
use crate::store;

/// The files of one proof.
pub(super) struct Outputs {
    /// Proof and statement.
    pub(super) proof: PathBuf,
    /// What opens each committed outcome.
    pub(super) openings: Vec<PathBuf>,
    /// Where the seconds went.
    pub(super) timings: Option<PathBuf>,
}

impl Outputs {
    /// Fails early if they cannot be written.
    pub(super) fn check(&self, overwrite: Overwrite) -> Result<()> {
        let outputs = [&self.proof].into_iter().chain(&self.timings).chain(&self.openings);
        let outputs: Vec<&Path> = outputs.map(PathBuf::as_path).collect();
        files::check_all_writable(&outputs, overwrite)
    }

    /// Writes them, the proof last: where it is, the others are.
    pub(super) fn write(&self, key: &ProvingKey, proven: &Proven, overwrite: Overwrite) -> Result<()> {
        let (proof, timings) = (proven.file.to_json(), timings(key, proven).to_string());
        let json = |opening| serde_json::to_vec_pretty(opening).or_fail(Kind::Internal, "cannot write the opening");
        let openings: Vec<_> =
            proven.openings.iter().map(|opening| json(opening).map(Zeroizing::new)).collect::<Result<_>>()?;
        let mut files = Vec::new();
        files.extend(self.openings.iter().zip(&openings).map(|(path, opening)| store::secret(path, opening)));
        files.extend(self.timings.as_ref().map(|path| store::public(path, timings.as_bytes())));
        files.push(store::public(&self.proof, proof.as_bytes()));
        files::write_all(&files, overwrite)
    }
}

/// Seconds by step, in order, with what they depend on. Steps run one after the other where this is asked for.
fn timings(key: &ProvingKey, proven: &Proven) -> Value {
    let seconds = |(name, step): (&str, Step)| json!({ "step": name, "wall_seconds": step.wall.as_secs_f64(), "cpu_seconds": step.cpu.as_secs_f64() });
    let steps = proven.timings.steps();
    let steps = std::iter::once(("synthesis", proven.synthesis)).chain(steps).map(seconds).collect::<Vec<_>>();
    let (circuit, columns) = (&key.circuit, &key.circuit.columns);
    json!({
        "steps": steps,
        "constraints": circuit.constraints, "domain": circuit.domain_length(),
        "columns": {
            "public": columns.public, "weight": columns.weight, "small": columns.small, "field": columns.field,
            "second": columns.second,
        },
        "proving_key_bytes": key.file_bytes(), "peak_bytes": resources::peak_bytes(),
        "threads": std::thread::available_parallelism().map_or(0, usize::from),
    })
}
