//! A network from its architecture to the proof of a diagnosis: every part of zkdx in the order in which it is used.
//!
//! ```text
//! architecture ─ compile ─► tensor system ─ plan ─► circuit ─ setup ─► keys
//! parameters ─ register ─► model, registration
//! records, blindings, contexts ─ prove ─► statement, proof
//! ```

use rand::{CryptoRng, RngCore};
use thiserror::Error;
use zkdx_circuits::lower::{self, LowerError, NetworkCircuit, Plan, Report};
use zkdx_circuits::r1cs::{FirstRoundWitness, R1cs, shape};
use zkdx_circuits::system::{Blindings, CompileError, TensorSystem, WitnessError, compile};
use zkdx_circuits::{
    Architecture, Blinding, Card, Case, Context, Fr, Outcome, OutcomeKind, Parameters, Record, Statement,
};
use zkdx_verifier::diagnosis::disclosed;
use zkdx_verifier::{DiagnosisError, Opening, ProofFile, PublicModel, Reading};

use crate::accelerator::Accelerator;
use crate::key::ProvingKey;
use crate::prove::{ProveError, Prover, Step, Timings};
use crate::register::{RegisterError, Registration, register};
use crate::setup::{SetupError, Subject, setup};

/// An architecture with its circuit. Public: no weights.
pub struct Network {
    architecture: Architecture,
    system: TensorSystem,
    plan: Plan,
}

/// A committed record, and where what is said of it may be used.
pub struct Patient<'p> {
    /// The encoded record.
    pub record: &'p Record,
    /// What hides it in its commitment.
    pub blinding: &'p Blinding,
    /// Where its case may be used.
    pub context: Context,
}

/// A finished proof.
pub struct Proven {
    /// Statement, proof, and the same for people.
    pub file: ProofFile,
    /// What opens the committed outcome of each case; empty where outcomes are disclosed. Secret.
    pub openings: Vec<Opening>,
    /// Time to compute the tensors of the witness and the first round of the circuit.
    pub synthesis: Step,
    /// Where the rest of the time went.
    pub timings: Timings,
}

/// Why a network cannot be compiled, set up, registered or proven. Names places, never secrets.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The architecture has no tensor system.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The tensor system has no circuit.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// No keys.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No registration.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// Record or parameters do not fit the architecture.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// No proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The finished statement cannot be read.
    #[error(transparent)]
    Diagnosis(#[from] DiagnosisError),
    /// More or fewer records than the circuit is for.
    #[error("the circuit is for {expected} records at once, got {got}")]
    Patients {
        /// Records of the circuit.
        expected: usize,
        /// Records given.
        got: usize,
    },
    /// A record of the wrong length.
    #[error("the record has {got} entries, the model takes {expected}")]
    Record {
        /// Entries the model takes.
        expected: usize,
        /// Entries given.
        got: usize,
    },
    /// The key was made for another architecture.
    #[error("the key was made for another architecture (another model, other bit widths, or another outcome)")]
    WrongKey,
}

impl Network {
    /// Compiles `architecture` and plans its circuit.
    pub fn compile(architecture: Architecture) -> Result<Self, NetworkError> {
        let system = compile(&architecture)?;
        let plan = Plan::choose(&system);
        NetworkCircuit::new(&system, &plan)?;
        Ok(Self { architecture, system, plan })
    }

    /// The public description.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The relations.
    pub fn system(&self) -> &TensorSystem {
        &self.system
    }

    /// What each relation costs.
    pub fn report(&self) -> Result<Report, NetworkError> {
        Ok(self.circuit()?.report())
    }

    /// The constraint system.
    pub fn shape(&self) -> Result<R1cs, NetworkError> {
        Ok(shape(&self.circuit()?))
    }

    /// Keys from a single-party setup.
    pub fn setup(&self, rng: &mut (impl RngCore + CryptoRng)) -> Result<ProvingKey, NetworkError> {
        let subject = Subject { architecture: self.architecture.digest(), records: self.records() };
        Ok(setup(&self.shape()?, subject, rng)?)
    }

    /// Commits to `parameters` under `key`.
    pub fn register(
        &self,
        key: &ProvingKey,
        parameters: &Parameters,
        card: Card,
        device: &dyn Accelerator,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Registration, PublicModel), NetworkError> {
        self.check_key(key)?;
        let weights = zeroize::Zeroizing::new(lower::weights(&self.system, &self.plan, parameters)?);
        let registration = register(key, &weights, card.digest(), device, rng)?;
        let public = self.public_model(&registration, card);
        Ok((registration, public))
    }

