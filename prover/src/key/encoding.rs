//! A proving key's bytes: the envelope of [`zkdx_verifier::file`] with a BLAKE3 checksum around
//!
//! ```text
//! counts: constraints, public, challenges, weight, small, field, second (4 each) │ circuit digest (32)
//! verification key: length (4), bytes │ [β]₁ [δ_W]₁ [δ_1]₁ [δ_2]₁
//! left, right in G1, right in G2, first: small query, field query │ second │ quotient: count (4), points
//! 0, or 1 and the weights' left, right in G1, right in G2, commitment
//! query = count (4), columns (4 each), points
//! ```
//!
//! Every point is checked on loading: on its curve, in its subgroup, not at infinity; the halves in G1 and G2 of `β` and the divisors are
//! the same numbers. So a key that loads cannot make a prover emit a proof that is not blinded.

use ark_bn254::{Bn254, G1Affine, G2Affine, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::pairing::Pairing;
use rayon::prelude::*;
use thiserror::Error;
use zkdx_circuits::r1cs::ColumnCounts;
use zkdx_verifier::encoding::{DecodeError, G1_BYTES, G2_BYTES, Reader, g1_bytes, g2_bytes};
use zkdx_verifier::file::{self, FileError, Kind};
use zkdx_verifier::{KeyError, VerifyingKey};

use super::{CircuitInfo, Point, ProvingKey, Query, SplitQuery, WeightQueries};

/// Why bytes are no proving key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProvingKeyError {
    /// Another file, or a damaged one.
    #[error(transparent)]
    File(#[from] FileError),
    /// A malformed value.
    #[error("the proving key is malformed: {0}")]
    Decode(#[from] DecodeError),
    /// The verification key inside is refused.
    #[error(transparent)]
    VerifyingKey(#[from] KeyError),
    /// More points than columns, columns out of order, a point at infinity, or a flag other than 0 and 1.
    #[error("{what} of the proving key do not fit its circuit")]
    Shape {
        /// Which part.
        what: &'static str,
    },
    /// `[x]₁` and `[x]₂` with different `x`.
    #[error("{what} differs between the two groups of the proving key")]
    Halves {
        /// Which element.
        what: &'static str,
    },
}

/// A point with its bytes.
trait Encoded: Point {
    const BYTES: usize;
    fn write(&self, bytes: &mut Vec<u8>);
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

impl Encoded for g1::G1Affine {
    const BYTES: usize = G1_BYTES;

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(g1_bytes(self));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.g1("a point of the proving key")
    }
}

impl Encoded for g2::G2Affine {
    const BYTES: usize = G2_BYTES;

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(g2_bytes(self));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.g2("a point of the proving key")
    }
}

impl ProvingKey {
    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut payload = self.circuit.to_bytes();
        let verifying = self.verifying.to_bytes();
        payload.extend((verifying.len() as u32).to_be_bytes());
        payload.extend(verifying);
        self.scalars().iter().for_each(|point| point.write(&mut payload));
        self.write_queries(&mut payload);
        let mut bytes = file::header(Kind::ProvingKey, payload.len());
        bytes.append(&mut payload);
        bytes.extend(checksum(&bytes));
        bytes
    }

    /// Reads and checks what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProvingKeyError> {
        let mut reader = Reader::new(file::open_with(Kind::ProvingKey, bytes, checksum)?);
        let circuit = CircuitInfo::read(&mut reader)?;
        let verifying = read_verifying(&mut reader, &circuit)?;
        let mut g1 = || reader.g1("an element of the proving key");
        let [beta_g1, delta_w_g1, delta_1_g1, delta_2_g1] = [g1()?, g1()?, g1()?, g1()?];
        let columns = circuit.columns;
        let (small, field) = (columns.small, columns.public + columns.field + columns.second);
        let key = Self {
            left: read_split(&mut reader, small, field)?,
            right_g1: read_split(&mut reader, small, field)?,
            right_g2: read_split(&mut reader, small, field)?,
            first: read_split(&mut reader, small, columns.field)?,
            second: read_query(&mut reader, columns.second)?,
            quotient: read_quotient(&mut reader, &circuit)?,
            weights: read_weights(&mut reader, columns.weight)?,
            verifying,
            circuit,
            beta_g1,
            delta_w_g1,
            delta_1_g1,
            delta_2_g1,
        };
        reader.finish()?;
        key.check_halves()?;
        Ok(key)
    }

    fn scalars(&self) -> [G1Affine; 4] {
        [self.beta_g1, self.delta_w_g1, self.delta_1_g1, self.delta_2_g1]
    }

    fn write_queries(&self, bytes: &mut Vec<u8>) {
        write_split(&self.left, bytes);
        write_split(&self.right_g1, bytes);
        write_split(&self.right_g2, bytes);
        write_split(&self.first, bytes);
        write_query(&self.second, bytes);
        write_points(&self.quotient, bytes);
        bytes.push(u8::from(self.weights.is_some()));
        if let Some(weights) = &self.weights {
            write_query(&weights.left, bytes);
            write_query(&weights.right_g1, bytes);
            write_query(&weights.right_g2, bytes);
            write_query(&weights.commitment, bytes);
        }
    }

    /// `e([x]₁, [1]₂) = e([1]₁, [x]₂)` for `β` and the divisors.
    fn check_halves(&self) -> Result<(), ProvingKeyError> {
        let key = &self.verifying;
        let g2 = [key.beta_g2, key.delta_w_g2, key.delta_1_g2, key.delta_2_g2];
        let names = ["β", "δ_W", "δ_1", "δ_2"];
        let (one_g1, one_g2) = (G1Affine::generator(), G2Affine::generator());
        let differ = |g1: G1Affine, g2: G2Affine| Bn254::pairing(g1, one_g2) != Bn254::pairing(one_g1, g2);
        let mut halves = self.scalars().into_iter().zip(g2).zip(names);
        match halves.find(|((g1, g2), _)| differ(*g1, *g2)) {
            Some((_, what)) => Err(ProvingKeyError::Halves { what }),
            None => Ok(()),
        }
    }
}

