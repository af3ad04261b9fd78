//! One value, one encoding; everything else is refused, and nothing panics.

mod common;

use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField};
use proptest::prelude::*;
use zkdx_circuits::field;
use zkdx_verifier::encoding::{Reader, g1_bytes, g2_bytes, words_from_bytes};
use zkdx_verifier::{DecodeError, Model, Proof, VerifyingKey, file};

fn read_g1(bytes: &[u8]) -> Result<G1Affine, DecodeError> {
    Reader::new(bytes).g1("point")
}

fn read_g2(bytes: &[u8]) -> Result<G2Affine, DecodeError> {
    Reader::new(bytes).g2("point")
}

/// EIP-196 and EIP-197: the generators as Ethereum writes them.
#[test]
fn the_generators_are_ethereums() {
    let g1 = g1_bytes(&G1Affine::generator());
    assert_eq!((g1[31], g1[63], g1.iter().map(|&byte| u32::from(byte)).sum::<u32>()), (1, 2, 3));
    let g2 = hex::encode(g2_bytes(&G2Affine::generator()));
    let expected = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2\
                    1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed\
                    090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b\
                    12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
    assert_eq!(g2, expected);
}

#[test]
fn infinity_is_zeros() {
    assert_eq!(g1_bytes(&G1Affine::identity()), [0; 64]);
    assert_eq!(g2_bytes(&G2Affine::identity()), [0; 128]);
    assert_eq!(read_g1(&[0; 64]), Ok(G1Affine::identity()));
    assert_eq!(read_g2(&[0; 128]), Ok(G2Affine::identity()));
}

#[test]
fn coordinates_at_or_above_the_modulus_are_refused() {
    let modulus = Fq::MODULUS.to_bytes_be();
    let not_canonical = DecodeError::NotCanonical { what: "point" };
    let mut infinity = [0u8; 64];
    infinity[..32].copy_from_slice(&modulus);
    assert_eq!(read_g1(&infinity), Err(not_canonical), "q is another spelling of 0");
    let mut shifted = g1_bytes(&G1Affine::generator());
    let mut x = Fq::MODULUS;
    x.add_with_carry(&1u64.into());
    shifted[..32].copy_from_slice(&x.to_bytes_be());
    assert_eq!(read_g1(&shifted), Err(not_canonical), "q + 1 is another spelling of 1");
    assert_eq!(read_g1(&[0xff; 64]), Err(not_canonical));
    assert_eq!(read_g2(&[0xff; 128]), Err(not_canonical));
}

#[test]
fn points_off_the_curve_are_refused() {
    let mut bytes = g1_bytes(&G1Affine::generator());
    bytes[63] = 3;
    assert_eq!(read_g1(&bytes), Err(DecodeError::OffCurve { what: "point" }));
    let mut bytes = g2_bytes(&G2Affine::generator());
    bytes[127] ^= 1;
    assert_eq!(read_g2(&bytes), Err(DecodeError::OffCurve { what: "point" }));
    bytes[..96].fill(0);
    assert_eq!(read_g2(&bytes), Err(DecodeError::OffCurve { what: "point" }));
}

#[test]
fn points_outside_the_subgroup_are_refused() {
    let outside = common::outside_subgroup();
    assert!(outside.is_on_curve());
    assert_eq!(read_g2(&g2_bytes(&outside)), Err(DecodeError::OutsideSubgroup { what: "point" }));
}

/// Reduced modulo `r`, `w` and `w + r` would be one word with two spellings, and so one proof with two statements.
#[test]
fn words_at_or_above_the_modulus_are_refused() {
    let word = Fr::from(42u64);
    let mut alias = Fr::MODULUS;
    alias.add_with_carry(&word.into_bigint());
    let alias: [u8; 32] = alias.to_bytes_be().try_into().unwrap();
    assert_eq!(field::from_hash(&alias), word, "reduction would accept the alias");
    let refusal = DecodeError::NotCanonical { what: "a statement word" };
    assert_eq!(words_from_bytes(&[field::to_bytes(&word), alias]), Err(refusal));
    let modulus: [u8; 32] = Fr::MODULUS.to_bytes_be().try_into().unwrap();
    assert_eq!(words_from_bytes(&[modulus]), Err(refusal));
    assert_eq!(words_from_bytes(&[[0xff; 32]]), Err(refusal));
    assert_eq!(words_from_bytes(&[field::to_bytes(&word), field::to_bytes(&-Fr::from(1u64))]).unwrap()[0], word);
}

