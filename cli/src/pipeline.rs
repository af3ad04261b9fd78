//! The way from a float model to a proof that a contract accepts, each step timed; shared by `demo` and `bench`.

use rand::RngCore;
use rand::rngs::OsRng;
use serde::Serialize;
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::{Architecture, Blinding, Card, Context as ProofContext, Parameters, Record};
use zkdx_contracts::{Chain, Suite};
use zkdx_prover::{Cpu, Network, Patient, Proven, Prover, ProvingKey, Registration};
use zkdx_verifier::diagnosis::{CaseReading, verify_file};
use zkdx_verifier::{Diagnosis, PreparedVerifyingKey, PublicModel};

use crate::error::{CliError, Context, Kind, Result};
use crate::memory::{self, Task};
use crate::output::Output;
use crate::resources;

/// Chain id of the embedded chain.
const CHAIN_ID: u64 = 31_337;
/// Who deploys the contracts on the embedded chain.
const DEPLOYER: [u8; 20] = [0xd0; 20];
/// Who submits the diagnosis on the embedded chain.
const SUBMITTER: [u8; 20] = [0x50; 20];
/// Who consents to it on the embedded chain.
const PATIENT: [u8; 20] = [0x9a; 20];

/// What a run measured. `None` where a command does not measure it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Measured {
    /// Name and version of the model.
    pub(crate) model: String,
    /// The proof system.
    pub(crate) system: &'static str,
    /// Constraints of the circuit.
    pub(crate) constraints: usize,
    /// Wall time of the setup.
    pub(crate) setup_seconds: f64,
    /// Wall time of one proof.
    pub(crate) prove_seconds: f64,
    /// CPU time of one proof, all threads.
    pub(crate) prove_cpu_seconds: f64,
    /// Peak resident memory of the process while proving.
    pub(crate) prove_peak_bytes: u64,
    /// Wall time of one native verification.
    pub(crate) verify_seconds: f64,
    /// Bytes of the proof proper.
    pub(crate) proof_bytes: usize,
    /// Bytes of the proving key file.
    pub(crate) proving_key_bytes: u64,
    /// Execution gas of the bare verification.
    pub(crate) gas_verify: u64,
    /// Gas of the whole submission, as a transaction.
    pub(crate) gas_submit: u64,
    /// Whether the contract accepted the proof.
    pub(crate) accepted: bool,
    /// Whether the contract and the native verifier refused every tampered one.
    pub(crate) tampered_rejected: bool,
    /// What the proof says.
    pub(crate) label: Option<String>,
    /// What the float model says of the same record.
    pub(crate) float_label: Option<String>,
}

/// A registered model with its keys.
pub(crate) struct Registered {
    /// The network.
    pub(crate) network: Network,
    /// Its proving key.
    pub(crate) key: ProvingKey,
    /// The verification key.
    pub(crate) verifying: PreparedVerifyingKey,
    /// The secret half of the registration.
    pub(crate) registration: Registration,
    /// The public half.
    pub(crate) public: PublicModel,
}

/// Compiles, sets up and registers a model.
pub(crate) fn register(
    (architecture, parameters, card): (Architecture, &Parameters, Card),
    output: Output,
    measured: &mut Measured,
) -> Result<Registered> {
    let internal = |what: &str| (Kind::Internal, what.to_owned());
    let (kind, what) = internal("cannot compile the model");
    let (network, _) = output.step("compile to a circuit", || Network::compile(architecture)).or_fail(kind, what)?;
    memory::check(Task::Setup, &network, "cannot measure this model")?;
    let (kind, what) = internal("cannot set up the circuit");
    let (key, setup) = output.step("set up keys (single party)", || network.setup(&mut OsRng)).or_fail(kind, what)?;
    let (kind, what) = internal("cannot register the model");
    let work = || network.register(&key, parameters, card, &Cpu, &mut OsRng);
    let ((registration, public), _) = output.step("register the model", work).or_fail(kind, what)?;
    let verifying =
        PreparedVerifyingKey::new(key.verifying.clone()).or_fail(Kind::Internal, "the key is degenerate")?;
    measured.model = format!("{} {}", public.card().name, public.card().version);
    measured.system = "two-round-groth16";
    measured.constraints = key.circuit.constraints;
    measured.setup_seconds = setup.as_secs_f64();
    measured.proving_key_bytes = key.file_bytes();
    Ok(Registered { network, key, verifying, registration, public })
}

