//! The key's canonical bytes, offset by offset as in `docs/src/encodings.md`.

use zkdx_circuits::statement::Digest32;

use super::{CHALLENGES, KeyError, SetupKind, VerifyingKey, WORDS};
use crate::encoding::{G1_BYTES, Reader, g1_bytes, g2_bytes};

const MAGIC: [u8; 8] = *b"zkdx-vk\0";
const VERSION: u16 = 1;
const RESERVED: [u8; 12] = [0; 12];

/// Bytes before `IC`.
pub const KEY_FIXED_BYTES: usize = 800;
/// Bytes of the largest key.
pub const MAX_KEY_BYTES: usize = KEY_FIXED_BYTES + G1_BYTES * (1 + *WORDS.end() + *CHALLENGES.end());

/// The first 96 bytes.
struct Header {
    setup: SetupKind,
    challenges: usize,
    words: usize,
    records: usize,
    architecture: Digest32,
    setup_digest: Digest32,
}

impl VerifyingKey {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header_bytes();
        bytes.extend(g1_bytes(&self.alpha_g1));
        let g2 = [&self.beta_g2, &self.gamma_g2, &self.delta_w_g2, &self.delta_1_g2, &self.delta_2_g2];
        bytes.extend(g2.into_iter().flat_map(g2_bytes));
        bytes.extend(self.ic.iter().flat_map(g1_bytes));
        bytes
    }

    /// Reads a key and refuses every degenerate one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let mut reader = Reader::new(bytes);
        let header = Header::read(&mut reader)?;
        header.check_length(bytes.len())?;
        let key = header.read_points(&mut reader)?;
        reader.finish()?;
        key.check()?;
        Ok(key)
    }

    fn header_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(KEY_FIXED_BYTES + G1_BYTES * self.ic.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_be_bytes());
        bytes.push(self.setup as u8);
        bytes.push(self.challenges as u8);
        bytes.extend((self.words() as u32).to_be_bytes());
        bytes.extend((self.records as u32).to_be_bytes());
        bytes.extend(RESERVED);
        bytes.extend(self.architecture);
        bytes.extend(self.setup_digest);
        bytes
    }
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Result<Self, KeyError> {
        check_magic(reader)?;
        let setup = match reader.u8("the setup")? {
            0 => SetupKind::SingleParty,
            1 => SetupKind::Ceremony,
            _ => return Err(KeyError::Setup),
        };
        let challenges = usize::from(reader.u8("the number of challenges")?);
        let words = reader.u32("the number of statement words")? as usize;
        let records = reader.u32("the number of records")? as usize;
        if *reader.array("reserved bytes")? != RESERVED {
            return Err(KeyError::Reserved);
        }
        let architecture = reader.digest("the architecture digest")?;
        let setup_digest = reader.digest("the setup digest")?;
        Ok(Self { setup, challenges, words, records, architecture, setup_digest })
    }

    fn check_length(&self, got: usize) -> Result<(), KeyError> {
        if !CHALLENGES.contains(&self.challenges) {
            return Err(KeyError::Challenges { got: self.challenges });
        }
        if !WORDS.contains(&self.words) {
            return Err(KeyError::Words { got: self.words });
        }
        let expected = KEY_FIXED_BYTES + G1_BYTES * (1 + self.words + self.challenges);
        if got == expected { Ok(()) } else { Err(KeyError::Length { expected, got }) }
    }

    fn read_points(self, reader: &mut Reader<'_>) -> Result<VerifyingKey, KeyError> {
        Ok(VerifyingKey {
            setup: self.setup,
            architecture: self.architecture,
            setup_digest: self.setup_digest,
            challenges: self.challenges,
            records: self.records,
            alpha_g1: reader.g1("α")?,
            beta_g2: reader.g2("β")?,
            gamma_g2: reader.g2("γ")?,
            delta_w_g2: reader.g2("δ_W")?,
            delta_1_g2: reader.g2("δ_1")?,
            delta_2_g2: reader.g2("δ_2")?,
            ic: (0..1 + self.words + self.challenges)
                .map(|_| reader.g1("an element of IC"))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn check_magic(reader: &mut Reader<'_>) -> Result<(), KeyError> {
    if *reader.array("the magic")? != MAGIC {
        return Err(KeyError::Magic);
    }
    match reader.u16("the version")? {
        VERSION => Ok(()),
        got => Err(KeyError::Version { expected: VERSION, got }),
    }
}
