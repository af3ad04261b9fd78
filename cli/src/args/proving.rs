//! Flags of the commands that commit to records and prove what a model says of them.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use zkdx_client::Address;

use super::ForceArgs;

/// Flags of `commit`.
#[derive(Debug, Args)]
pub(crate) struct CommitArgs {
    /// The record: JSON object or array, CSV with a header, or NPY.
    #[arg(required_unless_present = "records")]
    pub(crate) record: Option<PathBuf>,
    /// Commit to every row of this table, with a file for each: row-0001.record for the first.
    #[arg(long, value_name = "TABLE", requires = "out_dir", conflicts_with_all = ["record", "row", "out"])]
    pub(crate) records: Option<PathBuf>,
    /// With --records: the directory of the new files, each mode 0600.
    #[arg(long, value_name = "DIR", requires = "records")]
    pub(crate) out_dir: Option<PathBuf>,
    /// The circuit, which knows the features and their ranges.
    #[arg(long, value_name = "FILE", default_value = "circuit.zkdx")]
    pub(crate) circuit: PathBuf,
    /// Which row of a table, counted from 0.
    #[arg(long, default_value_t = 0)]
    pub(crate) row: usize,
    /// Replace values outside the calibrated range by its nearest end; the statement will say so.
    #[arg(long)]
    pub(crate) saturate: bool,
    /// The encoded record with its blinding, mode 0600.
    #[arg(long, short, value_name = "FILE", default_value = "record.commitment")]
    pub(crate) out: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// What a proof must not be replayed outside of.
#[derive(Debug, Args)]
pub(crate) struct ContextArgs {
    /// The deployment on whose log the proof may be used: chain and contract.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["chain_id", "verifier"])]
    pub(crate) deployment: Option<PathBuf>,
    /// Chain on which the proof may be used; 0 is off chain.
    #[arg(long, default_value_t = 0)]
    pub(crate) chain_id: u64,
    /// The contract that records the diagnosis.
    #[arg(long, value_name = "ADDRESS", value_parser = super::account, default_value = ZERO_20)]
    pub(crate) verifier: [u8; 20],
    /// Who may submit the proof.
    #[arg(long, value_name = "ADDRESS", value_parser = super::account, default_value = ZERO_20)]
    pub(crate) submitter: [u8; 20],
    /// The consent under which the record is used: its identity, or its file.
    #[arg(long, value_name = "HEX|FILE", default_value = ZERO_32)]
    pub(crate) consent: ConsentArg,
    /// Makes two proofs of one diagnosis distinct [default: random].
    #[arg(long, value_name = "HEX", value_parser = hex_array::<32>)]
    pub(crate) nonce: Option<[u8; 32]>,
    /// The request that the proof fulfils: submitter is the market, consent and nonce are those of the request. Once for each record.
    #[arg(long, value_name = "FILE", requires_all = ["deployment", "prover"], conflicts_with_all = ["submitter", "consent", "nonce"])]
    pub(crate) request: Vec<PathBuf>,
    /// With --request: the account that gets the fee.
    #[arg(long, value_name = "ADDRESS", value_parser = super::somebody, requires = "request")]
    pub(crate) prover: Option<Address>,
}

/// A consent on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConsentArg {
    /// Its identity.
    Id([u8; 32]),
    /// Its file.
    File(PathBuf),
}

impl FromStr for ConsentArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hexadecimal = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.starts_with("0x") || hexadecimal { hex_array(text).map(Self::Id) } else { Ok(Self::File(text.into())) }
    }
}

const ZERO_20: &str = "0x0000000000000000000000000000000000000000";
const ZERO_32: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";

/// Flags of `prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// The quantised model.
    #[arg(long, value_name = "FILE", default_value = "model.zkdx")]
    pub(crate) model: PathBuf,
    /// The secret half of its registration; one for each --key, in the same order.
    #[arg(long, value_name = "FILE", default_value = "model.registration")]
    pub(crate) registration: Vec<PathBuf>,
    /// The proving key. With --records several may be given, for other numbers of records at once: each proof is made with the one that costs
    /// least per record.
    #[arg(long, value_name = "FILE", default_value = "proving.key")]
    pub(crate) key: Vec<PathBuf>,
    /// The committed record.
    #[arg(long, value_name = "FILE", default_value = "record.commitment")]
    pub(crate) record: PathBuf,
    /// Prove every committed record of this directory, as many at once as the key is for.
    #[arg(long, value_name = "DIR", requires = "out_dir", conflicts_with_all = ["record", "out", "opening", "timings"])]
    pub(crate) records: Option<PathBuf>,
    /// With --records: the directory of the proofs, NAME.proof.json for the record NAME.*, NAME+7.proof.json for it and the next seven; those
    /// that it holds are not made again.
    #[arg(long, value_name = "DIR", requires = "records")]
    pub(crate) out_dir: Option<PathBuf>,
    /// With --records: a table with the columns `record` and `consent` that names the consent for each record.
    #[arg(long, value_name = "FILE", requires = "records", conflicts_with_all = ["consent", "request"])]
    pub(crate) consents: Option<PathBuf>,
    /// Context.
    #[command(flatten)]
    pub(crate) context: ContextArgs,
    /// The proof with its statement; public.
    #[arg(long, short, value_name = "FILE", default_value = "proof.json")]
    pub(crate) out: PathBuf,
    /// For a committed outcome: the outcome with its blinding, mode 0600 [default: the proof's path with `.outcome`].
    #[arg(long, value_name = "FILE")]
    pub(crate) opening: Option<PathBuf>,
    /// Where the seconds went, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) timings: Option<PathBuf>,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// How many records one proof is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordCount {
    /// What costs least per record.
    Auto,
    /// So many.
    Exactly(NonZeroUsize),
}

impl FromStr for RecordCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let not = |_| format!("`{text}` is neither `auto` nor a number from 1 on");
        if text == "auto" { Ok(Self::Auto) } else { text.parse().map(Self::Exactly).map_err(not) }
    }
}

/// Parses `N` bytes of hexadecimal, with or without `0x`.
pub(crate) fn hex_array<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).map_err(|error| format!("not hexadecimal: {error}"))?;
    let got = bytes.len();
    bytes.try_into().map_err(|_| format!("expected {N} bytes, got {got}"))
}