impl Registered {
    /// Proves what the model says of `record`, in a context of the embedded chain, and measures it.
    pub(crate) fn prove(
        &self,
        parameters: &Parameters,
        record: &Record,
        context: ProofContext,
        measured: &mut Measured,
    ) -> Result<Proven> {
        let prover = Prover::new(&self.key, &self.registration, &Cpu).or_fail(Kind::Internal, "cannot use the key")?;
        let blinding = Blinding::random(&mut OsRng);
        let patients = [Patient { record, blinding: &blinding, context }];
        resources::reset_peak();
        let (cpu, wall) = (resources::cpu_seconds(), std::time::Instant::now());
        let proven = self.network.prove(&prover, (parameters, &self.public), &patients, &mut OsRng);
        measured.prove_seconds = wall.elapsed().as_secs_f64();
        measured.prove_cpu_seconds = resources::cpu_seconds() - cpu;
        measured.prove_peak_bytes = resources::peak_bytes();
        let proven = proven.or_fail(Kind::Internal, "cannot prove the diagnosis")?;
        measured.proof_bytes = proven.file.proof.to_bytes().len();
        Ok(proven)
    }

    /// Verifies natively and measures it.
    pub(crate) fn verify(&self, proven: &Proven, measured: &mut Measured) -> Result<Diagnosis> {
        let start = std::time::Instant::now();
        let diagnosis = verify_file(&self.verifying, &self.public, &proven.file, &proven.openings);
        measured.verify_seconds = start.elapsed().as_secs_f64();
        let diagnosis = diagnosis.or_fail(Kind::Refused, "the proof does not verify")?;
        measured.label = diagnosis.reading.cases.first().and_then(CaseReading::summary);
        Ok(diagnosis)
    }
}

/// A context for the log of the embedded chain, under a new consent of the patient.
pub(crate) fn consented(suite: &mut Suite) -> Result<ProofContext> {
    let [mut salt, mut nonce] = [[0; 32]; 2];
    OsRng.fill_bytes(&mut salt);
    OsRng.fill_bytes(&mut nonce);
    let consent_id = suite.grant(PATIENT, SUBMITTER, salt).or_fail(Kind::Internal, "the contracts refuse a consent")?;
    let (verifier, policy) = (suite.log_address(), Policy::Refuse);
    Ok(ProofContext { chain_id: CHAIN_ID, verifier, submitter: SUBMITTER, consent_id, nonce, policy })
}

/// Deploys the contracts and gives them the key and the model, which their authority approves.
pub(crate) fn deploy(registered: &Registered) -> Result<Suite> {
    let what = "the contracts refused";
    let mut suite = Suite::deploy(Chain::new(CHAIN_ID), DEPLOYER).or_fail(Kind::Internal, what)?;
    suite.register_key(&registered.key.verifying).or_fail(Kind::Internal, what)?;
    suite.register_model(registered.public.model(), "").or_fail(Kind::Internal, what)?;
    suite.approve_model(registered.public.model()).or_fail(Kind::Internal, what)?;
    Ok(suite)
}

/// Has the contracts check a proof and every kind of tampering with it, then accept it once and refuse its replay.
pub(crate) fn settle(
    suite: &mut Suite,
    registered: &Registered,
    proven: &Proven,
    measured: &mut Measured,
) -> Result<()> {
    let (model, statement, proof) = (registered.public.model(), &proven.file.statement, &proven.file.proof);
    let receipt = suite.verify(model, statement, proof).or_fail(Kind::Refused, "the contract refuses the proof")?;
    measured.gas_verify = receipt.execution_gas;
    let refused = tampered(proven).iter().all(|file| {
        let native = verify_file(&registered.verifying, &registered.public, file, &[]).is_err();
        native && suite.submit(SUBMITTER, &file.statement, &file.proof).is_err()
    });
    let accepted =
        suite.submit(SUBMITTER, statement, proof).or_fail(Kind::Refused, "the contract refuses the proof")?;
    let replayed = suite.submit(SUBMITTER, statement, proof).is_ok();
    measured.gas_submit = accepted.gas;
    measured.accepted = true;
    measured.tampered_rejected = refused && !replayed;
    if measured.tampered_rejected {
        Ok(())
    } else {
        Err(CliError::new(Kind::Internal, "a tampered proof was accepted"))
    }
}

/// The same proof with another outcome, another record, another nonce, and another element.
fn tampered(proven: &Proven) -> Vec<zkdx_verifier::ProofFile> {
    let mut files = vec![proven.file.clone(); 4];
    files[0].statement.cases[0].outcome[0] += zkdx_circuits::Fr::from(1u64);
    files[1].statement.cases[0].record_commitment += zkdx_circuits::Fr::from(1u64);
    files[2].statement.cases[0].context.nonce[0] ^= 1;
    files[3].proof.c = files[3].proof.a;
    files
}