    /// The public half of a registration.
    pub fn public_model(&self, registration: &Registration, card: Card) -> PublicModel {
        PublicModel::new(registration.model().clone(), card, self.architecture.clone())
    }

    /// Number of records that a proof is about.
    pub fn records(&self) -> usize {
        self.architecture.records.get()
    }

    /// The commitment to a record, or `None` if its length does not fit.
    pub fn commitment(&self, record: &Record, blinding: &Blinding) -> Option<Fr> {
        self.system.record_commitment(record, blinding)
    }

    /// Proves what the registered model says of `patients`, as many as [`Self::records`].
    pub fn prove(
        &self,
        prover: &Prover<'_>,
        model: (&Parameters, &PublicModel),
        patients: &[Patient<'_>],
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Result<Proven, NetworkError> {
        let (parameters, public) = model;
        let record = self.joined(patients)?;
        let (witness, tensors) = Step::of(|| self.system.witness(&record, parameters));
        let witness = witness?;
        let records: Vec<Blinding> = patients.iter().map(|patient| patient.blinding.clone()).collect();
        let outcomes: Vec<Blinding> = patients.iter().map(|_| Blinding::random(rng)).collect();
        let blindings = Blindings { records: &records, outcomes: &outcomes };
        let words = self.system.words(&witness, blindings);
        let circuit = self.circuit()?.with_witness(&witness, blindings);
        let (first, round) = Step::of(|| FirstRoundWitness::new(&circuit, words.clone()));
        let synthesis = Step { wall: tensors.wall + round.wall, cpu: tensors.cpu + round.cpu };
        let statement = statement(public, &words, patients);
        let (proof, timings) = prover.prove(first, &statement, rng)?;
        let reading = Reading::new(public, &statement, &disclosed(public, &statement, &[])?)?;
        let openings = self.openings(patients, parameters, &outcomes);
        Ok(Proven { file: ProofFile { statement, proof, reading }, openings, synthesis, timings })
    }

    /// The records one after the other, each of the length of one.
    fn joined(&self, patients: &[Patient<'_>]) -> Result<Record, NetworkError> {
        let (expected, got) = (self.records(), patients.len());
        if expected != got {
            return Err(NetworkError::Patients { expected, got });
        }
        let expected = self.architecture.encoding.len;
        if let Some(got) = patients.iter().map(|patient| patient.record.entries().len()).find(|&got| got != expected) {
            return Err(NetworkError::Record { expected, got });
        }
        Ok(Record::new(patients.iter().flat_map(|patient| patient.record.entries()).copied().collect()))
    }

    fn openings(&self, patients: &[Patient<'_>], parameters: &Parameters, hiding: &[Blinding]) -> Vec<Opening> {
        if self.architecture.outcome != OutcomeKind::Commitment {
            return Vec::new();
        }
        let open = |(patient, hiding): (&Patient<'_>, &Blinding)| {
            let evaluation = self.architecture.evaluate(patient.record, parameters).ok()?;
            let shown = self.architecture.outcome_form(evaluation.scores.len()).scores;
            let scores = evaluation.scores.iter().take(shown).copied().collect();
            Some(Opening::new(&Outcome { classes: evaluation.classes.clone(), scores }, hiding))
        };
        patients.iter().zip(hiding).filter_map(open).collect()
    }

    fn check_key(&self, key: &ProvingKey) -> Result<(), NetworkError> {
        if key.verifying.architecture == self.architecture.digest() { Ok(()) } else { Err(NetworkError::WrongKey) }
    }

    fn circuit(&self) -> Result<NetworkCircuit<'_>, NetworkError> {
        Ok(NetworkCircuit::new(&self.system, &self.plan)?)
    }
}

fn statement(public: &PublicModel, words: &[Fr], patients: &[Patient<'_>]) -> Statement {
    let share = words.len() / patients.len().max(1);
    let case = |(words, patient): (&[Fr], &Patient<'_>)| {
        let (record_commitment, outcome) =
            words.split_first().map_or((Fr::default(), Vec::new()), |(a, b)| (*a, b.to_vec()));
        Case { record_commitment, outcome, context: patient.context.clone() }
    };
    let cases = words.chunks_exact(share.max(1)).zip(patients).map(case).collect();
    Statement { model_id: public.model().id(), cases }
}
