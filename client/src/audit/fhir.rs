//! The report as a FHIR R4 bundle of type `collection`, for systems that keep audit trails.
//!
//! Everything in it is pseudonymous: a patient is the commitment to a record, a clinic an account. Identifiers have systems of their own,
//! registered nowhere. A model is a `Device`, a consent a `Consent`, an outcome an `Observation` with a `Provenance`, an event, a check and a
//! finding each an `AuditEvent`. `docs/src/audit.md` says what this is and what it is not.

mod events;
mod outcome;
mod types;

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, keccak256};

use super::report::{ModelReport, Report};
use super::time::{instant, iso};
use super::trail::consents::{ConsentTrail, Grant};
pub use types::Bundle;
use types::{
    BundleEntry, CodeableConcept, Coding, Consent, Device, DeviceName, DeviceVersion, Identifier, Period, Provision,
    ProvisionActor, ProvisionData, Reference, Resource,
};

/// What an identity is of, and so the system of its identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Report,
    Model,
    Consent,
    Entry,
    Provenance,
    Event,
    Check,
    Finding,
    Record,
    Request,
    Transaction,
    Account,
    Other,
}

impl Of {
    fn system(self) -> &'static str {
        match self {
            Self::Report => "urn:zkdx:audit",
            Self::Model => "urn:zkdx:model",
            Self::Consent => "urn:zkdx:consent",
            Self::Entry => "urn:zkdx:entry",
            Self::Provenance => "urn:zkdx:provenance",
            Self::Event => "urn:zkdx:event",
            Self::Check => "urn:zkdx:check",
            Self::Finding => "urn:zkdx:finding",
            Self::Record => "urn:zkdx:record-commitment",
            Self::Request => "urn:zkdx:request",
            Self::Transaction => "urn:zkdx:transaction",
            Self::Account => "urn:zkdx:account",
            Self::Other => "urn:zkdx:identity",
        }
    }
}

/// What the resources share: the report, and what has a resource of its own.
struct Writer<'r> {
    report: &'r Report,
    own: BTreeSet<(Of, B256)>,
    seed: B256,
}

impl Report {
    /// The report as a FHIR R4 bundle.
    pub fn to_fhir(&self) -> Bundle {
        let models = self.models.iter().map(|model| (Of::Model, model.trail.id));
        let consents = self.consents.iter().map(|consent| (Of::Consent, consent.id));
        let entries = self.entries.iter().map(|report| (Of::Entry, report.entry.nullifier));
        let own = models.chain(consents).chain(entries).collect();
        let subject = serde_json::to_vec(&self.subject).unwrap_or_default();
        let place = [self.block.hash.as_slice(), self.contracts.log.as_slice(), &subject].concat();
        let writer = Writer { report: self, own, seed: keccak256(place) };
        Bundle {
            resource_type: "Bundle",
            identifier: identifier(Of::Report, writer.seed.to_string()),
            kind: "collection",
            timestamp: instant(self.block.time),
            entry: writer.entries(),
        }
    }

    /// The bundle as JSON.
    pub fn to_fhir_json(&self) -> String {
        crate::stamp::write(&self.to_fhir())
    }
}

