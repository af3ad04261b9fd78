//! The elements of FHIR R4 (4.0.1, <http://hl7.org/fhir/R4>) that a bundle uses, by their names there.

use serde::Serialize;

/// A collection of resources.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    pub(super) resource_type: &'static str,
    pub(super) identifier: Identifier,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) timestamp: String,
    pub(super) entry: Vec<BundleEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BundleEntry {
    pub(super) full_url: String,
    pub(super) resource: Resource,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "resourceType")]
pub(super) enum Resource {
    Device(Device),
    Consent(Box<Consent>),
    Observation(Box<Observation>),
    Provenance(Box<Provenance>),
    AuditEvent(Box<AuditEvent>),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Identifier {
    pub(super) system: &'static str,
    pub(super) value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Coding {
    pub(super) system: String,
    pub(super) code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct CodeableConcept {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) coding: Vec<Coding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Reference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identifier: Option<Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Period {
    pub(super) start: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Device {
    pub(super) identifier: Vec<Identifier>,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) device_name: Vec<DeviceName>,
    #[serde(rename = "type")]
    pub(super) kind: CodeableConcept,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) version: Vec<DeviceVersion>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct DeviceName {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct DeviceVersion {
    pub(super) value: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Consent {
    pub(super) identifier: Vec<Identifier>,
    pub(super) status: &'static str,
    pub(super) scope: CodeableConcept,
    pub(super) category: Vec<CodeableConcept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date_time: Option<String>,
    pub(super) policy_rule: CodeableConcept,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provision: Option<Provision>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Provision {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) period: Period,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) actor: Vec<ProvisionActor>,
    pub(super) purpose: Vec<Coding>,
    pub(super) code: Vec<CodeableConcept>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) data: Vec<ProvisionData>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ProvisionActor {
    pub(super) role: CodeableConcept,
    pub(super) reference: Reference,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ProvisionData {
    pub(super) meaning: &'static str,
    pub(super) reference: Reference,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Observation {
    pub(super) identifier: Vec<Identifier>,
    pub(super) status: &'static str,
    pub(super) code: CodeableConcept,
    pub(super) subject: Reference,
    pub(super) issued: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_codeable_concept: Option<CodeableConcept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_absent_reason: Option<CodeableConcept>,
    pub(super) device: Reference,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) component: Vec<Component>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    pub(super) code: CodeableConcept,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_integer: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provenance {
    pub(super) target: Vec<Reference>,
    pub(super) occurred_date_time: String,
    pub(super) recorded: String,
    pub(super) activity: CodeableConcept,
    pub(super) agent: Vec<ProvenanceAgent>,
    pub(super) entity: Vec<ProvenanceEntity>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ProvenanceAgent {
    #[serde(rename = "type")]
    pub(super) kind: CodeableConcept,
    pub(super) who: Reference,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ProvenanceEntity {
    pub(super) role: &'static str,
    pub(super) what: Reference,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuditEvent {
    #[serde(rename = "type")]
    pub(super) kind: Coding,
    pub(super) subtype: Vec<Coding>,
    pub(super) action: &'static str,
    pub(super) recorded: String,
    pub(super) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome_desc: Option<String>,
    pub(super) agent: Vec<AuditAgent>,
    pub(super) source: AuditSource,
    pub(super) entity: Vec<AuditEntity>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct AuditAgent {
    pub(super) who: Reference,
    pub(super) requestor: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct AuditSource {
    pub(super) observer: Reference,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct AuditEntity {
    pub(super) what: Reference,
}
