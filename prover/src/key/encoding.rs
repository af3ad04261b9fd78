//! A proving key's bytes: the envelope of [`zkdx_verifier::file`] with a BLAKE3 checksum around
//!
//! ```text
//! "zkdx-pk2" (8) │ length of the head (4)
//! head: constraints, public, challenges, weight, small, field, second (4 each) │ circuit digest (32)
//!       verification key: length (4), bytes │ [β]₁ [δ_W]₁ [δ_1]₁ [δ_2]₁
//! sections: left, right in G1, right in G2, first: small query, field query │ second │ quotient
//!           0 or 1 (32) │ if 1, the weights' left, right in G1, right in G2, commitment
//! ```
//!
//! The sections are described in [`super::layout`]. What a loaded key guarantees, and to whom, is in `docs/src/encodings.md`.

use std::io::{self, Write};

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::pairing::Pairing;
use thiserror::Error;
use zkdx_circuits::r1cs::ColumnCounts;
use zkdx_verifier::encoding::{DecodeError, Reader, g1_bytes};
use zkdx_verifier::file::{self, CHECKSUM_BYTES, FileError, HEADER_BYTES, Kind};
use zkdx_verifier::{KeyError, VerifyingKey};

use super::hashing::Hashing;
use super::layout::{self, ALIGNMENT, Raw, read_dense, read_query, section_bytes, write_section};
use super::{CircuitInfo, ProvingKey, Query, SplitQuery, WeightQueries, subgroup};

/// Why bytes are no proving key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProvingKeyError {
    /// Another file, or a damaged one.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key of another release.
    #[error("the proving key has a layout that this program does not read: it was made by another release")]
    Layout,
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

/// First bytes of the payload: which layout follows.
const LAYOUT: [u8; 8] = *b"zkdx-pk2";
/// Bytes that are hashed at once while writing.
const BUFFER: usize = 1 << 20;

/// What a key is checked for beyond its checksum, its shape and its points' curves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subgroup {
    /// Every point of G2 is in the subgroup.
    Checked,
    /// Left out: enough for proving, which refuses to release a proof whose `B` is outside.
    OnProof,
}

