//! Where each proof may be used: chain, log, submitter, consent, nonce; said one by one, or by the files of a deployment, a consent, a request.

use rand::RngCore;
use rand::rngs::OsRng;
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::{Context as ProofContext, Fr, field};
use zkdx_client::consent::ConsentFile;
use zkdx_client::market::RequestFile;
use zkdx_client::{Address, Contract, Deployment, U256};

use super::consents::Consents;
use super::inputs::Inputs;
use crate::args::{ConsentArg, ContextArgs, ProveArgs};
use crate::chain;
use crate::commands::{consent, request};
use crate::error::{CliError, Kind, Result};

/// What the contexts of proofs are made of.
pub(super) struct Contexts<'c> {
    args: &'c ContextArgs,
    deployment: Option<Deployment>,
    consents: Consents,
    /// The consent of `--consent`, where that is a file.
    consent: Option<ConsentFile>,
    requests: Vec<RequestFile>,
}

impl<'c> Contexts<'c> {
    /// Reads every file that says something of them.
    pub(super) fn read(args: &'c ProveArgs, inputs: &Inputs) -> Result<Self> {
        let context = &args.context;
        let deployment = context.deployment.as_ref().map(|path| chain::read_deployment(path)).transpose()?;
        let consent = match &context.consent {
            ConsentArg::File(path) => Some(consent::read(path)?),
            ConsentArg::Id(_) => None,
        };
        let requests = context.request.iter().map(|path| request::read(path)).collect::<Result<Vec<_>>>()?;
        let shared = match (&consent, &context.consent) {
            (Some(file), _) => file.id().0,
            (None, ConsentArg::Id(id)) => *id,
            (None, ConsentArg::File(_)) => [0; 32],
        };
        let contexts = Self { args: context, deployment, consents: Consents::read(args, shared)?, consent, requests };
        contexts.check()?;
        contexts.requests.iter().try_for_each(|file| is_of(file, inputs))?;
        Ok(contexts)
    }

    /// What the contracts would refuse later.
    fn check(&self) -> Result<()> {
        let Some(deployment) = &self.deployment else { return Ok(()) };
        self.consent.iter().try_for_each(|file| file.check(deployment))?;
        self.requests.iter().try_for_each(|file| file.check(deployment))?;
        Ok(())
    }

    /// The context of a case about the record `name`; without `--nonce` with a fresh nonce.
    pub(super) fn of(&self, name: &str, commitment: Fr, policy: Policy) -> Result<ProofContext> {
        let record = U256::from_be_bytes(field::to_bytes(&commitment));
        if !self.requests.is_empty() {
            return self.requested(name, record, policy);
        }
        let mut nonce = [0; 32];
        OsRng.fill_bytes(&mut nonce);
        let (chain_id, verifier) = self.place();
        let submitter = self.args.submitter;
        self.consent.as_ref().map_or(Ok(()), |file| covers(file, submitter.into(), record))?;
        let (consent_id, nonce) = (self.consents.of(name)?, self.args.nonce.unwrap_or(nonce));
        Ok(ProofContext { chain_id, verifier, submitter, consent_id, nonce, policy })
    }

    /// For the market, under the consent of the request, with the nonce that pays the prover.
    fn requested(&self, name: &str, record: U256, policy: Policy) -> Result<ProofContext> {
        let Some(file) = self.requests.iter().find(|file| file.request.record == record) else {
            let what = if name.is_empty() {
                "no request is for this record".into()
            } else {
                format!("no request is for `{name}`")
            };
            return Err(CliError::new(Kind::Input, what).next("name the request for its commitment with --request"));
        };
        if policy == Policy::Saturate && !file.request.saturated {
            return Err(CliError::new(
                Kind::Input,
                "entries of the record are saturated, and the request does not accept that",
            )
            .next("commit to the record again without --saturate, or ask for another request"));
        }
        let (chain_id, verifier) = self.place();
        let prover = self.args.prover.unwrap_or_default();
        Ok(ProofContext {
            chain_id,
            verifier,
            submitter: file.market.into_array(),
            consent_id: file.request.consent.0,
            nonce: file.nonce(prover).0,
            policy,
        })
    }

    fn place(&self) -> (u64, [u8; 20]) {
        match &self.deployment {
            Some(deployment) => (deployment.chain_id, deployment.address(Contract::DiagnosisLog).into_array()),
            None => (self.args.chain_id, self.args.verifier),
        }
    }
}

/// Fails if the request is for another model.
fn is_of(file: &RequestFile, inputs: &Inputs) -> Result<()> {
    let wanted = file.request.model;
    match inputs.keyed.iter().any(|keyed| keyed.registration.model().id() == wanted.0) {
        true => Ok(()),
        false => Err(CliError::new(Kind::Input, format!("the request is for the model {wanted}"))
            .why("the registration is of another one")
            .next("name the registration of that model, or ask for another request")),
    }
}

/// Fails if the consent names another submitter or record.
fn covers(file: &ConsentFile, submitter: Address, record: U256) -> Result<()> {
    let consent = &file.consent;
    let next = "ask the patient for a consent that covers this";
    if !consent.grantee.is_zero() && consent.grantee != submitter {
        let what = format!("the consent is for the submitter {}, the proof for {submitter}", consent.grantee);
        return Err(CliError::new(Kind::Input, what)
            .next("name that account with --submitter, or ask the patient for another consent"));
    }
    match consent.record.is_zero() || consent.record == record {
        true => Ok(()),
        false => Err(CliError::new(Kind::Input, "the consent is for another record").next(next)),
    }
}
