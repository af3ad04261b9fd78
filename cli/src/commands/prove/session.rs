//! A prover that is made once for any number of records.

use rand::RngCore;
use rand::rngs::OsRng;
use zkdx_circuits::Context as ProofContext;
use zkdx_circuits::architecture::Policy;
use zkdx_prover::{Cpu, Network, Pace, Patient, Proven, Prover, ProvingKey};
use zkdx_verifier::PublicModel;

use super::inputs::Inputs;
use crate::args::ContextArgs;
use crate::error::{Context, Kind, Result};
use crate::store::RecordFile;

/// Everything that proofs of one model share.
pub(super) struct Session<'s> {
    inputs: &'s Inputs,
    network: &'s Network,
    prover: Prover<'s>,
    public: PublicModel,
}

impl<'s> Session<'s> {
    /// A session that names each round of a proof to `report`.
    pub(super) fn new(
        inputs: &'s Inputs,
        network: &'s Network,
        pace: Pace,
        report: &'s (dyn Fn(&str) + Sync),
    ) -> Result<Self> {
        let prover = Prover::new(&inputs.key, &inputs.registration, &Cpu);
        let prover = prover.or_fail(Kind::Input, "cannot use the proving key")?.at(pace).reporting(report);
        let public = network.public_model(&inputs.registration, inputs.file.card.clone());
        Ok(Self { inputs, network, prover, public })
    }

    /// Proves what the model says of `record`.
    pub(super) fn prove(&self, record: &RecordFile, context: ProofContext) -> Result<Proven> {
        let model = (&self.inputs.file.model.parameters, &self.public);
        let proven = self.network.prove(&self.prover, model, &patient(record), context, &mut OsRng);
        proven.or_fail(Kind::Input, "cannot prove this diagnosis")
    }

    /// What every proof is made with.
    pub(super) fn inputs(&self) -> &'s Inputs {
        self.inputs
    }

    /// The network.
    pub(super) fn network(&self) -> &'s Network {
        self.network
    }

    /// The key.
    pub(super) fn key(&self) -> &'s ProvingKey {
        &self.inputs.key
    }

    /// The public half of the registration.
    pub(super) fn public(&self) -> &PublicModel {
        &self.public
    }
}

/// A record as the prover takes it.
pub(super) fn patient(record: &RecordFile) -> Patient<'_> {
    Patient { record: &record.record, blinding: &record.blinding }
}

/// The context of a new proof; without `--nonce` with a fresh nonce.
pub(super) fn context(args: &ContextArgs, policy: Policy) -> ProofContext {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    ProofContext {
        chain_id: args.chain_id,
        verifier: args.verifier,
        submitter: args.submitter,
        consent_id: args.consent,
        nonce: args.nonce.unwrap_or(nonce),
        policy,
    }
}