impl ProvingKey {
    /// The whole file, in memory.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.file_bytes() as usize);
        // Writing to a vector does not fail.
        self.write(&mut bytes).unwrap_or_default();
        bytes
    }

    /// Length of the file.
    pub fn file_bytes(&self) -> u64 {
        (HEADER_BYTES + self.payload_bytes() + CHECKSUM_BYTES) as u64
    }

    /// Writes the file piece by piece, so that no second copy of the key is in memory.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let hashing = Hashing { out, hasher: blake3::Hasher::new() };
        let mut buffered = io::BufWriter::with_capacity(BUFFER, hashing);
        buffered.write_all(&file::header(Kind::ProvingKey, self.payload_bytes()))?;
        buffered.write_all(&self.head())?;
        self.write_queries(&mut buffered)?;
        let Hashing { out, hasher } = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
        out.write_all(hasher.finalize().as_bytes())
    }

    /// Reads what [`Self::write`] wrote and checks all of it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProvingKeyError> {
        Self::read(bytes, Subgroup::Checked)
    }

    /// Reads what [`Self::write`] wrote: `bytes` may be a mapped file, since everything is copied out of it.
    pub fn read(bytes: &[u8], subgroup: Subgroup) -> Result<Self, ProvingKeyError> {
        let mut reader = Reader::new(file::open_with(Kind::ProvingKey, bytes, checksum)?);
        let (circuit, verifying, scalars) = read_head(&mut reader)?;
        let key = Self::read_queries(&mut reader, circuit, verifying, scalars)?;
        reader.finish()?;
        key.check_halves()?;
        if subgroup == Subgroup::Checked {
            key.check_subgroups()?;
        }
        Ok(key)
    }

    fn read_queries(
        reader: &mut Reader<'_>,
        circuit: CircuitInfo,
        verifying: VerifyingKey,
        [beta_g1, delta_w_g1, delta_1_g1, delta_2_g1]: [G1Affine; 4],
    ) -> Result<Self, ProvingKeyError> {
        let columns = circuit.columns;
        let (small, field) = (columns.small, columns.public + columns.field + columns.second);
        Ok(Self {
            left: read_split(reader, small, field)?,
            right_g1: read_split(reader, small, field)?,
            right_g2: read_split(reader, small, field)?,
            first: read_split(reader, small, columns.field)?,
            second: read_query(reader, columns.second)?,
            quotient: read_dense(reader, circuit.domain_length() - 1)?,
            weights: read_weights(reader, columns.weight)?,
            verifying,
            circuit,
            beta_g1,
            delta_w_g1,
            delta_1_g1,
            delta_2_g1,
        })
    }

    fn scalars(&self) -> [G1Affine; 4] {
        [self.beta_g1, self.delta_w_g1, self.delta_1_g1, self.delta_2_g1]
    }

    /// Layout, length, counts, verification key, single elements, and zeros up to the first section.
    fn head(&self) -> Vec<u8> {
        let mut head = self.circuit.to_bytes();
        let verifying = self.verifying.to_bytes();
        head.extend((verifying.len() as u32).to_be_bytes());
        head.extend(verifying);
        self.scalars().iter().for_each(|point| head.extend(g1_bytes(point)));
        let mut bytes = LAYOUT.to_vec();
        bytes.extend((head.len() as u32).to_be_bytes());
        bytes.append(&mut head);
        bytes.resize(bytes.len() + layout::padding(HEADER_BYTES + bytes.len()), 0);
        bytes
    }

    fn payload_bytes(&self) -> usize {
        let g1 = |query: &Query<G1Affine>| section_bytes::<G1Affine>(query.columns.len(), query.points.len());
        let g2 = |query: &Query<G2Affine>| section_bytes::<G2Affine>(query.columns.len(), query.points.len());
        let split = |query: &SplitQuery<G1Affine>| g1(&query.small) + g1(&query.field);
        let weights = |w: &WeightQueries| g1(&w.left) + g1(&w.right_g1) + g2(&w.right_g2) + g1(&w.commitment);
        let splits = [&self.left, &self.right_g1, &self.first].map(split).iter().sum::<usize>();
        let right_g2 = g2(&self.right_g2.small) + g2(&self.right_g2.field);
        let quotient = section_bytes::<G1Affine>(0, self.quotient.len());
        let weights = ALIGNMENT + self.weights.as_ref().map_or(0, weights);
        self.head().len() + splits + right_g2 + g1(&self.second) + quotient + weights
    }

    fn write_queries(&self, out: &mut dyn io::Write) -> io::Result<()> {
        write_split(&self.left, out)?;
        write_split(&self.right_g1, out)?;
        write_split(&self.right_g2, out)?;
        write_split(&self.first, out)?;
        write_query(&self.second, out)?;
        write_section(&[], &self.quotient, out)?;
        let mut flag = [0; ALIGNMENT];
        flag[0] = u8::from(self.weights.is_some());
        out.write_all(&flag)?;
        let Some(weights) = &self.weights else { return Ok(()) };
        write_query(&weights.left, out)?;
        write_query(&weights.right_g1, out)?;
        write_query(&weights.right_g2, out)?;
        write_query(&weights.commitment, out)
    }

    /// Refuses a key with a point of G2 outside the subgroup. Points of G1 cannot be.
    pub fn check_subgroups(&self) -> Result<(), ProvingKeyError> {
        let weights = self.weights.as_ref().map(|weights| &weights.right_g2);
        let queries = [Some(&self.right_g2.small), Some(&self.right_g2.field), weights];
        queries.into_iter().flatten().try_for_each(|query| subgroup::check(&query.points))
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

fn write_query<P: Raw>(query: &Query<P>, out: &mut dyn io::Write) -> io::Result<()> {
    write_section(&query.columns, &query.points, out)
}

fn write_split<P: Raw>(query: &SplitQuery<P>, out: &mut dyn io::Write) -> io::Result<()> {
    write_query(&query.small, out)?;
    write_query(&query.field, out)
}

type Head = (CircuitInfo, VerifyingKey, [G1Affine; 4]);

fn read_head(reader: &mut Reader<'_>) -> Result<Head, ProvingKeyError> {
    if *reader.array("the layout")? != LAYOUT {
        return Err(ProvingKeyError::Layout);
    }
    let length = reader.u32("the head's length")? as usize;
    let mut head = Reader::new(reader.bytes(length, "the head")?);
    layout::read_padding(reader, HEADER_BYTES + LAYOUT.len() + 4 + length)?;
    let circuit = CircuitInfo::read(&mut head)?;
    let verifying = read_verifying(&mut head, &circuit)?;
    let mut g1 = || head.g1("an element of the proving key");
    let scalars = [g1()?, g1()?, g1()?, g1()?];
    head.finish()?;
    Ok((circuit, verifying, scalars))
}

fn read_verifying(reader: &mut Reader<'_>, circuit: &CircuitInfo) -> Result<VerifyingKey, ProvingKeyError> {
    let length = reader.u32("the verification key's length")? as usize;
    let key = VerifyingKey::from_bytes(reader.bytes(length, "the verification key")?)?;
    let fits = key.ic.len() == circuit.columns.public && key.challenges == circuit.columns.challenges;
    if fits { Ok(key) } else { Err(ProvingKeyError::Shape { what: "the public columns" }) }
}

fn read_split<P: Raw>(reader: &mut Reader<'_>, small: usize, field: usize) -> Result<SplitQuery<P>, ProvingKeyError> {
    Ok(SplitQuery { small: read_query(reader, small)?, field: read_query(reader, field)? })
}

fn read_weights(reader: &mut Reader<'_>, weight: usize) -> Result<Option<WeightQueries>, ProvingKeyError> {
    let flag = reader.u8("the weights' flag")?;
    layout::read_padding(reader, 1)?;
    match flag {
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
