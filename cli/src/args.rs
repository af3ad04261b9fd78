//! The command line: every flag of every command, with an example each.

mod account;
mod audit;
mod chain;
mod precision;
mod proving;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use account::{account, address, somebody};
pub(crate) use audit::{AuditArgs, AuditFormat};
pub(crate) use chain::{
    AccountCommand, AnchorBatchArgs, AnchorCommand, AnchorDeploymentArgs, AnchorProveArgs, AnchorSignArgs,
    AuthorityCommand, ConsentCommand, ConsentSignArgs, DeployArgs, DeploymentArgs, FulfilArgs, ModelCommand, NodeArgs,
    RegisterOnChainArgs, RequestCommand, RequestMakeArgs, SendArgs, SourceArgs, SubmitArgs, TransactionArgs,
    WalletArgs, WithdrawArgs,
};
pub(crate) use precision::PrecisionArgs;
pub(crate) use proving::{CommitArgs, ConsentArg, ContextArgs, ProveArgs, RecordCount, hex_array};

/// Exit codes, as shown by `zkdx --help`.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused: a proof, key or statement was checked and does not hold
  2  usage: the command line makes no sense
  3  input: a file is malformed, damaged, or does not fit the others
  4  files: reading or writing failed
  5  internal: zkdx itself failed
  6  chain: the node, the account's funds or the chain's state stand in the way";

/// Proves that a committed neural network, run on a committed patient record, gave this diagnosis.
#[derive(Debug, Parser)]
#[command(name = "zkdx", version, about, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// End with one JSON object on standard output; everything else goes to standard error.
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Print the result only.
    #[arg(long, short, global = true, display_order = 901)]
    pub(crate) quiet: bool,
}

