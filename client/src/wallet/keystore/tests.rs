//! Keystores of other programs open, and changed or hostile ones are refused.

use super::*;

/// The test vector of the Web3 Secret Storage Definition: password `testpassword`.
const PBKDF2: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
/// The same key and password, made by another program: node's `crypto`. The definition's own vector for scrypt has `r = 1`, see below.
const SCRYPT: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"9b8efd15c9ee817dd77ebc787cc2fa44553ddc95b6ad1bc9b3fe327af0c10513","kdf":"scrypt","kdfparams":{"dklen":32,"n":16384,"p":2,"r":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},"mac":"ec22be0a558f3b826f0d27d95b2857a960456976cdefd88cbb699978248f0256"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
const SECRET: &str = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

#[test]
fn other_programs_keystores_open() {
    for keystore in [PBKDF2, SCRYPT] {
        let secret = decrypt(keystore.as_bytes(), "testpassword").expect("opens");
        assert_eq!(hex::encode(&secret[..]), SECRET);
        assert_eq!(decrypt(keystore.as_bytes(), "testpassword ").map(drop), Err(KeystoreError::WrongPassword));
    }
}

#[test]
fn what_is_encrypted_opens_with_its_password_alone() {
    let mut rng = rand::thread_rng();
    let secret = rng.r#gen();
    let json = encrypt(&secret, Address::ZERO, "päss", Cost::Light, &mut rng).expect("encrypts");
    assert_eq!(*decrypt(json.as_bytes(), "päss").expect("opens"), secret);
    assert_eq!(decrypt(json.as_bytes(), "pass").map(drop), Err(KeystoreError::WrongPassword));
    assert!(!json.contains(&hex::encode(secret)));
}

#[test]
fn every_changed_byte_of_the_ciphertext_and_its_parameters_is_refused() {
    let mut rng = rand::thread_rng();
    let json = encrypt(&rng.r#gen(), Address::ZERO, "p", Cost::Light, &mut rng).expect("encrypts");
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    for pointer in ["/crypto/ciphertext", "/crypto/mac", "/crypto/kdfparams/salt"] {
        let text = value.pointer(pointer).and_then(serde_json::Value::as_str).expect(pointer);
        for at in (0..text.len()).step_by(7) {
            let mut changed = value.clone();
            let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
            *changed.pointer_mut(pointer).expect(pointer) = [&text[..at], digit, &text[at + 1..]].concat().into();
            let got = decrypt(changed.to_string().as_bytes(), "p").map(drop);
            assert_eq!(got, Err(KeystoreError::WrongPassword), "{pointer} {at}");
        }
    }
}

#[test]
fn hostile_parameters_cost_nothing() {
    let swap = |from: &str, to: &str| decrypt(SCRYPT.replace(from, to).as_bytes(), "x").map(drop);
    assert!(matches!(swap("\"n\":16384", "\"n\":1099511627776"), Err(KeystoreError::TooCostly(_))));
    assert!(matches!(swap("\"r\":8", "\"r\":4294967295"), Err(KeystoreError::TooCostly(_))));
    assert!(matches!(swap("\"p\":2", "\"p\":4294967295"), Err(KeystoreError::TooCostly(_))));
    assert!(matches!(swap("\"n\":16384", "\"n\":16383"), Err(KeystoreError::Malformed(_))));
    assert!(matches!(swap("\"n\":16384", "\"n\":0"), Err(KeystoreError::Malformed(_))));
    assert!(matches!(swap("\"r\":8", "\"r\":0"), Err(KeystoreError::Malformed(_))));
    assert!(matches!(
        swap("\"n\":16384,\"p\":2,\"r\":8", "\"n\":262144,\"p\":8,\"r\":1"),
        Err(KeystoreError::Unsupported(_))
    ));
    assert!(matches!(swap("\"dklen\":32", "\"dklen\":8"), Err(KeystoreError::Unsupported(_))));
    assert!(matches!(swap("83dbcc02d8ccb40e466191a123791e0e", "83"), Err(KeystoreError::Malformed(_))));
    assert!(matches!(swap("\"version\":3", "\"version\":1"), Err(KeystoreError::Unsupported(_))));
    assert!(matches!(swap("aes-128-ctr", "none"), Err(KeystoreError::Unsupported(_))));
    let swap = |from: &str, to: &str| decrypt(PBKDF2.replace(from, to).as_bytes(), "x").map(drop);
    assert!(matches!(swap("\"c\":262144", "\"c\":4294967295"), Err(KeystoreError::TooCostly(_))));
    assert!(matches!(swap("\"c\":262144", "\"c\":0"), Err(KeystoreError::TooCostly(_))));
    assert!(matches!(decrypt(b"{}", "x").map(drop), Err(KeystoreError::Malformed(_))));
}
