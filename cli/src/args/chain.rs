//! Flags of the commands that talk to a chain: the node, the account, the price; and what each command asks for.

mod anchor;
mod models;
mod money;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zkdx_client::{Address, B256, U256};

use super::ForceArgs;

pub(crate) use anchor::{
    AnchorBatchArgs, AnchorCommand, AnchorDeploymentArgs, AnchorProveArgs, AnchorSignArgs, SourceArgs,
};
pub(crate) use models::{AuthorityCommand, ModelCommand, RegisterOnChainArgs};
pub(crate) use money::{FulfilArgs, RequestCommand, RequestMakeArgs, WithdrawArgs};

/// Which node, and where the contracts are.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// The node's JSON-RPC address, http or https.
    #[arg(long, value_name = "URL", env = "ZKDX_RPC", hide_env_values = true, default_value = "http://127.0.0.1:8545")]
    pub(crate) rpc: String,
    /// How long to ask again while the node does not answer.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) retry_for: u64,
}

/// Where the contracts are.
#[derive(Debug, Args)]
pub(crate) struct DeploymentArgs {
    /// The file that `zkdx deploy` wrote.
    #[arg(
        long,
        value_name = "FILE",
        env = "ZKDX_DEPLOYMENT",
        hide_env_values = true,
        default_value = "deployment.json"
    )]
    pub(crate) deployment: PathBuf,
}

/// Whose key. The key itself is never on the command line.
#[derive(Debug, Args)]
pub(crate) struct WalletArgs {
    /// The account's encrypted keystore (version 3). Its password is read from --password-file, ZKDX_PASSWORD or the terminal. Without a
    /// keystore the private key is read from ZKDX_PRIVATE_KEY.
    #[arg(long, value_name = "FILE", env = "ZKDX_KEYSTORE", hide_env_values = true)]
    pub(crate) keystore: Option<PathBuf>,
    /// A file with the keystore's password; a line end after it does not count.
    #[arg(long, value_name = "FILE", requires = "keystore")]
    pub(crate) password_file: Option<PathBuf>,
}

/// On which terms transactions are sent.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Node.
    #[command(flatten)]
    pub(crate) node: NodeArgs,
    /// Account.
    #[command(flatten)]
    pub(crate) wallet: WalletArgs,
    /// Blocks that must stand before a transaction counts, its own included.
    #[arg(long, value_name = "BLOCKS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) confirmations: u64,
    /// How long to wait for that.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) timeout: u64,
    /// How long a transaction may wait before a higher fee is offered.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) outbid_after: u64,
    /// Most to pay for each gas [default: three times what the chain asks for at first].
    #[arg(long, value_name = "AMOUNT", value_parser = money::amount)]
    pub(crate) max_fee: Option<U256>,
    /// Send without asking. Needed where there is no terminal to ask on.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Say what it would cost and send nothing.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
}

/// Which contracts, and on which terms transactions go to them.
#[derive(Debug, Args)]
pub(crate) struct TransactionArgs {
    /// Contracts.
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// Sending.
    #[command(flatten)]
    pub(crate) send: SendArgs,
}

