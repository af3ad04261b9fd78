//! Points and columns as they lie in a proving key: little-endian, points as the limbs that the processor computes with (Montgomery
//! form, `x·2^256 mod q`), every section at a multiple of 32 bytes from the start of the file. Reading is a parallel copy.
//!
//! Each point that is read has coordinates below `q`, satisfies its curve's equation and is not infinity. G1 of BN254 has cofactor 1,
//! so that is all for G1. For G2 see [`super::subgroup`].

use std::io;

use ark_bn254::{Fq, Fq2, g1, g2};
use ark_ff::{BigInt, PrimeField};
use rayon::prelude::*;
use zkdx_verifier::encoding::{DecodeError, Reader};

use super::{Point, ProvingKeyError, Query};

/// Sections start at multiples of this.
pub(super) const ALIGNMENT: usize = 32;
/// Points that are encoded at once while writing.
const BATCH: usize = 1 << 13;
const WHAT: &str = "a point of the proving key";

/// A point with its raw bytes.
pub(super) trait Raw: Point {
    const BYTES: usize;
    fn write(&self, bytes: &mut Vec<u8>);
    /// The point at the start of `bytes`, on its curve.
    fn read(bytes: &[u8]) -> Result<Self, ProvingKeyError>;
}

impl Raw for g1::G1Affine {
    const BYTES: usize = 64;

    fn write(&self, bytes: &mut Vec<u8>) {
        write_coordinates([self.x, self.y], bytes);
    }

    fn read(bytes: &[u8]) -> Result<Self, ProvingKeyError> {
        let [x, y] = read_coordinates(bytes)?;
        checked(Self::new_unchecked(x, y), Self::is_on_curve)
    }
}

impl Raw for g2::G2Affine {
    const BYTES: usize = 128;

    fn write(&self, bytes: &mut Vec<u8>) {
        write_coordinates([self.x.c0, self.x.c1, self.y.c0, self.y.c1], bytes);
    }

    fn read(bytes: &[u8]) -> Result<Self, ProvingKeyError> {
        let [x0, x1, y0, y1] = read_coordinates(bytes)?;
        checked(Self::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1)), Self::is_on_curve)
    }
}

fn checked<P: Point>(point: P, on_curve: impl Fn(&P) -> bool) -> Result<P, ProvingKeyError> {
    if point.is_zero() {
        return Err(ProvingKeyError::Shape { what: "the points" });
    }
    if on_curve(&point) { Ok(point) } else { Err(DecodeError::OffCurve { what: WHAT }.into()) }
}

fn write_coordinates<const N: usize>(coordinates: [Fq; N], bytes: &mut Vec<u8>) {
    for limb in coordinates.iter().flat_map(|coordinate| coordinate.0.0) {
        bytes.extend(limb.to_le_bytes());
    }
}

fn read_coordinates<const N: usize>(bytes: &[u8]) -> Result<[Fq; N], DecodeError> {
    let mut reader = Reader::new(bytes);
    let mut coordinates = [Fq::from(0u64); N];
    for coordinate in &mut coordinates {
        let mut limbs = [0; 4];
        for limb in &mut limbs {
            *limb = u64::from_le_bytes(*reader.array(WHAT)?);
        }
        let montgomery = BigInt(limbs);
        if montgomery >= Fq::MODULUS {
            return Err(DecodeError::NotCanonical { what: WHAT });
        }
        *coordinate = Fq::new_unchecked(montgomery);
    }
    Ok(coordinates)
}

/// Bytes that bring `position` to the next section.
pub(super) fn padding(position: usize) -> usize {
    position.next_multiple_of(ALIGNMENT) - position
}

/// Bytes of a section with `columns` columns and `points` points.
pub(super) fn section_bytes<P: Raw>(columns: usize, points: usize) -> usize {
    (4 + 4 * columns).next_multiple_of(ALIGNMENT) + points * P::BYTES
}

/// count (4) │ columns (4 each) │ zeros │ points
pub(super) fn write_section<P: Raw>(columns: &[u32], points: &[P], out: &mut dyn io::Write) -> io::Result<()> {
    let mut bytes = (points.len() as u32).to_le_bytes().to_vec();
    bytes.extend(columns.iter().flat_map(|column| column.to_le_bytes()));
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    out.write_all(&bytes)?;
    for batch in points.chunks(BATCH) {
        bytes.clear();
        batch.iter().for_each(|point| point.write(&mut bytes));
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// A query over `range` columns.
pub(super) fn read_query<P: Raw>(reader: &mut Reader<'_>, range: usize) -> Result<Query<P>, ProvingKeyError> {
    let count = read_count(reader)?;
    let columns: Vec<u32> =
        reader.arrays(count, "the columns")?.iter().map(|column| u32::from_le_bytes(*column)).collect();
    read_padding(reader, 4 + 4 * count)?;
    let inside = columns.last().is_none_or(|&last| (last as usize) < range);
    if !inside || !columns.is_sorted_by(|one, next| one < next) {
        return Err(ProvingKeyError::Shape { what: "the columns" });
    }
    Ok(Query { columns, points: read_points(reader, count)? })
}

/// Exactly `expected` points that need no columns.
pub(super) fn read_dense<P: Raw>(reader: &mut Reader<'_>, expected: usize) -> Result<Vec<P>, ProvingKeyError> {
    let count = read_count(reader)?;
    if count != expected {
        return Err(ProvingKeyError::Shape { what: "the powers" });
    }
    read_padding(reader, 4)?;
    read_points(reader, count)
}

fn read_count(reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
    reader.array("the number of points").map(|bytes| u32::from_le_bytes(*bytes) as usize)
}

/// The zeros after `length` bytes of a section.
pub(super) fn read_padding(reader: &mut Reader<'_>, length: usize) -> Result<(), ProvingKeyError> {
    let zeros = reader.bytes(padding(length), "the padding")?.iter().all(|byte| *byte == 0);
    if zeros { Ok(()) } else { Err(ProvingKeyError::Shape { what: "the padding" }) }
}

fn read_points<P: Raw>(reader: &mut Reader<'_>, count: usize) -> Result<Vec<P>, ProvingKeyError> {
    let bytes = reader.bytes(count.saturating_mul(P::BYTES), "the points")?;
    bytes.par_chunks(P::BYTES).map(P::read).collect()
}
