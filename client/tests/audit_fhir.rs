//! The bundle has what FHIR R4 (4.0.1) requires of each resource, with codes of its value sets, and no reference that leads nowhere.

mod ground;
mod story;
mod support;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;
use zkdx_client::audit::{Subject, examine};

use story::Story;

/// The bundle of the whole story, and of it with an entry's proof gone.
fn bundles() -> &'static [Value; 2] {
    static BUNDLES: OnceLock<[Value; 2]> = OnceLock::new();
    BUNDLES.get_or_init(|| {
        let story = Story::tell();
        let history = story.read(Subject::Log).expect("it reads");
        let mut doubtful = history.clone();
        let first = examine(&history, Subject::Log, &[]).entries[0].entry.place.transaction;
        doubtful.transactions.remove(&first);
        let bundle = |history, publics: &[_]| {
            let json = examine(history, Subject::Log, publics).to_fhir_json();
            serde_json::from_str(&json).expect("JSON")
        };
        [bundle(&history, &story.publics()), bundle(&doubtful, &[])]
    })
}

fn resources(bundle: &Value) -> Vec<&Value> {
    bundle["entry"].as_array().expect("entries").iter().map(|entry| &entry["resource"]).collect()
}

fn of<'b>(bundle: &'b Value, kind: &str) -> Vec<&'b Value> {
    resources(bundle).into_iter().filter(|resource| resource["resourceType"] == kind).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn code(value: &Value) -> &str {
    value.as_str().expect("a code")
}

/// Elements that must be there once, or at least once where they are lists.
fn require(resource: &Value, elements: &[&str]) {
    for element in elements {
        let value = &resource[*element];
        let there = !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
        assert!(there, "{element} is missing from {resource}");
    }
}

/// `instant`: to the second, with a time zone, in a year of four digits.
fn is_instant(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let digits =
        |range: std::ops::Range<usize>| text.get(range).is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
    text.len() == 20 && text.ends_with('Z') && digits(0..4) && digits(5..7) && digits(8..10) && digits(11..13)
}

fn is_concept(value: &Value) -> bool {
    let coded = |coding: &Value| is_uri(&coding["system"]) && !code(&coding["code"]).is_empty();
    let codings = list(&value["coding"]);
    codings.iter().all(coded) && (!codings.is_empty() || value["text"].as_str().is_some_and(|text| !text.is_empty()))
}

fn is_uri(value: &Value) -> bool {
    value.as_str().is_some_and(|uri| uri.contains(':') && !uri.contains(char::is_whitespace))
}

#[test]
fn the_bundle_is_a_collection_of_distinct_resources() {
    for bundle in bundles() {
        require(bundle, &["resourceType", "identifier", "type", "timestamp", "entry"]);
        assert_eq!((code(&bundle["resourceType"]), code(&bundle["type"])), ("Bundle", "collection"));
        assert!(is_instant(&bundle["timestamp"]) && is_uri(&bundle["identifier"]["system"]));
        let urls: Vec<_> = list(&bundle["entry"]).iter().map(|entry| code(&entry["fullUrl"])).collect();
        assert_eq!(urls.iter().collect::<BTreeSet<_>>().len(), urls.len());
        for url in urls {
            let uuid = url.strip_prefix("urn:uuid:").expect("a UUID");
            assert!(uuid.len() == 36 && uuid.as_bytes()[14] == b'8' && b"89ab".contains(&uuid.as_bytes()[19]), "{url}");
        }
    }
}

#[test]
fn references_lead_somewhere() {
    fn visit(value: &Value, urls: &BTreeSet<&str>) {
        if let Some(reference) = value.get("reference").and_then(Value::as_str) {
            assert!(urls.contains(reference), "{reference} leads nowhere");
        }
        let children: Vec<&Value> = match value {
            Value::Array(list) => list.iter().collect(),
            Value::Object(map) => map.values().collect(),
            _ => Vec::new(),
        };
        // No element is empty or null: FHIR has none of these.
        assert!(!matches!(value, Value::Null), "a null");
        assert!(value.as_array().is_none_or(|list| !list.is_empty()) && value != &serde_json::json!({}), "empty");
        children.into_iter().for_each(|child| visit(child, urls));
    }
    for bundle in bundles() {
        let urls = list(&bundle["entry"]).iter().map(|entry| code(&entry["fullUrl"])).collect();
        visit(bundle, &urls);
    }
}

#[test]
fn models_are_devices() {
    let [bundle, _] = bundles();
    let devices = of(bundle, "Device");
    assert_eq!(devices.len(), 2);
    for device in &devices {
        require(device, &["identifier", "status", "type"]);
        assert!(["active", "inactive", "entered-in-error", "unknown"].contains(&code(&device["status"])));
        for name in list(&device["deviceName"]) {
            require(name, &["name", "type"]);
            assert_eq!(code(&name["type"]), "model-name");
        }
        list(&device["version"]).iter().for_each(|version| require(version, &["value"]));
    }
    assert_eq!(devices.iter().filter(|device| device["status"] == "inactive").count(), 1);
}