/// Flags of `deploy`.
#[derive(Debug, Args)]
pub(crate) struct DeployArgs {
    /// Sending.
    #[command(flatten)]
    pub(crate) send: SendArgs,
    /// Who administers gateway, registry and anchor [default: the account that pays].
    #[arg(long, value_name = "ADDRESS", value_parser = super::address)]
    pub(crate) admin: Option<Address>,
    /// Who can freeze a verifier [default: the admin].
    #[arg(long, value_name = "ADDRESS", value_parser = super::address)]
    pub(crate) guardian: Option<Address>,
    /// How long a new verifier or admin waits before it counts.
    #[arg(long, value_name = "SECONDS", default_value_t = 172_800)]
    pub(crate) delay: u64,
    /// Authorities that must approve a model.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) approvals: u32,
    /// What consents must be for: a text, or its keccak as 32 bytes of hexadecimal.
    #[arg(long, value_name = "TEXT", default_value = "zkdx/purpose/diagnosis")]
    pub(crate) purpose: String,
    /// Who may sign what is anchored; once for each [default: the admin].
    #[arg(long, value_name = "ADDRESS", value_parser = super::address)]
    pub(crate) anchor_member: Vec<Address>,
    /// How many of them must sign.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) anchor_threshold: u32,
    /// Deploy the anchor alone, on a chain that only anchors the logs of others.
    #[arg(long)]
    pub(crate) anchor_only: bool,
    /// Makes another deployment with the same parameters distinct.
    #[arg(long, value_name = "HEX", default_value_t = B256::ZERO)]
    pub(crate) salt: B256,
    /// Where the addresses go; public.
    #[arg(long, short, value_name = "FILE", default_value = "deployment.json")]
    pub(crate) out: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Commands of `account`.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Make a new account with an encrypted keystore, mode 0600.
    New {
        /// The keystore.
        #[arg(long, short, value_name = "FILE", default_value = "account.keystore")]
        out: PathBuf,
        /// A file with the password to be; else ZKDX_PASSWORD or the terminal.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Replacing.
        #[command(flatten)]
        force: ForceArgs,
    },
    /// Print the address of an account, after opening its keystore.
    Show {
        /// Account.
        #[command(flatten)]
        wallet: WalletArgs,
    },
}

/// Commands of `consent`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// Sign a consent with the patient's key; nothing is sent.
    Sign(Box<ConsentSignArgs>),
    /// Bring a signed consent to the registry, or grant one's own.
    Grant {
        /// The consent.
        consent: PathBuf,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
    /// Revoke a consent for good, granted or not.
    Revoke {
        /// The consent.
        consent: PathBuf,
        /// Only sign that it is revoked, into the consent's file, for somebody else to bring.
        #[arg(long)]
        sign_only: bool,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
}

/// Flags of `consent sign`.
#[derive(Debug, Args)]
pub(crate) struct ConsentSignArgs {
    /// Who may use it: an account, `market` for requests, or `anyone`.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) grantee: String,
    /// For this model: its identity.
    #[arg(long, value_name = "HEX", group = "scope")]
    pub(crate) model: Option<B256>,
    /// For every model of this verification key: its digest.
    #[arg(long, value_name = "HEX", group = "scope")]
    pub(crate) key: Option<B256>,
    /// For every approved model.
    #[arg(long, group = "scope")]
    pub(crate) any_approved: bool,
    /// Commitment of the one record that may be used [default: any that the grantee has].
    #[arg(long, value_name = "HEX")]
    pub(crate) record: Option<B256>,
    /// From when on: a time such as 2027-01-31T08:00:00Z [default: now].
    #[arg(long, value_name = "TIME", value_parser = money::time)]
    pub(crate) from: Option<u64>,
    /// Until when: a time, not included.
    #[arg(long, value_name = "TIME", value_parser = money::time, required_unless_present = "lasting")]
    pub(crate) until: Option<u64>,
    /// For how long, such as `30days`, instead of --until.
    #[arg(long, value_name = "DURATION", value_parser = money::duration, conflicts_with = "until")]
    pub(crate) lasting: Option<u64>,
    /// Contracts.
    #[command(flatten)]
    pub(crate) deployment: DeploymentArgs,
    /// The patient's account.
    #[command(flatten)]
    pub(crate) wallet: WalletArgs,
    /// The signed consent, mode 0600: it names the patient's account.
    #[arg(long, short, value_name = "FILE", default_value = "consent.json")]
    pub(crate) out: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `submit`.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// Proofs; several share one pairing.
    #[arg(required = true)]
    pub(crate) proofs: Vec<PathBuf>,
    /// Contracts and sending.
    #[command(flatten)]
    pub(crate) on: TransactionArgs,
}
