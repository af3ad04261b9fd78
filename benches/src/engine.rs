//! The steps of a proof by name: the only file that calls the prover, so that a changed interface is a change here.

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use rand::rngs::OsRng;
use zkdx_circuits::lower::{NetworkCircuit, Plan};
use zkdx_circuits::r1cs::{FirstRoundWitness, R1cs, SecondRoundWitness, shape};
use zkdx_circuits::system::{Blindings, TensorSystem};
use zkdx_circuits::{Blinding, Card, Context, Fr};
pub use zkdx_prover::Prover;
use zkdx_prover::{Accelerator, CircuitInfo, Cpu, Network, Patient, Proven, ProvingKey, Registration};
use zkdx_verifier::diagnosis::verify_file;
use zkdx_verifier::{PreparedVerifyingKey, PublicModel};

use crate::error::{BenchError, failed};
use crate::measure::{Facts, Part};
use crate::workload::Workload;

/// A compiled workload.
pub struct Engine {
    workload: Workload,
    network: Network,
    plan: Plan,
}

/// A compiled workload with keys, a registered model and a patient.
pub struct Ready {
    engine: Engine,
    key: ProvingKey,
    registration: Registration,
    public: PublicModel,
    blinding: Blinding,
}

impl Engine {
    /// Compiles.
    pub fn compile(workload: Workload) -> Result<Self, BenchError> {
        let network = Network::compile(workload.architecture.clone()).map_err(failed("compile"))?;
        let plan = Plan::choose(network.system());
        Ok(Self { workload, network, plan })
    }

    /// The relations.
    pub fn system(&self) -> &TensorSystem {
        self.network.system()
    }

    /// What was compiled.
    pub fn workload(&self) -> &Workload {
        &self.workload
    }

    /// What is known before there are keys.
    pub fn facts(&self) -> Result<Facts, BenchError> {
        let constraints = self.network.report().map_err(failed("report"))?.constraints();
        let statement = self.system().words as u64 + 3;
        Ok(Facts {
            parameters: Some(self.workload.parameter_count()),
            activations: Some(self.workload.activation_count()),
            constraints: Some(constraints),
            domain: Some((constraints + statement).next_power_of_two()),
            ..Facts::default()
        })
    }

    /// The matrices.
    pub fn shape(&self) -> Result<R1cs, BenchError> {
        Ok(shape(&self.circuit()?))
    }

    /// Keys from a single-party setup.
    pub fn setup(&self) -> Result<ProvingKey, BenchError> {
        self.network.setup(&mut OsRng).map_err(failed("setup"))
    }

    /// The commitment to the model.
    pub fn register(&self, key: &ProvingKey) -> Result<(Registration, PublicModel), BenchError> {
        let card = Card { name: self.workload.name.clone(), version: "0".into(), description: String::new() };
        let registered = self.network.register(key, &self.workload.parameters, card, &Cpu, &mut OsRng);
        registered.map_err(failed("register"))
    }

    /// Every column of a proof for the given `challenges`, with the sides of every constraint.
    pub fn witness(&self, challenges: Vec<Fr>) -> Result<SecondRoundWitness, BenchError> {
        let Workload { record, parameters, .. } = &self.workload;
        let witness = self.system().witness(record, parameters).map_err(failed("witness"))?;
        let [hidden, outcome] = [Blinding::random(&mut OsRng), Blinding::random(&mut OsRng)];
        let words = self.system().words(&witness, Blindings::single(&hidden, &outcome));
        let circuit = self.circuit()?.with_witness(&witness, Blindings::single(&hidden, &outcome));
        FirstRoundWitness::new(&circuit, words).finish(challenges).map_err(failed("witness"))
    }

    /// Keys and a registration.
    pub fn ready(self) -> Result<Ready, BenchError> {
        let key = self.setup()?;
        let (registration, public) = self.register(&key)?;
        Ok(Ready { engine: self, key, registration, public, blinding: Blinding::random(&mut OsRng) })
    }

    fn circuit(&self) -> Result<NetworkCircuit<'_>, BenchError> {
        NetworkCircuit::new(self.system(), &self.plan).map_err(failed("lower"))
    }
}

impl Ready {
    /// What is known of circuit and keys.
    pub fn facts(&self) -> Result<Facts, BenchError> {
        Ok(key_facts(&self.key, self.engine.facts()?))
    }

    /// The compiled workload.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The model's owner on the CPU.
    pub fn prover(&self) -> Result<Prover<'_>, BenchError> {
        Prover::new(&self.key, &self.registration, &Cpu).map_err(failed("prove"))
    }

    /// One proof, from the integers of the record to the finished file.
    pub fn prove(&self, prover: &Prover<'_>) -> Result<Proven, BenchError> {
        let workload = &self.engine.workload;
        let patients = [Patient { record: &workload.record, blinding: &self.blinding, context: Context::default() }];
        let model = (&workload.parameters, &self.public);
        let proven = self.engine.network.prove(prover, model, &patients, &mut OsRng);
        proven.map_err(failed("prove"))
    }

    /// What a verifier keeps between proofs.
    pub fn verifier(&self) -> Result<PreparedVerifyingKey, BenchError> {
        PreparedVerifyingKey::new(self.key.verifying.clone()).map_err(failed("verify"))
    }

    /// One native verification.
    pub fn verify(&self, key: &PreparedVerifyingKey, proven: &Proven) -> Result<(), BenchError> {
        verify_file(key, &self.public, &proven.file, &[]).map(drop).map_err(failed("verify"))
    }
}

/// `facts` with what a key adds.
pub fn key_facts(key: &ProvingKey, facts: Facts) -> Facts {
    let CircuitInfo { constraints, .. } = key.circuit;
    let domain = key.circuit.domain_length() as u64;
    let key_bytes = Some(key.file_bytes());
    Facts { constraints: Some(constraints as u64), domain: Some(domain), key_bytes, ..facts }
}

/// Where the time of a proof went; the total last.
pub fn parts(proven: &Proven) -> Vec<Part> {
    let synthesis = std::iter::once(("synthesis", proven.synthesis));
    let steps = synthesis.chain(proven.timings.steps());
    steps.map(|(name, time)| Part { name: name.into(), seconds: time.wall.as_secs_f64() }).collect()
}

/// `Σ scalar·base` in G1 on the CPU.
pub fn msm_g1(bases: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, BenchError> {
    Cpu.msm_g1(bases, scalars).map_err(failed("msm"))
}

/// `Σ scalar·base` in G2 on the CPU.
pub fn msm_g2(bases: &[G2Affine], scalars: &[Fr]) -> Result<G2Projective, BenchError> {
    Cpu.msm_g2(bases, scalars).map_err(failed("msm"))
}

/// `Σ scalar·base` over integers in G1 on the CPU.
pub fn msm_g1_small(bases: &[G1Affine], scalars: &[i64]) -> Result<G1Projective, BenchError> {
    Cpu.msm_g1_small(bases, scalars).map_err(failed("msm"))
}

/// `Σ scalar·base` over integers in G2 on the CPU.
pub fn msm_g2_small(bases: &[G2Affine], scalars: &[i64]) -> Result<G2Projective, BenchError> {
    Cpu.msm_g2_small(bases, scalars).map_err(failed("msm"))
}

/// One transform of a power of two of values.
pub fn transform(values: &mut Vec<Fr>) -> Result<(), BenchError> {
    Cpu.transform(values).map_err(failed("fft"))
}
