//! Consents as files: what a patient agrees to, its identity (the EIP-712 hash that `ConsentRegistry` computes), and signatures for others to bring.
//!
//! A consent file names the patient's account and the salt, which are on chain only in the calldata of a grant: it is for those involved.

use alloy::primitives::aliases::U40;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol;
use alloy::sol_types::{Eip712Domain, SolStruct, eip712_domain};
use serde::{Deserialize, Serialize};
use zkdx_contracts::abi::ConsentRegistry;

use crate::deployment::{Contract, Deployment};
use crate::error::{ClientError, Result};
use crate::session::Session;
use crate::stamp;
use crate::transaction::{Call, Settled};
use crate::wallet::Wallet;

/// What a consent file says it is.
const FORMAT: &str = "zkdx-consent";

sol! {
    /// What a patient signs to revoke a consent.
    struct Revocation {
        bytes32 consentId;
    }
}

/// Which models a consent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// One model.
    Model(B256),
    /// Every model of one verification key.
    Key(B256),
    /// Every approved model.
    AnyApproved,
}

/// What a patient agrees to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The patient's account, best one made for this consent alone.
    pub patient: Address,
    /// Who may use it; zero for anyone.
    pub grantee: Address,
    /// What for.
    pub purpose: B256,
    /// For which models.
    pub scope: Scope,
    /// Commitment of the one record; zero for any that the grantee may have.
    pub record: U256,
    /// The first second at which it is valid.
    pub valid_from: u64,
    /// The first second at which it is not valid any more.
    pub valid_until: u64,
    /// Random.
    pub salt: B256,
}

/// A consent for one registry, with what the patient signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentFile {
    format: String,
    version: u32,
    /// The chain.
    pub chain_id: u64,
    /// The registry.
    pub registry: Address,
    /// The consent.
    pub consent: Consent,
    consent_id: B256,
    /// The patient's signature, for whoever brings the consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Bytes>,
    /// The patient's signature that revokes it, for whoever brings that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation: Option<Bytes>,
}

impl Consent {
    /// As the contract has it.
    fn to_abi(&self) -> Result<ConsentRegistry::Consent> {
        let time = |seconds: u64| U40::try_from(seconds).map_err(|_| bad("a time is beyond the year 36812"));
        let (scope_kind, scope) = match self.scope {
            Scope::Model(id) => (0, id),
            Scope::Key(digest) => (1, digest),
            Scope::AnyApproved => (2, B256::ZERO),
        };
        Ok(ConsentRegistry::Consent {
            patient: self.patient,
            grantee: self.grantee,
            purpose: self.purpose,
            scopeKind: scope_kind,
            scope,
            record: self.record,
            validFrom: time(self.valid_from)?,
            validUntil: time(self.valid_until)?,
            salt: self.salt,
        })
    }
}

impl ConsentFile {
    /// A consent for the registry of a deployment, not signed yet.
    pub fn new(deployment: &Deployment, consent: Consent) -> Result<Self> {
        if consent.valid_from >= consent.valid_until {
            return Err(bad("it ends before it begins"));
        }
        let (chain_id, registry) = (deployment.chain_id, deployment.address(Contract::ConsentRegistry));
        let consent_id = identity(chain_id, registry, &consent)?;
        let (signature, revocation) = (None, None);
        let (format, version) = (FORMAT.into(), stamp::VERSION);
        Ok(Self { format, version, chain_id, registry, consent, consent_id, signature, revocation })
    }

