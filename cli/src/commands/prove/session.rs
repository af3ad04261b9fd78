//! A prover that is made once for any number of records.

use rand::rngs::OsRng;
use zkdx_circuits::{Context as ProofContext, Fr};
use zkdx_prover::{Cpu, Network, Pace, Patient, Proven, Prover, ProvingKey};
use zkdx_verifier::PublicModel;

use super::inputs::{Inputs, Keyed};
use crate::error::{CliError, Context, Kind, Result};
use crate::store::RecordFile;

/// Everything that proofs under one key share.
pub(super) struct Session<'s> {
    inputs: &'s Inputs,
    keyed: &'s Keyed,
    network: &'s Network,
    prover: Prover<'s>,
    public: PublicModel,
}

impl<'s> Session<'s> {
    /// A session that names each round of a proof to `report`.
    pub(super) fn new(
        inputs: &'s Inputs,
        (keyed, network): (&'s Keyed, &'s Network),
        pace: Pace,
        report: &'s (dyn Fn(&str) + Sync),
    ) -> Result<Self> {
        let prover = Prover::new(&keyed.key, &keyed.registration, &Cpu);
        let prover = prover.or_fail(Kind::Input, "cannot use the proving key")?.at(pace).reporting(report);
        let public = network.public_model(&keyed.registration, inputs.file.card.clone());
        Ok(Self { inputs, keyed, network, prover, public })
    }

    /// Proves what the model says of as many records as the key is for, each for use in a context of its own.
    pub(super) fn prove<'r>(
        &self,
        records: impl IntoIterator<Item = (&'r RecordFile, ProofContext)>,
    ) -> Result<Proven> {
        let patient = |(file, context): (&'r RecordFile, ProofContext)| Patient {
            record: &file.record,
            blinding: &file.blinding,
            context,
        };
        let patients: Vec<_> = records.into_iter().map(patient).collect();
        let model = (&self.inputs.file.model.parameters, &self.public);
        self.network
            .prove(&self.prover, model, &patients, &mut OsRng)
            .or_fail(Kind::Input, "cannot prove this diagnosis")
    }

    /// The commitment to a record; the same under every key.
    pub(super) fn commitment(&self, file: &RecordFile) -> Result<Fr> {
        let commitment = self.network.commitment(&file.record, &file.blinding);
        commitment.ok_or_else(|| CliError::new(Kind::Internal, "the record does not fit the circuit"))
    }

    /// Number of records that a proof is about.
    pub(super) fn records(&self) -> usize {
        self.network.records()
    }

    /// What a proof costs for each of its records.
    pub(super) fn constraints_per_record(&self) -> usize {
        self.keyed.key.circuit.constraints / self.records()
    }

    /// The key.
    pub(super) fn key(&self) -> &'s ProvingKey {
        &self.keyed.key
    }

    /// The public half of the registration.
    pub(super) fn public(&self) -> &PublicModel {
        &self.public
    }
}
