//! Flags of `audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use zkdx_client::B256;

use super::{DeploymentArgs, ForceArgs};

/// Flags of `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only what concerns this record, by its commitment.
    #[arg(long, value_name = "COMMITMENT", group = "subject")]
    pub(crate) record: Option<B256>,
    /// Only what concerns this model.
    #[arg(long, value_name = "ID", group = "subject")]
    pub(crate) model: Option<B256>,
    /// Only what concerns this consent.
    #[arg(long, value_name = "ID", group = "subject")]
    pub(crate) consent: Option<B256>,
    /// Contracts.
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// A node's JSON-RPC address, http or https; once for each node, and all must agree.
    #[arg(long, value_name = "URL", env = "ZKDX_RPC", hide_env_values = true, default_value = "http://127.0.0.1:8545")]
    pub(crate) rpc: Vec<String>,
    /// How long to ask again while a node does not answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) retry_for: u64,
    /// The public half of a model's registration, to read its outcomes by; once for each model.
    #[arg(long, value_name = "FILE")]
    pub(crate) public: Vec<PathBuf>,
    /// As of which block [default: the newest with enough confirmations].
    #[arg(long, value_name = "NUMBER")]
    pub(crate) block: Option<u64>,
    /// Blocks that must stand before a block counts, its own included.
    #[arg(long, value_name = "BLOCKS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "block")]
    pub(crate) confirmations: u64,
    /// In which form.
    #[arg(long, value_enum, default_value_t = AuditFormat::Table)]
    pub(crate) format: AuditFormat,
    /// Where to; standard output if absent.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// For people.
    Table,
    /// Everything, as one JSON object.
    Json,
    /// A bundle of FHIR R4.
    Fhir,
}