#[test]
fn a_reader_says_what_is_missing() {
    let mut reader = Reader::new(&[1, 2, 3]);
    assert_eq!(reader.u16("a count"), Ok(0x0102));
    let truncated = DecodeError::Truncated { what: "a digest", expected: 32, got: 1 };
    assert_eq!(reader.digest("a digest"), Err(truncated));
    let huge = DecodeError::Truncated { what: "points", expected: usize::MAX, got: 1 };
    assert_eq!(reader.arrays::<64>(usize::MAX, "points"), Err(huge));
    assert_eq!(reader.finish(), Err(DecodeError::Trailing { extra: 1 }));
}

#[test]
fn proofs_and_models_survive_their_bytes() {
    let (proof, model) = (common::proof(), common::model());
    assert_eq!(Proof::from_bytes(&proof.to_bytes()), Ok(proof));
    assert_eq!(Model::from_bytes(&model.to_bytes()), Ok(model));
}

#[test]
fn every_other_length_is_refused() {
    let (proof, model) = (common::proof().to_bytes(), common::model().to_bytes());
    for length in 0..proof.len() {
        assert!(matches!(Proof::from_bytes(&proof[..length]), Err(DecodeError::Truncated { .. })));
    }
    for length in 0..model.len() {
        assert!(matches!(Model::from_bytes(&model[..length]), Err(DecodeError::Truncated { .. })));
    }
    let longer = [&proof[..], &[0]].concat();
    assert_eq!(Proof::from_bytes(&longer), Err(DecodeError::Trailing { extra: 1 }));
    assert_eq!(Model::from_bytes(&[&model[..], &[0]].concat()), Err(DecodeError::Trailing { extra: 1 }));
}

#[test]
fn a_flipped_bit_makes_another_model_or_none() {
    let model = common::model();
    for index in 0..model.to_bytes().len() {
        let mut bytes = model.to_bytes();
        bytes[index] ^= 1 << (index % 8);
        assert!(Model::from_bytes(&bytes).map_or(true, |other| other.id() != model.id()), "byte {index}");
    }
}

proptest! {
    #[test]
    fn points_survive_their_bytes(scalar in any::<[u8; 32]>()) {
        let scalar = field::from_hash(&scalar);
        let g1 = (G1Affine::generator() * scalar).into_affine();
        let g2 = (G2Affine::generator() * scalar).into_affine();
        prop_assert_eq!(read_g1(&g1_bytes(&g1)), Ok(g1));
        prop_assert_eq!(read_g2(&g2_bytes(&g2)), Ok(g2));
    }

    #[test]
    fn whatever_reads_as_a_point_writes_the_same(bytes in prop::array::uniform32(any::<u8>()), small in 0u8..4) {
        let mut point = [0u8; 64];
        point[..32].copy_from_slice(&bytes);
        point[63] = small;
        if let Ok(read) = read_g1(&point) {
            prop_assert_eq!(g1_bytes(&read), point);
        }
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..1200), magic in any::<bool>()) {
        let mut bytes = bytes;
        if magic {
            bytes.splice(0..0, *b"zkdx-vk\0\0\x01\0\x02\0\0\0\x02");
        }
        let _ = VerifyingKey::from_bytes(&bytes);
        let _ = Proof::from_bytes(&bytes);
        let _ = Model::from_bytes(&bytes);
        let _ = file::open(file::Kind::Proof, &bytes);
    }
}
