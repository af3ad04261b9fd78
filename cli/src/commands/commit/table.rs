//! A record file for every row of a table: all of them, or none if a row does not fit.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::{Architecture, Encoding};
use zkdx_prover::Network;

use super::{commitment, policy, seal};
use crate::args::CommitArgs;
use crate::dataset;
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store::{self, RecordFile};

/// Fewest digits of a row in a file name.
const DIGITS: usize = 4;

/// Commits to every row.
pub(super) fn run(args: &CommitArgs, (table, out): (&Path, &Path), output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_directory(out)?;
    let architecture = store::read_circuit(&args.circuit)?;
    let records = sealed(table, &architecture, policy(args))?;
    let paths: Vec<PathBuf> = (1..=records.len()).map(|row| path(out, row, records.len())).collect();
    paths.iter().try_for_each(|path| files::check_writable(path, overwrite))?;
    let network = Network::compile(architecture).or_fail(Kind::Input, "cannot compile the circuit")?;
    let files = paths.iter().zip(&records).map(|(path, record)| write(&network, path, record, overwrite));
    let files = files.collect::<Result<Vec<_>>>()?;
    output.result(&json!({ "records": files.len(), "files": files }), || {
        let (count, out) = (files.len(), out.display());
        format!("wrote {count} records to `{out}` (secret: each holds the record and its blinding)")
    });
    Ok(())
}

fn sealed(table: &Path, architecture: &Architecture, policy: Policy) -> Result<Vec<RecordFile>> {
    let encoding = &architecture.encoding;
    let rows = dataset::read(table, &dataset::entry_names(encoding))?.values;
    rows.iter().enumerate().map(|(row, raw)| one(table, row + 1, encoding, raw, policy)).collect()
}

fn one(table: &Path, row: usize, encoding: &Encoding, raw: &[f64], policy: Policy) -> Result<RecordFile> {
    let named = |error: CliError| {
        let what = format!("record {row} of `{}` does not fit the model; nothing was written", table.display());
        CliError { what, ..error }
    };
    seal(encoding, raw, policy).map_err(named)
}

fn path(out: &Path, row: usize, count: usize) -> PathBuf {
    let digits = DIGITS.max(count.to_string().len());
    out.join(format!("row-{row:0digits$}.record"))
}

fn write(network: &Network, path: &Path, record: &RecordFile, overwrite: Overwrite) -> Result<Value> {
    let commitment = commitment(network, record)?;
    store::write_secret(path, &record.to_bytes(), overwrite)?;
    Ok(json!({ "record_commitment": commitment, "file": path }))
}
