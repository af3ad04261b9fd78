//! The verification key: its bytes, and every degenerate one refused.

mod common;

use ark_bn254::{G1Affine, G2Affine};
use common::{g2, key};
use zkdx_circuits::{Case, Statement};
use zkdx_verifier::{DecodeError, KeyError, PreparedVerifyingKey, SetupKind, VerifyError, VerifyingKey, verify};

/// What every loader says about `key` after `bend`.
fn refusal(bend: impl Fn(&mut VerifyingKey)) -> KeyError {
    let mut key = key();
    bend(&mut key);
    let refusal = VerifyingKey::from_bytes(&key.to_bytes()).unwrap_err();
    assert_eq!(PreparedVerifyingKey::new(key).map(drop), Err(refusal));
    refusal
}

#[test]
fn a_key_survives_its_bytes() {
    let key = key();
    let bytes = key.to_bytes();
    assert_eq!(bytes.len(), 800 + 64 * (1 + 2 + 2));
    assert_eq!((&bytes[..8], &bytes[8..16]), (&b"zkdx-vk\0"[..], &[0, 1, 0, 2, 0, 0, 0, 2][..]));
    assert_eq!((&bytes[16..20], &bytes[20..32]), (&[0, 0, 0, 1][..], &[0; 12][..]));
    assert_eq!((&bytes[32..64], &bytes[64..96]), (&[0xa5; 32][..], &[0; 32][..]));
    assert_eq!(VerifyingKey::from_bytes(&bytes), Ok(key.clone()));
    let ceremony = VerifyingKey { setup: SetupKind::Ceremony, setup_digest: [1; 32], ..key };
    assert_eq!(VerifyingKey::from_bytes(&ceremony.to_bytes()), Ok(ceremony));
}

#[test]
fn records_share_the_words_evenly() {
    for got in [0, 2, 3, 1 << 31] {
        assert_eq!(refusal(|key| key.records = got), KeyError::Records { words: 2, got });
    }
    let six = |records| VerifyingKey { records, ic: (106..115).map(common::g1).collect(), ..key() };
    for records in [1, 2, 3] {
        let key = six(records);
        assert_eq!(VerifyingKey::from_bytes(&key.to_bytes()), Ok(key));
    }
    for got in [4, 5, 6, 12] {
        let refused = VerifyingKey::from_bytes(&six(got).to_bytes());
        assert_eq!(refused, Err(KeyError::Records { words: 6, got }));
    }
}

#[test]
fn gamma_may_be_the_generator_or_random() {
    for gamma in [1, 999] {
        PreparedVerifyingKey::new(VerifyingKey { gamma_g2: g2(gamma), ..key() }).unwrap();
    }
}

#[test]
fn small_multiples_are_refused() {
    for k in (1..=8).flat_map(|k| [k, -k]) {
        assert_eq!(refusal(|key| key.beta_g2 = g2(k)), KeyError::SmallMultiple { what: "β" });
        assert_eq!(refusal(|key| key.delta_w_g2 = g2(k)), KeyError::SmallMultiple { what: "δ_W" });
        assert_eq!(refusal(|key| key.delta_1_g2 = g2(k)), KeyError::SmallMultiple { what: "δ_1" });
        assert_eq!(refusal(|key| key.delta_2_g2 = g2(k)), KeyError::SmallMultiple { what: "δ_2" });
        if k != 1 {
            assert_eq!(refusal(|key| key.gamma_g2 = g2(k)), KeyError::SmallMultiple { what: "γ" });
        }
    }
}

#[test]
fn related_divisors_are_refused() {
    type Element = fn(&mut VerifyingKey) -> &mut G2Affine;
    let elements: [(Element, &str); 4] = [
        (|key| &mut key.gamma_g2, "γ"),
        (|key| &mut key.delta_w_g2, "δ_W"),
        (|key| &mut key.delta_1_g2, "δ_1"),
        (|key| &mut key.delta_2_g2, "δ_2"),
    ];
    for (i, (one, first)) in elements.into_iter().enumerate() {
        for (other, second) in elements.into_iter().skip(i + 1) {
            for sign in [1, -1] {
                let bend = |key: &mut VerifyingKey| {
                    *one(key) = g2(500);
                    *other(key) = g2(500 * sign);
                };
                assert_eq!(refusal(bend), KeyError::Related { first, second });
            }
        }
    }
}

