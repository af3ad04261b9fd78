//! The envelope: what a file is, and whether it arrived whole.

mod common;

use zkdx_verifier::file::{FileError, HEADER_BYTES, Kind, header, open, seal, total_length};
use zkdx_verifier::{Model, Proof, VerifyingKey};

fn files() -> [(Kind, Vec<u8>); 3] {
    let payloads = [
        (Kind::VerifyingKey, common::key().to_bytes()),
        (Kind::Model, common::model().to_bytes()),
        (Kind::Proof, common::proof().to_bytes().to_vec()),
    ];
    payloads.map(|(kind, payload)| (kind, seal(kind, &payload)))
}

#[test]
fn a_payload_survives_its_envelope() {
    let [key, model, proof] = files();
    assert_eq!(VerifyingKey::from_bytes(open(key.0, &key.1).unwrap()), Ok(common::key()));
    assert_eq!(Model::from_bytes(open(model.0, &model.1).unwrap()), Ok(common::model()));
    assert_eq!(Proof::from_bytes(open(proof.0, &proof.1).unwrap()), Ok(common::proof()));
}

#[test]
fn every_flipped_bit_is_refused() {
    for (kind, bytes) in files() {
        for (index, bit) in (0..bytes.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
            let mut bent = bytes.clone();
            bent[index] ^= 1 << bit;
            open(kind, &bent).unwrap_err();
        }
    }
}

#[test]
fn every_truncation_is_named() {
    for (kind, bytes) in files() {
        assert_eq!(open(kind, &[]), Err(FileError::NotZkdx));
        for length in 1..bytes.len() {
            let expected = if length < HEADER_BYTES { HEADER_BYTES } else { bytes.len() } as u64;
            assert_eq!(open(kind, &bytes[..length]), Err(FileError::Truncated { expected, got: length as u64 }));
        }
        let (expected, got) = (bytes.len() as u64, bytes.len() as u64 + 1);
        assert_eq!(open(kind, &[&bytes[..], &[0]].concat()), Err(FileError::Trailing { expected, got }));
    }
}

#[test]
fn other_files_are_named() {
    let [key, model, proof] = files();
    let wrong = FileError::Kind { expected: Kind::Proof, got: Kind::VerifyingKey };
    assert_eq!(open(Kind::Proof, &key.1), Err(wrong));
    assert_eq!(wrong.to_string(), "this is a zkdx verification key, expected a zkdx proof");
    assert_eq!(open(Kind::Model, &proof.1), Err(FileError::Kind { expected: Kind::Model, got: Kind::Proof }));
    assert_eq!(open(Kind::Registration, &model.1).unwrap_err().to_string().matches("model").count(), 1);
    assert_eq!(open(Kind::Proof, b"{\"proof\": 1}"), Err(FileError::NotZkdx));
    assert_eq!(open(Kind::Proof, b"zk"), Err(FileError::Truncated { expected: 16, got: 2 }));
}

#[test]
fn other_versions_and_damage_are_named() {
    let [_, _, (kind, bytes)] = files();
    let bent = |index: usize| {
        let mut bent = bytes.clone();
        bent[index] ^= 2;
        open(kind, &bent).unwrap_err()
    };
    assert_eq!(bent(7), FileError::Version { expected: 1, got: 3 });
    assert_eq!(bent(100), FileError::Damaged);
    assert_eq!(bent(bytes.len() - 1), FileError::Damaged);
}

#[test]
fn a_length_is_limited_before_anything_is_allocated() {
    let head = header(Kind::Proof, usize::MAX);
    let refusal = FileError::TooLong { kind: Kind::Proof, limit: 320, got: u64::MAX };
    assert_eq!(total_length(Kind::Proof, &head), Err(refusal));
    assert_eq!(total_length(Kind::Proof, &header(Kind::Proof, 320)), Ok(368));
}