/// The commands, in the order in which they are used.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole way on bundled real data: import, quantise, set up, register, commit, prove, verify, and a contract's verdict.
    #[command(after_help = "Example:\n  zkdx demo\n  zkdx demo --model logreg --outcome class-and-scores --json")]
    Demo(DemoArgs),
    /// Show what is in an ONNX model or in any file of zkdx, without its secrets.
    #[command(after_help = "Example:\n  zkdx inspect model.onnx\n  zkdx inspect proof.json")]
    Inspect(InspectArgs),
    /// Turn a float ONNX model into integers, and report what that cost.
    #[command(
        after_help = "Example:\n  zkdx quantize model.onnx --card card.json --calibrate calibration.csv --evaluate held_out.csv -o model.zkdx\n  zkdx quantize model.onnx --calibrate calibration.csv --activation-bits 8 --activation-bits hidden_1/Relu=12"
    )]
    Quantize(QuantizeArgs),
    /// Compile a quantised model's public architecture to a circuit, and show what each layer costs.
    #[command(after_help = "Example:\n  zkdx compile model.zkdx --outcome class -o circuit.zkdx")]
    Compile(CompileArgs),
    /// Make proving and verification keys for a circuit, as a single party: for trying things out.
    #[command(
        after_help = "Example:\n  zkdx setup circuit.zkdx --proving-key proving.key --verifying-key verifying.key"
    )]
    Setup(SetupArgs),
    /// Commit to a model's parameters, once per model; with --chain, also on a chain.
    #[command(
        after_help = "Example:\n  zkdx register model.zkdx --key proving.key -o model.registration --public model.public\n  zkdx register --chain --public model.public --verifying-key verifying.key"
    )]
    Register(Box<RegisterArgs>),
    /// Commit to a patient's record, or to every record of a table, with fresh blinding.
    #[command(
        after_help = "Example:\n  zkdx commit patient.json --circuit circuit.zkdx -o patient.commitment\n  zkdx commit --records patients.csv --out-dir records"
    )]
    Commit(CommitArgs),
    /// Prove the diagnosis of a committed record, or of each in a directory.
    #[command(
        after_help = "Example:\n  zkdx prove --model model.zkdx --registration model.registration --key proving.key \\\n    --record patient.commitment -o proof.json\n  zkdx prove --deployment deployment.json --submitter 0x… --consent consent.json\n  zkdx prove --records records --out-dir proofs\n  zkdx prove --records records --out-dir proofs --key one.key --registration one.registration \\\n    --key eight.key --registration eight.registration"
    )]
    Prove(ProveArgs),
    /// Check a proof and print what it says.
    #[command(after_help = "Example:\n  zkdx verify proof.json --key verifying.key --model model.public")]
    Verify(VerifyArgs),
    /// Write what contracts take: keys, registrations and proofs as calldata.
    #[command(after_help = "Example:\n  zkdx export proof.json --as calldata\n  zkdx export verifying.key --as hex")]
    Export(ExportArgs),
    /// Make an account, or show one.
    #[command(
        after_help = "Example:\n  zkdx account new -o clinic.keystore\n  zkdx account show --keystore clinic.keystore"
    )]
    #[command(subcommand)]
    Account(AccountCommand),
    /// Deploy the contracts to a chain, each at an address that follows from its code and parameters.
    #[command(after_help = "Example:\n  zkdx deploy --rpc http://127.0.0.1:8545 --keystore admin.keystore --delay 0")]
    Deploy(Box<DeployArgs>),
    /// Say what an owner or an authority says of a model on chain, or show what was said.
    #[command(after_help = "Example:\n  zkdx model approve 0x… --evidence audit.pdf --keystore authority.keystore")]
    #[command(subcommand)]
    Model(Box<ModelCommand>),
    /// List authorities, or strike them off, as the registry's admin.
    #[command(after_help = "Example:\n  zkdx authority add 0x… --name 'Ethics board' --keystore admin.keystore")]
    #[command(subcommand)]
    Authority(Box<AuthorityCommand>),
    /// Sign, grant and revoke a patient's consents.
    #[command(
        after_help = "Example:\n  zkdx consent sign --grantee 0x… --model 0x… --lasting 30days --keystore patient.keystore\n  zkdx consent grant consent.json --keystore clinic.keystore"
    )]
    #[command(subcommand)]
    Consent(Box<ConsentCommand>),
    /// Record proofs on chain.
    #[command(
        after_help = "Example:\n  zkdx submit proof.json --keystore clinic.keystore\n  zkdx submit proofs/*.json"
    )]
    Submit(Box<SubmitArgs>),
    /// Ask for a diagnosis in the market and pay for it, or get the money back.
    #[command(
        after_help = "Example:\n  zkdx request make --model 0x… --record 0x… --consent consent.json --price 0.01ether --fee 0.002ether"
    )]
    #[command(subcommand)]
    Request(Box<RequestCommand>),
    /// Bring the diagnosis that was asked for, and earn the fee.
    #[command(
        after_help = "Example:\n  zkdx prove --request request.json --prover 0x…\n  zkdx fulfil request.json --proof proof.json"
    )]
    Fulfil(Box<FulfilArgs>),
    /// Take out what the market owes.
    #[command(after_help = "Example:\n  zkdx withdraw --keystore clinic.keystore")]
    Withdraw(Box<WithdrawArgs>),
    /// Anchor the log of a permissioned chain on a public one, and show that an entry is anchored.
    #[command(
        after_help = "Example:\n  zkdx anchor batch --deployment consortium.json --anchor-deployment public.json --anchor-rpc https://mainnet.example\n  zkdx anchor sign batch.json --deployment consortium.json --anchor-deployment public.json\n  zkdx anchor post batch.json --anchor-deployment public.json --rpc https://mainnet.example"
    )]
    #[command(subcommand)]
    Anchor(AnchorCommand),
    /// Check what a chain says of a record, a model, a consent or all, proofs included, and show it.
    #[command(
        after_help = "Example:\n  zkdx audit --record 0x… --public model.public\n  zkdx audit --rpc https://one.example --rpc https://two.example --format fhir -o audit.json"
    )]
    Audit(Box<AuditArgs>),
    /// Measure every step for a model, with random records or given ones.
    #[command(
        after_help = "Example:\n  zkdx bench model.onnx --json\n  zkdx bench model.onnx --calibrate data.csv --runs 5"
    )]
    Bench(BenchArgs),
    /// Print completions for a shell.
    #[command(after_help = "Example:\n  zkdx completions bash > /etc/bash_completion.d/zkdx")]
    Completions(CompletionsArgs),
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Which bundled model.
    #[arg(long, value_enum, default_value_t = BundledModel::Mlp)]
    pub(crate) model: BundledModel,
    /// What the statement discloses.
    #[arg(long, value_enum, default_value_t = OutcomeArg::ClassAndScores)]
    pub(crate) outcome: OutcomeArg,
}

/// Models that come with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BundledModel {
    /// Multilayer perceptron 30-64-32-2.
    Mlp,
    /// Logistic regression 30→1.
    Logreg,
    /// Convolutional network on images of 8 × 8 pixels.
    Digits,
}

/// What the statement says of the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutcomeArg {
    /// The class alone, or the class map.
    Class,
    /// The class and every score.
    ClassAndScores,
    /// A blinded commitment to class and scores, or to the class map.
    Commitment,
}

/// Flags of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// An ONNX model or any file of zkdx.
    pub(crate) file: PathBuf,
    /// For a model with several outputs: the one that holds the scores.
    #[arg(long)]
    pub(crate) output: Option<String>,
}

