//! The scalar field of BN254 and the integers that live in it.

pub use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};

/// The integer `value` as a field element; negative integers wrap to `r − |value|`.
pub fn from_int(value: impl Into<i128>) -> Fr {
    Fr::from(value.into())
}

/// `2^exponent` in the field.
pub fn power_of_two(exponent: u32) -> Fr {
    use ark_ff::Field;
    Fr::from(2u64).pow([u64::from(exponent)])
}

/// The 32 big-endian bytes of `value` in `[0, r)`.
pub fn to_bytes(value: &Fr) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    bytes.copy_from_slice(&value.into_bigint().to_bytes_be());
    bytes
}

/// The field element of 32 big-endian bytes, or `None` if they spell a number `≥ r`.
pub fn from_bytes(bytes: &[u8; 32]) -> Option<Fr> {
    let value = Fr::from_be_bytes_mod_order(bytes);
    (to_bytes(&value) == *bytes).then_some(value)
}

/// The field element of 32 big-endian bytes reduced modulo `r`; for hash outputs only.
pub fn from_hash(bytes: &[u8; 32]) -> Fr {
    Fr::from_be_bytes_mod_order(bytes)
}
