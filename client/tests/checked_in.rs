//! The deployments in `contracts/deployments/` are of the contracts in `contracts/artifacts/`.

use std::path::{Path, PathBuf};

use zkdx_client::{Address, Contract, Deployment, Parameters};

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/deployments");
    let entries = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

#[test]
fn each_file_is_of_the_chain_that_it_is_named_after_and_of_these_contracts() {
    let files = files();
    assert!(!files.is_empty());
    for path in files {
        let deployment = Deployment::from_json(&std::fs::read(&path).expect("a file"));
        let deployment = deployment.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem().expect("a name").to_str(), Some(deployment.chain_id.to_string().as_str()));
    }
}

#[test]
fn three_contracts_are_at_the_same_address_for_every_operator() {
    let of = |byte: u8| Deployment::new(1, 0, Parameters::simple(Address::repeat_byte(byte)));
    let (one, other) = (of(1), of(2));
    let same = [Contract::VerifyingKeyStore, Contract::Groth16Verifier, Contract::ConsentRegistry];
    for (contract, address) in one.contracts() {
        assert_eq!(address == other.address(contract), same.contains(&contract), "{contract:?}");
    }
}

#[test]
fn a_file_that_was_changed_anywhere_is_refused() {
    let json = Deployment::new(5, 7, Parameters::simple(Address::repeat_byte(1))).to_json();
    assert!(Deployment::from_json(json.as_bytes()).is_ok());
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let changes = [
        ("/format", serde_json::json!("zkdx-consent")),
        ("/version", serde_json::json!(2)),
        ("/parameters/admin", serde_json::json!(Address::repeat_byte(9))),
        ("/parameters/guardian", serde_json::json!(Address::ZERO)),
        ("/parameters/delay_seconds", serde_json::json!(1)),
        ("/parameters/approvals_required", serde_json::json!(0)),
        ("/parameters/approvals_required", serde_json::json!(2)),
        ("/parameters/salt", serde_json::json!(format!("0x{}", "01".repeat(32)))),
        ("/parameters/purpose", serde_json::json!(format!("0x{}", "01".repeat(32)))),
        ("/parameters/anchor_threshold", serde_json::json!(2)),
        ("/parameters/anchor_members", serde_json::json!([Address::repeat_byte(2), Address::repeat_byte(1)])),
        ("/parameters/anchor_members", serde_json::json!([])),
        ("/contracts/Anchor", serde_json::json!(Address::ZERO)),
        ("/contracts/DiagnosisLog", serde_json::json!(Address::repeat_byte(3))),
        ("/contracts", serde_json::json!({})),
    ];
    for (pointer, change) in changes {
        let mut changed = value.clone();
        *changed.pointer_mut(pointer).expect(pointer) = change;
        assert!(Deployment::from_json(changed.to_string().as_bytes()).is_err(), "{pointer}");
    }
    let mut more = value;
    more["owner"] = serde_json::json!("me");
    assert!(Deployment::from_json(more.to_string().as_bytes()).is_err(), "another field");
}