/// Where an output goes.
#[derive(Debug, Args)]
pub(crate) struct ForceArgs {
    /// Replace existing files.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Flags of `quantize`.
#[derive(Debug, Args)]
pub(crate) struct QuantizeArgs {
    /// The float model.
    pub(crate) model: PathBuf,
    /// Records that show the ranges of the data: CSV with a header, or NPY.
    #[arg(long, value_name = "FILE")]
    pub(crate) calibrate: PathBuf,
    /// Records with a `label` column, to measure label agreement and AUC before and after: the index of the class, of a class map that of
    /// each position, row by row, with spaces between.
    #[arg(long, value_name = "FILE")]
    pub(crate) evaluate: Option<PathBuf>,
    /// The model's card: name, version, description, labels, features.
    #[arg(long, value_name = "FILE")]
    pub(crate) card: Option<PathBuf>,
    /// Quantise a retrained model onto the architecture of this one, so that its keys still serve.
    #[arg(long, value_name = "FILE")]
    pub(crate) like: Option<PathBuf>,
    /// Bits.
    #[command(flatten)]
    pub(crate) precision: PrecisionArgs,
    /// How far beyond the calibration data a record may go, as a fraction of each feature's span, on both sides [default: 0.5, for
    /// images 0].
    #[arg(long, value_parser = margin)]
    pub(crate) margin: Option<f64>,
    /// For a model with several outputs: the one that holds the scores.
    #[arg(long)]
    pub(crate) output: Option<String>,
    /// The quantised model; holds weights, mode 0600.
    #[arg(long, short, value_name = "FILE", default_value = "model.zkdx")]
    pub(crate) out: PathBuf,
    /// The report as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `compile`.
#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
    /// The quantised model; only its public architecture is used.
    pub(crate) model: PathBuf,
    /// What the statement discloses.
    #[arg(long, value_enum, default_value_t = OutcomeArg::Class)]
    pub(crate) outcome: OutcomeArg,
    /// How many records one proof is about, or `auto`: they share what is proven of the weights.
    #[arg(long, value_name = "COUNT", default_value = "1")]
    pub(crate) records: RecordCount,
    /// The circuit; public.
    #[arg(long, short, value_name = "FILE", default_value = "circuit.zkdx")]
    pub(crate) out: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `setup`.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// The circuit.
    pub(crate) circuit: PathBuf,
    /// Where the proving key goes.
    #[arg(long, value_name = "FILE", default_value = "proving.key")]
    pub(crate) proving_key: PathBuf,
    /// Where the verification key goes.
    #[arg(long, value_name = "FILE", default_value = "verifying.key")]
    pub(crate) verifying_key: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `register`.
#[derive(Debug, Args)]
pub(crate) struct RegisterArgs {
    /// The quantised model.
    #[arg(required_unless_present = "chain")]
    pub(crate) model: Option<PathBuf>,
    /// The proving key of its circuit.
    #[arg(long, value_name = "FILE", default_value = "proving.key")]
    pub(crate) key: PathBuf,
    /// The secret half of the registration, mode 0600: as secret as the weights.
    #[arg(long, short, value_name = "FILE", default_value = "model.registration")]
    pub(crate) out: PathBuf,
    /// The public half: commitment, identity, card.
    #[arg(long, value_name = "FILE", default_value = "model.public")]
    pub(crate) public: PathBuf,
    /// On a chain.
    #[command(flatten)]
    pub(crate) on_chain: RegisterOnChainArgs,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The proof with its statement.
    pub(crate) proof: PathBuf,
    /// The verification key.
    #[arg(long, value_name = "FILE", default_value = "verifying.key")]
    pub(crate) key: PathBuf,
    /// The public half of the model's registration.
    #[arg(long, value_name = "FILE", default_value = "model.public")]
    pub(crate) model: PathBuf,
    /// Refuse keys from a single-party setup.
    #[arg(long)]
    pub(crate) require_ceremony: bool,
    /// Open a committed outcome with this file; once for each outcome to open.
    #[arg(long, value_name = "FILE")]
    pub(crate) opening: Vec<PathBuf>,
    /// Write a class map as the class index of each position, .csv or .pgm; of several records, with the number of each in the name.
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// A proof, a verification key, or the public half of a registration.
    pub(crate) file: PathBuf,
    /// In which form.
    #[arg(long = "as", value_enum, default_value_t = ExportForm::Calldata)]
    pub(crate) form: ExportForm,
    /// Where to; standard output if absent.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Forms of `export`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// The call that a contract takes, selector included, in hexadecimal.
    Calldata,
    /// The canonical bytes, in hexadecimal.
    Hex,
    /// Named fields.
    Json,
}

/// Flags of `bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// The float model.
    pub(crate) model: PathBuf,
    /// Records for calibration and proving [default: random ones].
    #[arg(long, value_name = "FILE")]
    pub(crate) calibrate: Option<PathBuf>,
    /// What the statement discloses.
    #[arg(long, value_enum, default_value_t = OutcomeArg::Class)]
    pub(crate) outcome: OutcomeArg,
    /// Bits.
    #[command(flatten)]
    pub(crate) precision: PrecisionArgs,
    /// Proofs to make; the fastest, median and slowest are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// For a model with several outputs: the one that holds the scores.
    #[arg(long)]
    pub(crate) output: Option<String>,
}

/// Flags of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Parses a margin: a finite fraction, not negative.
fn margin(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if value.is_finite() && value >= 0.0 { Ok(value) } else { Err("not a fraction of zero or more".into()) }
}
