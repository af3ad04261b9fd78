//! A cursor over hostile bytes: every read is checked, nothing is allocated before its length is.

use ark_bn254::{Fq, G1Affine, G2Affine};
use zkdx_circuits::{Fr, field, statement::Digest32};

use super::point::{coordinate_from_bytes, g1_from_coordinates, g2_from_coordinates};
use super::{DecodeError, check_g1, check_g2};

/// Reads values off the front of a slice. Every method names what it reads, for its error.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not read yet.
    pub const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'b [u8; N], DecodeError> {
        let truncated = DecodeError::Truncated { what, expected: N, got: self.rest.len() };
        let (head, rest) = self.rest.split_first_chunk().ok_or(truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `len` bytes.
    pub fn bytes(&mut self, len: usize, what: &'static str) -> Result<&'b [u8], DecodeError> {
        let truncated = DecodeError::Truncated { what, expected: len, got: self.rest.len() };
        let (head, rest) = self.rest.split_at_checked(len).ok_or(truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// `count` items of `N` bytes each.
    pub fn arrays<const N: usize>(&mut self, count: usize, what: &'static str) -> Result<&'b [[u8; N]], DecodeError> {
        let (items, _) = self.bytes(count.saturating_mul(N), what)?.as_chunks();
        Ok(items)
    }

    /// One byte.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.array(what).map(|bytes| u8::from_be_bytes(*bytes))
    }

    /// A 16-bit number.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        self.array(what).map(|bytes| u16::from_be_bytes(*bytes))
    }

    /// A 32-bit number.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        self.array(what).map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// A 64-bit number.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.array(what).map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// A 32-byte digest.
    pub fn digest(&mut self, what: &'static str) -> Result<Digest32, DecodeError> {
        self.array(what).copied()
    }

    /// A scalar below `r`.
    pub fn scalar(&mut self, what: &'static str) -> Result<Fr, DecodeError> {
        field::from_bytes(self.array(what)?).ok_or(DecodeError::NotCanonical { what })
    }

    /// A point of G1, possibly infinity.
    pub fn g1(&mut self, what: &'static str) -> Result<G1Affine, DecodeError> {
        let point = g1_from_coordinates(self.coordinates(what)?);
        check_g1(&point, what).map(|()| point)
    }

    /// A point of G2, possibly infinity, inside the subgroup.
    pub fn g2(&mut self, what: &'static str) -> Result<G2Affine, DecodeError> {
        let point = g2_from_coordinates(self.coordinates(what)?);
        check_g2(&point, what).map(|()| point)
    }

    /// Requires that nothing is left.
    pub fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Trailing { extra: self.rest.len() }) }
    }

    fn coordinates<const N: usize>(&mut self, what: &'static str) -> Result<[Fq; N], DecodeError> {
        let mut coordinates = [Fq::from(0u64); N];
        for coordinate in &mut coordinates {
            *coordinate = coordinate_from_bytes(self.array(what)?).ok_or(DecodeError::NotCanonical { what })?;
        }
        Ok(coordinates)
    }
}
