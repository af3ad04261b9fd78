//! Flags of what owners, authorities and the registry's admin say of models.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zkdx_client::{Address, B256};

use super::super::{address, somebody};
use super::{DeploymentArgs, NodeArgs, TransactionArgs};

/// What `register --chain` needs besides.
#[derive(Debug, Args)]
pub(crate) struct RegisterOnChainArgs {
    /// Register key and model on a chain as well; without MODEL, what --public and --verifying-key hold.
    #[arg(long)]
    pub(crate) chain: bool,
    /// With --chain and without MODEL: the verification key.
    #[arg(long, value_name = "FILE", default_value = "verifying.key")]
    pub(crate) verifying_key: PathBuf,
    /// With --chain: where the model's card can be read.
    #[arg(long, value_name = "URI", default_value = "", requires = "chain")]
    pub(crate) card_uri: String,
    /// Contracts and sending.
    #[command(flatten)]
    pub(crate) on: TransactionArgs,
}

/// Commands of `model`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Show what the registry knows of a model.
    Show {
        /// The model's identity.
        model: B256,
        /// Contracts.
        #[command(flatten)]
        deployment: DeploymentArgs,
        /// Node.
        #[command(flatten)]
        node: NodeArgs,
    },
    /// Approve a model, as an authority.
    Approve {
        /// The model's identity.
        model: B256,
        /// What the approval rests on: a file, whose keccak is recorded.
        #[arg(long, value_name = "FILE")]
        evidence: Option<PathBuf>,
        /// Where that can be read.
        #[arg(long, value_name = "URI", default_value = "")]
        uri: String,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
    /// Approve a model no more, as an authority.
    Disapprove {
        /// The model's identity.
        model: B256,
        /// Why; public.
        #[arg(long)]
        reason: String,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
    /// Revoke a model for good, as its owner or as an authority.
    Revoke {
        /// The model's identity.
        model: B256,
        /// Why; public.
        #[arg(long)]
        reason: String,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
    /// Name the model to use instead, as the owner.
    Succeed {
        /// The model's identity.
        model: B256,
        /// The identity of its successor.
        successor: B256,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
}

/// Commands of `authority`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthorityCommand {
    /// List an authority, as the registry's admin.
    Add {
        /// Its account.
        #[arg(value_parser = somebody)]
        authority: Address,
        /// Its name; public.
        #[arg(long)]
        name: String,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
    /// Strike an authority off, with all its approvals, as the registry's admin.
    Remove {
        /// Its account.
        #[arg(value_parser = address)]
        authority: Address,
        /// Why; public.
        #[arg(long)]
        reason: String,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
}