    /// Reads a consent file; its identity must be that of its content.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let what = "this is no consent file that can be used";
        let read: Self = stamp::parse(bytes, what)?;
        stamp::check(&read.format, read.version, FORMAT, what)?;
        match identity(read.chain_id, read.registry, &read.consent)? == read.consent_id {
            true => Ok(read),
            false => Err(bad("its identity is not that of its content: it was changed")),
        }
    }

    /// The file.
    pub fn to_json(&self) -> String {
        stamp::write(self)
    }

    /// Its identity: what the patient signs, and what a proof's context names.
    pub fn id(&self) -> B256 {
        self.consent_id
    }

    /// Has the patient sign it.
    pub fn sign(&mut self, patient: &Wallet) -> Result<()> {
        self.is_patient(patient)?;
        self.signature = Some(patient.sign_typed(&self.consent.to_abi()?, &self.domain())?);
        Ok(())
    }

    /// Has the patient sign that it is revoked.
    pub fn sign_revocation(&mut self, patient: &Wallet) -> Result<()> {
        self.is_patient(patient)?;
        self.revocation = Some(patient.sign_typed(&Revocation { consentId: self.consent_id }, &self.domain())?);
        Ok(())
    }

    /// Fails unless it is for the registry of this deployment.
    pub fn check(&self, deployment: &Deployment) -> Result<()> {
        let expected = (deployment.chain_id, deployment.address(Contract::ConsentRegistry));
        if (self.chain_id, self.registry) == expected {
            return Ok(());
        }
        let what = format!(
            "the consent is for the registry {} on chain {}, not for this deployment",
            self.registry, self.chain_id
        );
        Err(ClientError::Mismatch {
            what,
            next: "give the deployment that it was signed for, or ask the patient for another",
        })
    }

    /// What brings it to the registry: by the patient's own account, or with the signature by any other.
    fn grant_call(&self, sender: Address) -> Result<Call> {
        let consent = self.consent.to_abi()?;
        match &self.signature {
            _ if sender == self.consent.patient => {
                Ok(Call::new(self.registry, &ConsentRegistry::grantCall { consent }))
            }
            Some(signature) => {
                let signature = signature.clone();
                Ok(Call::new(self.registry, &ConsentRegistry::grantBySigCall { consent, signature }))
            }
            None => Err(unsigned("the patient's signature", self.consent.patient)),
        }
    }

    fn revoke_call(&self, sender: Address) -> Result<Call> {
        let consent = self.consent.to_abi()?;
        match &self.revocation {
            _ if sender == self.consent.patient => {
                Ok(Call::new(self.registry, &ConsentRegistry::revokeCall { consent }))
            }
            Some(signature) => {
                let signature = signature.clone();
                Ok(Call::new(self.registry, &ConsentRegistry::revokeBySigCall { consent, signature }))
            }
            None => Err(unsigned("the patient's revocation", self.consent.patient)),
        }
    }

    fn domain(&self) -> Eip712Domain {
        domain(self.chain_id, self.registry)
    }

    fn is_patient(&self, wallet: &Wallet) -> Result<()> {
        if wallet.address() == self.consent.patient {
            return Ok(());
        }
        let what = format!("the consent is of {}, the key is that of {}", self.consent.patient, wallet.address());
        Err(ClientError::Mismatch { what, next: "sign with the patient's key" })
    }
}

/// Grants a consent; none if it was granted before.
pub async fn grant(session: Session<'_>, file: &ConsentFile) -> Result<Option<Settled>> {
    file.check(session.deployment)?;
    let call = file.grant_call(session.wallet.address())?;
    unless(session.send(&call).await, "ConsentGrantedAlready")
}

/// Revokes a consent, granted or not; none if it was revoked before.
pub async fn revoke(session: Session<'_>, file: &ConsentFile) -> Result<Option<Settled>> {
    file.check(session.deployment)?;
    let call = file.revoke_call(session.wallet.address())?;
    unless(session.send(&call).await, "ConsentRevoked")
}

/// The outcome of a transaction, or none if the contract refuses by this name: what was asked for is done already.
pub(crate) fn unless(sent: Result<Settled>, done: &str) -> Result<Option<Settled>> {
    match sent {
        Ok(settled) => Ok(Some(settled)),
        Err(error) if error.is_refusal(done) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `keccak(0x1901 ‖ domain ‖ hash of the struct)`, EIP-712.
fn identity(chain_id: u64, registry: Address, consent: &Consent) -> Result<B256> {
    Ok(consent.to_abi()?.eip712_signing_hash(&domain(chain_id, registry)))
}

/// What ties a consent to one registry on one chain.
pub(crate) fn domain(chain_id: u64, registry: Address) -> Eip712Domain {
    eip712_domain! { name: "zkdx consents", version: "1", chain_id: chain_id, verifying_contract: registry, }
}

fn bad(why: &str) -> ClientError {
    ClientError::File { what: "the consent cannot be used", why: why.into() }
}

fn unsigned(what: &str, patient: Address) -> ClientError {
    let what = format!("the file has not {what}, and the account that sends is not {patient}");
    ClientError::Mismatch {
        what,
        next: "have the patient sign it with `zkdx consent sign`, or send it from the patient's account",
    }
}