impl CircuitInfo {
    fn to_bytes(self) -> Vec<u8> {
        let ColumnCounts { public, challenges, weight, small, field, second } = self.columns;
        let counts = [self.constraints, public, challenges, weight, small, field, second];
        let mut bytes: Vec<u8> = counts.iter().flat_map(|&count| (count as u32).to_be_bytes()).collect();
        bytes.extend(self.digest);
        bytes
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ProvingKeyError> {
        let mut count = || reader.u32("the circuit's counts").map(|count| count as usize);
        let constraints = count()?;
        let [public, challenges, weight] = [count()?, count()?, count()?];
        let [small, field, second] = [count()?, count()?, count()?];
        let columns = ColumnCounts { public, challenges, weight, small, field, second };
        let circuit = Self { constraints, columns, digest: reader.digest("the circuit's digest")? };
        let fits = circuit.domain_length() != 0;
        if fits { Ok(circuit) } else { Err(ProvingKeyError::Shape { what: "the counts" }) }
    }
}

fn checksum(bytes: &[u8]) -> [u8; 32] {
    blake3::Hasher::new().update_rayon(bytes).finalize().into()
}

fn write_points<P: Encoded>(points: &[P], bytes: &mut Vec<u8>) {
    bytes.extend((points.len() as u32).to_be_bytes());
    points.iter().for_each(|point| point.write(bytes));
}

fn write_query<P: Encoded>(query: &Query<P>, bytes: &mut Vec<u8>) {
    bytes.extend((query.columns.len() as u32).to_be_bytes());
    bytes.extend(query.columns.iter().flat_map(|column| column.to_be_bytes()));
    query.points.iter().for_each(|point| point.write(bytes));
}

fn write_split<P: Encoded>(query: &SplitQuery<P>, bytes: &mut Vec<u8>) {
    write_query(&query.small, bytes);
    write_query(&query.field, bytes);
}

fn read_verifying(reader: &mut Reader<'_>, circuit: &CircuitInfo) -> Result<VerifyingKey, ProvingKeyError> {
    let length = reader.u32("the verification key's length")? as usize;
    let key = VerifyingKey::from_bytes(reader.bytes(length, "the verification key")?)?;
    let fits = key.ic.len() == circuit.columns.public && key.challenges == circuit.columns.challenges;
    if fits { Ok(key) } else { Err(ProvingKeyError::Shape { what: "the public columns" }) }
}

/// `count` points, none at infinity, checked in parallel.
fn read_points<P: Encoded>(reader: &mut Reader<'_>, count: usize) -> Result<Vec<P>, ProvingKeyError> {
    let bytes = reader.bytes(count.saturating_mul(P::BYTES), "the points")?;
    let points: Vec<P> =
        bytes.par_chunks(P::BYTES).map(|chunk| P::read(&mut Reader::new(chunk))).collect::<Result<_, _>>()?;
    let finite = points.iter().all(|point| !point.is_zero());
    if finite { Ok(points) } else { Err(ProvingKeyError::Shape { what: "the points" }) }
}

/// A query over `range` columns.
fn read_query<P: Encoded>(reader: &mut Reader<'_>, range: usize) -> Result<Query<P>, ProvingKeyError> {
    let count = reader.u32("the number of points")? as usize;
    let columns: Vec<u32> =
        reader.arrays(count, "the columns")?.iter().map(|column| u32::from_be_bytes(*column)).collect();
    let inside = columns.last().is_none_or(|&last| (last as usize) < range);
    if !inside || !columns.is_sorted_by(|one, next| one < next) {
        return Err(ProvingKeyError::Shape { what: "the columns" });
    }
    Ok(Query { columns, points: read_points(reader, count)? })
}

fn read_split<P: Encoded>(
    reader: &mut Reader<'_>,
    small: usize,
    field: usize,
) -> Result<SplitQuery<P>, ProvingKeyError> {
    Ok(SplitQuery { small: read_query(reader, small)?, field: read_query(reader, field)? })
}

fn read_quotient(reader: &mut Reader<'_>, circuit: &CircuitInfo) -> Result<Vec<G1Affine>, ProvingKeyError> {
    let count = reader.u32("the number of powers")? as usize;
    if count + 1 != circuit.domain_length() {
        return Err(ProvingKeyError::Shape { what: "the powers" });
    }
    read_points(reader, count)
}

fn read_weights(reader: &mut Reader<'_>, weight: usize) -> Result<Option<WeightQueries>, ProvingKeyError> {
    match reader.u8("the weights' flag")? {
        0 => Ok(None),
        1 => Ok(Some(WeightQueries {
            left: read_query(reader, weight)?,
            right_g1: read_query(reader, weight)?,
            right_g2: read_query(reader, weight)?,
            commitment: read_query(reader, weight)?,
        })),
        _ => Err(ProvingKeyError::Shape { what: "the weights" }),
    }
}