impl Writer<'_> {
    fn entries(&self) -> Vec<BundleEntry> {
        let report = self.report;
        let mut entries: Vec<_> = report.models.iter().map(|model| self.device(model)).collect();
        entries.extend(report.consents.iter().map(|consent| self.consent(consent)));
        for entry in &report.entries {
            entries.extend([self.observation(entry), self.provenance(entry), self.check(entry)]);
        }
        entries.extend(report.events.iter().map(|line| self.event(line)));
        entries.extend(report.findings.iter().enumerate().map(|(number, finding)| self.finding(number, finding)));
        entries
    }

    fn entry(&self, of: Of, id: impl AsRef<[u8]>, resource: Resource) -> BundleEntry {
        BundleEntry { full_url: self.url(of, id), resource }
    }

    /// A name that follows from what is named (RFC 9562, UUID version 8). The same in every bundle about this log and block.
    fn url(&self, of: Of, id: impl AsRef<[u8]>) -> String {
        let hash = keccak256([of.system().as_bytes(), self.seed.as_slice(), id.as_ref()].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = hex::encode(bytes);
        let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
        format!("urn:uuid:{}", parts.join("-"))
    }

    /// A reference by identity, and to the resource if the bundle has one.
    fn reference(&self, of: Of, id: &B256) -> Reference {
        let reference = self.own.contains(&(of, *id)).then(|| self.url(of, id));
        Reference { reference, identifier: Some(identifier(of, id.to_string())), display: None }
    }

    /// An account, by chain and address as in CAIP-10.
    fn account(&self, account: &Address) -> Reference {
        let value = format!("eip155:{}:{account}", self.report.contracts.chain_id);
        Reference { identifier: Some(identifier(Of::Account, value)), ..Reference::default() }
    }

    fn device(&self, model: &ModelReport) -> BundleEntry {
        let (name, version) = model.name.clone().unzip();
        let kind = text("neural network, by the commitment to its weights");
        let device = Device {
            identifier: vec![identifier(Of::Model, model.trail.id.to_string())],
            status: if model.trail.revoked.is_some() { "inactive" } else { "active" },
            device_name: name.into_iter().map(|name| DeviceName { name, kind: "model-name" }).collect(),
            kind,
            version: version.into_iter().map(|value| DeviceVersion { value }).collect(),
        };
        self.entry(Of::Model, model.trail.id, Resource::Device(device))
    }

    fn consent(&self, consent: &ConsentTrail) -> BundleEntry {
        let now = self.report.block.time;
        let live = |grant: &Grant| consent.withdrawn.is_none() && (grant.valid_from..grant.valid_until).contains(&now);
        let resource = Consent {
            identifier: vec![identifier(Of::Consent, consent.id.to_string())],
            status: if consent.granted.as_ref().is_some_and(live) { "active" } else { "inactive" },
            scope: coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
            category: vec![coded("http://loinc.org", "59284-0")],
            date_time: consent.granted.as_ref().map(|grant| instant(grant.at.time)),
            policy_rule: text("what the patient signed: EIP-712, domain `zkdx consents`, version 1"),
            provision: consent.granted.as_ref().map(|grant| self.provision(grant)),
        };
        self.entry(Of::Consent, consent.id, Resource::Consent(Box::new(resource)))
    }

    fn provision(&self, grant: &Grant) -> Provision {
        let receives = coded("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP");
        let grantee = (!grant.grantee.is_zero()).then(|| self.account(&grant.grantee));
        let record = (!grant.record.is_zero()).then(|| self.reference(Of::Record, &grant.record));
        let scope = match grant.scope_kind {
            0 => coded(Of::Model.system(), grant.scope.to_string()),
            1 => coded("urn:zkdx:key", grant.scope.to_string()),
            _ => text("every approved model"),
        };
        // A period of FHIR includes its end, a consent does not.
        let end = iso(grant.valid_until.saturating_sub(1));
        let actor = |reference| ProvisionActor { role: receives.clone(), reference };
        Provision {
            kind: "permit",
            period: Period { start: instant(grant.valid_from), end },
            actor: grantee.into_iter().map(actor).collect(),
            purpose: vec![coding("urn:zkdx:purpose", grant.purpose.to_string())],
            code: vec![scope],
            data: record.into_iter().map(|reference| ProvisionData { meaning: "instance", reference }).collect(),
        }
    }
}

fn identifier(of: Of, value: String) -> Identifier {
    Identifier { system: of.system(), value }
}

fn coding(system: &str, code: impl Into<String>) -> Coding {
    Coding { system: system.into(), code: code.into(), display: None }
}

fn coded(system: &str, code: impl Into<String>) -> CodeableConcept {
    CodeableConcept { coding: vec![coding(system, code)], text: None }
}

fn text(text: impl Into<String>) -> CodeableConcept {
    CodeableConcept { coding: Vec::new(), text: Some(text.into()) }
}
