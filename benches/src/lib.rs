//! Workloads that the benchmarks share: the reference models with one patient each, registered and ready to prove.
//!
//! Run with `cargo bench -p zkdx-benches`. Every question has a file of its own in `benches/`.

use std::path::PathBuf;

use rand::rngs::OsRng;
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::onnx::{self, ImportOptions};
use zkdx_circuits::quantize::{Options, quantize};
use zkdx_circuits::records::read_csv;
use zkdx_circuits::{Architecture, Blinding, Card, Context, OutcomeKind, Parameters, Record};
use zkdx_prover::{Cpu, Network, Patient, Proven, Prover, ProvingKey, Registration};
use zkdx_verifier::diagnosis::verify_file;
use zkdx_verifier::{PreparedVerifyingKey, PublicModel};

/// A registered model and a patient.
pub struct Workload {
    network: Network,
    parameters: Parameters,
    key: ProvingKey,
    registration: Registration,
    public: PublicModel,
    record: Record,
    blinding: Blinding,
}

/// Names of the reference models, as in `models/`.
pub const MODELS: [&str; 2] = ["logreg", "mlp"];

impl Workload {
    /// The reference model `name` with the first held-out record.
    ///
    /// # Panics
    /// If the checked-in models do not import, quantise or prove: a benchmark has nothing to measure then.
    pub fn new(name: &str, outcome: OutcomeKind) -> Self {
        let graph = onnx::import(&file(&[name, "model.onnx"]), &ImportOptions::default()).expect("the model imports");
        let calibration = records("calibration.csv");
        let (model, _) = quantize(&graph, &calibration, None, &Options::default()).expect("the model quantises");
        let raw = &records("held_out.csv")[0];
        let record = model.architecture.encoding.encode(raw, Policy::Saturate).expect("the record encodes");
        let architecture = Architecture { outcome, ..model.architecture.clone() };
        let network = Network::compile(architecture).expect("the model compiles");
        let key = network.setup(&mut OsRng).expect("keys");
        let card = Card { name: name.into(), version: "0".into(), description: String::new() };
        let registered = network.register(&key, &model.parameters, card, &Cpu, &mut OsRng);
        let (registration, public) = registered.expect("the model registers");
        let blinding = Blinding::random(&mut OsRng);
        Self { network, parameters: model.parameters, key, registration, public, record, blinding }
    }

    /// Keys from a single-party setup.
    pub fn setup(&self) -> ProvingKey {
        self.network.setup(&mut OsRng).expect("keys")
    }

    /// One proof, from the integers of the record to the finished file.
    pub fn prove(&self) -> Proven {
        let prover = Prover::new(&self.key, &self.registration, &Cpu).expect("a sound key");
        let patient = Patient { record: &self.record, blinding: &self.blinding };
        let model = (&self.parameters, &self.public);
        self.network.prove(&prover, model, &patient, Context::default(), &mut OsRng).expect("a proof")
    }

    /// What a verifier keeps between proofs.
    pub fn verifier(&self) -> PreparedVerifyingKey {
        PreparedVerifyingKey::new(self.key.verifying.clone()).expect("a sound key")
    }

    /// One native verification.
    pub fn verify(&self, key: &PreparedVerifyingKey, proven: &Proven) -> bool {
        verify_file(key, &self.public, &proven.file, None).is_ok()
    }
}

fn records(name: &str) -> Vec<Vec<f64>> {
    let bytes = file(&["data", name]);
    let header = String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned();
    let names: Vec<String> = header.split(',').map(str::to_owned).filter(|name| name != "label").collect();
    read_csv(&bytes[..], &names, Some("label")).expect("records").values
}

fn file(parts: &[&str]) -> Vec<u8> {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models");
    std::fs::read(parts.iter().fold(models, |path, part| path.join(part))).expect("models are checked in")
}
