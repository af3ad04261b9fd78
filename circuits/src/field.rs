//! The scalar field of BN254 and the integers that live in it.

pub use ark_bn254::Fr;
use std::sync::LazyLock;

use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField};

/// The integer `value` as a field element; negative integers wrap to `r − |value|`.
pub fn from_int(value: impl Into<i128>) -> Fr {
    Fr::from(value.into())
}

/// `2^exponent` in the field.
pub fn power_of_two(exponent: u32) -> Fr {
    static POWERS: LazyLock<Vec<Fr>> = LazyLock::new(|| {
        let doubled = |power: &Fr| Some(power.double());
        std::iter::successors(Some(Fr::ONE), doubled).take(Fr::MODULUS_BIT_SIZE as usize).collect()
    });
    POWERS.get(exponent as usize).copied().unwrap_or_else(|| Fr::from(2u64).pow([u64::from(exponent)]))
}

/// `Σ_j limb_j·2^(stride·j)`, where limbs may be negative; `stride` times their number is at most 252 and every limb at most
/// `2^62` in magnitude.
pub fn packed(limbs: &[i64], stride: u32) -> Fr {
    // Two's complement in 320 bits: a borrow of a negative limb runs into the sign.
    let mut words = [0u64; 5];
    for (index, &limb) in limbs.iter().enumerate() {
        add_shifted(&mut words, limb, stride * index as u32);
    }
    let negative = words[4] >> 63 == 1;
    if negative {
        words.iter_mut().for_each(|word| *word = !*word);
        add_shifted(&mut words, 1, 0);
    }
    let value = Fr::from_bigint(BigInt([words[0], words[1], words[2], words[3]])).unwrap_or_default();
    if negative { -value } else { value }
}

/// `words += value·2^shift`, in two's complement.
fn add_shifted(words: &mut [u64; 5], value: i64, shift: u32) {
    let (first, bits) = ((shift / 64) as usize, shift % 64);
    let wide = i128::from(value) << bits;
    let (mut low, mut high) = (wide as u64, (wide >> 64) as u64);
    let sign = (wide >> 127) as u64;
    let mut carry = false;
    for word in words.iter_mut().skip(first) {
        let (sum, overflow) = word.overflowing_add(low);
        let (sum, again) = sum.overflowing_add(u64::from(carry));
        (*word, carry) = (sum, overflow || again);
        (low, high) = (high, sign);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_limbs_of_any_sign() {
        let sum = |limbs: &[i64], stride: u32| -> Fr {
            limbs.iter().zip(0..).map(|(&limb, j)| from_int(limb) * power_of_two(stride * j)).sum()
        };
        let cases: [&[i64]; 7] = [&[], &[-1], &[5, -3], &[-5, 3], &[-128; 9], &[127, -128, 0, -1, 1], &[-(1 << 62), 1]];
        for limbs in cases {
            for stride in [1, 7, 23, 28, 63].into_iter().filter(|stride| stride * limbs.len() as u32 <= 252) {
                assert_eq!(packed(limbs, stride), sum(limbs, stride), "{limbs:?} by {stride}");
            }
        }
        assert_eq!(packed(&[-1; 4], 63), sum(&[-1; 4], 63));
    }

    #[test]
    fn powers_of_two_double() {
        assert!((0..300).all(|exponent| power_of_two(exponent).double() == power_of_two(exponent + 1)));
    }
}
