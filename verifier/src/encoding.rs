//! Canonical bytes of field elements and points, as fixed in `docs/src/encodings.md`.
//!
//! Every value has exactly one encoding: coordinates below `q`, scalars below `r`, infinity as zeros. Whatever reads refuses the rest.

mod point;
mod reader;

use thiserror::Error;

pub use point::{G1_BYTES, G2_BYTES, check_g1, check_g2, g1_bytes, g2_bytes};
pub use reader::Reader;

use zkdx_circuits::{Fr, field};

/// Why bytes are not the encoding of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// Fewer bytes than the value takes.
    #[error("{what} takes {expected} bytes, only {got} are left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Bytes it takes.
        expected: usize,
        /// Bytes left.
        got: usize,
    },
    /// Bytes after the last value.
    #[error("{extra} bytes follow the end")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// A number not below its modulus.
    #[error("{what} holds a number that is not below its modulus")]
    NotCanonical {
        /// What was being read.
        what: &'static str,
    },
    /// Infinity where a point of the group proper is needed.
    #[error("{what} is the point at infinity")]
    Infinity {
        /// What was being read.
        what: &'static str,
    },
    /// Coordinates that do not satisfy the curve's equation.
    #[error("{what} is not on its curve")]
    OffCurve {
        /// What was being read.
        what: &'static str,
    },
    /// A point of the curve outside the subgroup of order `r`.
    #[error("{what} is outside the subgroup of prime order")]
    OutsideSubgroup {
        /// What was being read.
        what: &'static str,
    },
}

/// Statement words from their 32-byte encodings; a word that is not below `r` is refused, never reduced.
pub fn words_from_bytes(words: &[[u8; 32]]) -> Result<Vec<Fr>, DecodeError> {
    let decode = |bytes| field::from_bytes(bytes).ok_or(DecodeError::NotCanonical { what: "a statement word" });
    words.iter().map(decode).collect()
}
