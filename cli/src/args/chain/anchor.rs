//! Flags of the anchor: two chains, each with a deployment and a node.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zkdx_client::B256;

use super::{DeploymentArgs, ForceArgs, NodeArgs, SendArgs, WalletArgs};

/// Commands of `anchor`.
#[derive(Debug, Subcommand)]
pub(crate) enum AnchorCommand {
    /// Replay the log of the permissioned chain, and write what is not anchored yet as a batch for members to sign.
    #[command(
        after_help = "Example:\n  zkdx anchor batch --deployment consortium.json --rpc http://127.0.0.1:8545 \\\n    --anchor-deployment public.json --anchor-rpc https://mainnet.example -o batch.json"
    )]
    Batch(Box<AnchorBatchArgs>),
    /// Compare a batch with one's own node of the permissioned chain, and sign it as a member of the anchor.
    #[command(
        after_help = "Example:\n  zkdx anchor sign batch.json --deployment consortium.json --anchor-deployment public.json --keystore member.keystore\n  zkdx anchor sign batch.json --out mine.json   # a copy with the signature, to be posted with the others"
    )]
    Sign(Box<AnchorSignArgs>),
    /// Post a signed batch to the anchor on the public chain, as anybody; what is anchored already is not posted again.
    #[command(
        after_help = "Example:\n  zkdx anchor post batch.json --anchor-deployment public.json --rpc https://mainnet.example --keystore any.keystore\n  zkdx anchor post a.json b.json c.json   # copies of one batch, each signed by another member"
    )]
    Post {
        /// The batch, or copies of it with different signatures.
        #[arg(required = true)]
        batches: Vec<PathBuf>,
        /// Anchor.
        #[command(flatten)]
        anchor: AnchorDeploymentArgs,
        /// Sending.
        #[command(flatten)]
        send: Box<SendArgs>,
    },
    /// Write the proof that an entry is in a batch, for whoever sees the public chain alone. Asks no node.
    #[command(
        after_help = "Example:\n  zkdx anchor prove batch.json --nullifier 0x… -o inclusion.json\n  zkdx anchor prove batch.json --index 17"
    )]
    Prove(AnchorProveArgs),
    /// Check such a proof, by what it says and by what the anchor on the public chain says.
    #[command(
        after_help = "Example:\n  zkdx anchor check inclusion.json --anchor-deployment public.json --rpc https://mainnet.example"
    )]
    Check {
        /// The proof.
        inclusion: PathBuf,
        /// Anchor.
        #[command(flatten)]
        anchor: AnchorDeploymentArgs,
        /// Node of the public chain.
        #[command(flatten)]
        node: NodeArgs,
    },
}

/// Where the anchor is.
#[derive(Debug, Args)]
pub(crate) struct AnchorDeploymentArgs {
    /// The deployment on the public chain, whose anchor is meant.
    #[arg(
        long,
        value_name = "FILE",
        env = "ZKDX_ANCHOR_DEPLOYMENT",
        hide_env_values = true,
        default_value = "anchor-deployment.json"
    )]
    pub(crate) anchor_deployment: PathBuf,
}

/// Where the log is, and what of it counts.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Contracts of the permissioned chain.
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// Node of the permissioned chain.
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Blocks that must stand on an entry's block, that one included, before the entry is anchored: what is anchored stays, so the
    /// permissioned chain must not lose it any more. 1 where blocks are final, as with QBFT.
    #[arg(long, value_name = "BLOCKS", default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) confirmations: u64,
}

/// Flags of `anchor batch`.
#[derive(Debug, Args)]
pub(crate) struct AnchorBatchArgs {
    /// The log.
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The anchor.
    #[command(flatten)]
    pub(crate) anchor: AnchorDeploymentArgs,
    /// A node of the public chain: the anchor says from which entry on.
    #[arg(
        long,
        value_name = "URL",
        env = "ZKDX_ANCHOR_RPC",
        hide_env_values = true,
        required_unless_present = "first"
    )]
    pub(crate) anchor_rpc: Option<String>,
    /// From this entry on, instead of asking the anchor.
    #[arg(long, value_name = "INDEX")]
    pub(crate) first: Option<u64>,
    /// The batch; public.
    #[arg(long, short, value_name = "FILE", default_value = "batch.json")]
    pub(crate) out: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `anchor sign`.
#[derive(Debug, Args)]
pub(crate) struct AnchorSignArgs {
    /// The batch; the signature is added to it.
    pub(crate) batch: PathBuf,
    /// The log.
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// The anchor.
    #[command(flatten)]
    pub(crate) anchor: AnchorDeploymentArgs,
    /// A node of the public chain, to ask the anchor whether the account is a member and the batch is next.
    #[arg(long, value_name = "URL", env = "ZKDX_ANCHOR_RPC", hide_env_values = true)]
    pub(crate) anchor_rpc: Option<String>,
    /// The member's account.
    #[command(flatten)]
    pub(crate) wallet: WalletArgs,
    /// Write a copy with the signature instead.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `anchor prove`.
#[derive(Debug, Args)]
pub(crate) struct AnchorProveArgs {
    /// The batch that the entry is in.
    pub(crate) batch: PathBuf,
    /// The entry's number in the log.
    #[arg(long, value_name = "INDEX", conflicts_with = "nullifier", required_unless_present = "nullifier")]
    pub(crate) index: Option<u64>,
    /// What the log knows the entry by, as `zkdx submit` prints it.
    #[arg(long, value_name = "HEX")]
    pub(crate) nullifier: Option<B256>,
    /// The proof; whoever knows the nullifier recognises it, nobody else learns anything.
    #[arg(long, short, value_name = "FILE", default_value = "inclusion.json")]
    pub(crate) out: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}