#[test]
fn infinity_is_refused() {
    let (g1, g2) = (G1Affine::identity(), G2Affine::identity());
    assert_eq!(refusal(|key| key.alpha_g1 = g1), KeyError::Infinity { what: "α" });
    assert_eq!(refusal(|key| key.beta_g2 = g2), KeyError::Infinity { what: "β" });
    assert_eq!(refusal(|key| key.gamma_g2 = g2), KeyError::Infinity { what: "γ" });
    assert_eq!(refusal(|key| key.delta_w_g2 = g2), KeyError::Infinity { what: "δ_W" });
    assert_eq!(refusal(|key| key.delta_1_g2 = g2), KeyError::Infinity { what: "δ_1" });
    assert_eq!(refusal(|key| key.delta_2_g2 = g2), KeyError::Infinity { what: "δ_2" });
    for index in 0..5 {
        assert_eq!(refusal(|key| key.ic[index] = g1), KeyError::Infinity { what: "an element of IC" });
    }
}

#[test]
fn points_that_are_none_are_refused() {
    let off_curve = G1Affine::new_unchecked(1u64.into(), 1u64.into());
    let refused = refusal(|key| key.ic[3] = off_curve);
    assert_eq!(refused, KeyError::Decode(DecodeError::OffCurve { what: "an element of IC" }));
    let refused = refusal(|key| key.delta_1_g2 = common::outside_subgroup());
    assert_eq!(refused, KeyError::Decode(DecodeError::OutsideSubgroup { what: "δ_1" }));
}

#[test]
fn inconsistent_headers_are_refused() {
    assert_eq!(refusal(|key| key.setup_digest = [1; 32]), KeyError::Setup);
    assert_eq!(refusal(|key| key.setup = SetupKind::Ceremony), KeyError::Setup);
    assert_eq!(refusal(|key| key.challenges = 0), KeyError::Challenges { got: 0 });
    assert_eq!(refusal(|key| key.challenges = 3), KeyError::Words { got: 1 });
    let bent = |index: usize, value: u8| {
        let mut bytes = key().to_bytes();
        bytes[index] = value;
        VerifyingKey::from_bytes(&bytes).unwrap_err()
    };
    assert_eq!(bent(0, b'Z'), KeyError::Magic);
    assert_eq!(bent(9, 2), KeyError::Version { expected: 1, got: 2 });
    assert_eq!(bent(10, 2), KeyError::Setup);
    assert_eq!(bent(11, 9), KeyError::Challenges { got: 9 });
    assert_eq!(bent(12, 0xff), KeyError::Words { got: 0xff00_0002 });
    assert_eq!(bent(15, 3), KeyError::Length { expected: 1184, got: 1120 });
    assert_eq!(bent(31, 1), KeyError::Reserved);
}

#[test]
fn every_other_length_is_refused() {
    let bytes = key().to_bytes();
    assert!((0..bytes.len()).all(|length| VerifyingKey::from_bytes(&bytes[..length]).is_err()));
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(VerifyingKey::from_bytes(&longer), Err(KeyError::Length { expected: 1120, got: 1121 }));
}

/// A flipped bit is refused on loading, or makes another key, under which no registered model verifies.
#[test]
fn every_flipped_bit_is_refused_or_makes_another_key() {
    let bytes = key().to_bytes();
    let model = common::model();
    let case = Case { record_commitment: 1u64.into(), outcome: vec![2u64.into()], context: Default::default() };
    let statement = Statement::single(model.id(), case);
    for index in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[index] ^= 1 << (index % 8);
        let Ok(other) = VerifyingKey::from_bytes(&bent) else { continue };
        let other = PreparedVerifyingKey::new(other).unwrap();
        let refusal = verify(&other, &model, &statement, &common::proof());
        assert!(matches!(refusal, Err(VerifyError::WrongKey { .. })), "byte {index}");
    }
}