#[test]
fn consents_have_what_consents_need() {
    for bundle in bundles() {
        let consents = of(bundle, "Consent");
        assert_eq!(consents.len(), 2);
        for consent in consents {
            // ppc-1: a policy or a policy's rule.
            require(consent, &["identifier", "status", "scope", "category", "policyRule", "dateTime", "provision"]);
            let states = ["draft", "proposed", "active", "rejected", "inactive", "entered-in-error"];
            assert!(states.contains(&code(&consent["status"])));
            assert_eq!(consent["scope"]["coding"][0]["system"], "http://terminology.hl7.org/CodeSystem/consentscope");
            assert!(is_concept(&consent["scope"]) && list(&consent["category"]).iter().all(is_concept));
            assert!(is_concept(&consent["policyRule"]) && is_instant(&consent["dateTime"]));
            let provision = &consent["provision"];
            assert_eq!(code(&provision["type"]), "permit");
            require(&provision["period"], &["start"]);
            // The end of this one is after the year 9999, which FHIR cannot write.
            assert!(provision["period"].get("end").is_none());
            for actor in list(&provision["actor"]) {
                require(actor, &["role", "reference"]);
            }
            for data in list(&provision["data"]) {
                require(data, &["meaning", "reference"]);
                assert!(["instance", "related", "dependents", "authoredby"].contains(&code(&data["meaning"])));
            }
        }
    }
}

#[test]
fn outcomes_are_observations_with_provenance() {
    let [honest, doubtful] = bundles();
    let states =
        ["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"];
    for bundle in bundles() {
        let observations = of(bundle, "Observation");
        assert_eq!((observations.len(), of(bundle, "Provenance").len()), (6, 6));
        for observation in observations {
            require(observation, &["identifier", "status", "code", "subject", "issued", "device"]);
            assert!(states.contains(&code(&observation["status"])) && is_concept(&observation["code"]));
            assert!(is_instant(&observation["issued"]));
            // obs-6: a reason why there is no value only where there is none.
            assert!(observation["valueCodeableConcept"].is_null() != observation["dataAbsentReason"].is_null());
            list(&observation["component"]).iter().for_each(|part| require(part, &["code"]));
        }
        for provenance in of(bundle, "Provenance") {
            require(provenance, &["target", "recorded", "agent"]);
            assert!(is_instant(&provenance["recorded"]) && is_instant(&provenance["occurredDateTime"]));
            list(&provenance["agent"]).iter().for_each(|agent| require(agent, &["who", "type"]));
            for entity in list(&provenance["entity"]) {
                require(entity, &["role", "what"]);
                assert!(["derivation", "revision", "quotation", "source", "removal"].contains(&code(&entity["role"])));
            }
        }
    }
    let said = |bundle| -> Vec<&Value> { of(bundle, "Observation") };
    assert_eq!(said(honest)[0]["valueCodeableConcept"]["text"], "malignant");
    assert_eq!(said(honest)[3]["dataAbsentReason"]["coding"][0]["code"], "masked");
    assert!(said(honest).iter().all(|observation| observation["status"] == "final"));
    assert_eq!((code(&said(doubtful)[0]["status"]), code(&said(doubtful)[1]["status"])), ("unknown", "final"));
}

#[test]
fn what_happened_is_audited() {
    let [honest, doubtful] = bundles();
    for bundle in bundles() {
        for event in of(bundle, "AuditEvent") {
            require(event, &["type", "recorded", "agent", "source", "outcome", "action", "entity", "subtype"]);
            require(&event["type"], &["system", "code"]);
            require(&event["source"], &["observer"]);
            assert!(["C", "R", "U", "D", "E"].contains(&code(&event["action"])));
            assert!(["0", "4", "8", "12"].contains(&code(&event["outcome"])) && is_instant(&event["recorded"]));
            for agent in list(&event["agent"]) {
                assert!(agent["requestor"].is_boolean());
                require(agent, &["who"]);
            }
            assert!(list(&event["subtype"]).iter().all(|coding| is_uri(&coding["system"])));
        }
    }
    let failed = |bundle| of(bundle, "AuditEvent").iter().filter(|event| event["outcome"] == "8").count();
    assert_eq!(failed(honest), 0);
    // The check of the proof, and two findings: the proof and the transaction.
    assert_eq!(failed(doubtful), 3);
}

#[test]
fn nobody_is_named() {
    for bundle in bundles() {
        assert!(of(bundle, "Patient").is_empty());
        let patient = support::Anvil::wallet(3).address();
        assert!(!bundle.to_string().to_lowercase().contains(&patient.to_string().to_lowercase()[2..]));
    }
}
