//! `zkdx commit`: encodes records and commits to each with fresh blinding.

mod table;

use std::path::Path;

use rand::rngs::OsRng;
use serde_json::json;
use zkdx_circuits::architecture::{EncodingError, Policy};
use zkdx_circuits::{Blinding, Encoding, Record, field};
use zkdx_prover::Network;

use super::hex;
use crate::args::CommitArgs;
use crate::dataset;
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store::{self, RecordFile};

/// Commits to a record, or to every record of a table.
pub(super) fn run(args: &CommitArgs, output: Output) -> Result<()> {
    match (&args.record, &args.records, &args.out_dir) {
        (_, Some(table), Some(out)) => table::run(args, (table, out), output),
        (Some(record), ..) => one(args, record, output),
        _ => Err(CliError::new(Kind::Usage, "there is no record to commit to").next("name one")),
    }
}

fn one(args: &CommitArgs, path: &Path, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_writable(&args.out, overwrite)?;
    let architecture = store::read_circuit(&args.circuit)?;
    let file = seal(&architecture.encoding, &row(path, args.row, &architecture.encoding)?, policy(args))?;
    let network = Network::compile(architecture).or_fail(Kind::Input, "cannot compile the circuit")?;
    let commitment = commitment(&network, &file)?;
    store::write_secret(&args.out, &file.to_bytes(), overwrite)?;
    let value = json!({ "record_commitment": commitment, "file": args.out });
    output.result(&value, || {
        let path = args.out.display();
        format!("record commitment {commitment}\nwrote {path} (secret: it holds the record and its blinding)")
    });
    Ok(())
}

fn policy(args: &CommitArgs) -> Policy {
    if args.saturate { Policy::Saturate } else { Policy::Refuse }
}

/// A record file with fresh blinding.
fn seal(encoding: &Encoding, raw: &[f64], policy: Policy) -> Result<RecordFile> {
    let record = encode(encoding, raw, policy)?;
    let encoding = store::encoding_digest(encoding)?;
    Ok(RecordFile { encoding, policy, blinding: Blinding::random(&mut OsRng), record })
}

/// The chosen row of the record file.
fn row(path: &Path, row: usize, encoding: &Encoding) -> Result<Vec<f64>> {
    let records = dataset::read(path, &dataset::entry_names(encoding))?;
    let count = records.values.len();
    records.values.into_iter().nth(row).ok_or_else(|| {
        let what = format!("`{}` has no row {row}", path.display());
        CliError::new(Kind::Input, what)
            .why(format!("it has {count} records, counted from 0"))
            .next("choose with --row")
    })
}

/// Encodes raw values; outside the calibrated range only what the policy allows.
pub(super) fn encode(encoding: &Encoding, raw: &[f64], policy: Policy) -> Result<Record> {
    encoding.encode(raw, policy).map_err(|error| {
        let next = match error {
            EncodingError::OutOfRange { .. } => {
                "check the value and its unit; if it is right, the model was not made for such records: calibrate it on \
                 data that has them, or pass --saturate to use the nearest end of the range, which the statement will say"
            }
            _ => "correct the record",
        };
        CliError::new(Kind::Input, "the record does not fit the model").why(error).next(next)
    })
}

fn commitment(network: &Network, file: &RecordFile) -> Result<String> {
    let commitment = network.commitment(&file.record, &file.blinding);
    let commitment = commitment.ok_or_else(|| CliError::new(Kind::Internal, "the record does not fit the circuit"))?;
    Ok(hex(field::to_bytes(&commitment)))
}
