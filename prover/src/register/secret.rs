//! A registration's bytes, for a file that only its owner may read.

use ark_bn254::{Fr, G1Affine, G2Affine};
use thiserror::Error;
use zeroize::Zeroizing;
use zkdx_circuits::field;
use zkdx_circuits::statement::keccak;
use zkdx_verifier::encoding::{DecodeError, G1_BYTES, G2_BYTES, Reader, g1_bytes, g2_bytes};
use zkdx_verifier::file::{self, CHECKSUM_BYTES, FileError, HEADER_BYTES, Kind};
use zkdx_verifier::model::{MODEL_BYTES, Model};

use super::Registration;

/// Model, `ρ`, `A_W`, `B_W` twice, the weights' digest.
const SECRET_BYTES: usize = MODEL_BYTES + 32 + 2 * G1_BYTES + G2_BYTES + 32;

/// Why bytes are no registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RegistrationError {
    /// Another file, or a damaged one.
    #[error(transparent)]
    File(#[from] FileError),
    /// A malformed value.
    #[error("the registration secret is malformed: {0}")]
    Decode(#[from] DecodeError),
}

impl Registration {
    /// The whole file, secrets included. Keep it like the weights.
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + SECRET_BYTES + CHECKSUM_BYTES));
        bytes.extend(file::header(Kind::Registration, SECRET_BYTES));
        bytes.extend(self.model.to_bytes());
        bytes.extend(Zeroizing::new(field::to_bytes(&self.rho)).iter());
        bytes.extend(Zeroizing::new(g1_bytes(&self.left)).iter());
        bytes.extend(Zeroizing::new(g1_bytes(&self.right_g1)).iter());
        bytes.extend(Zeroizing::new(g2_bytes(&self.right_g2)).iter());
        bytes.extend(self.weights);
        let checksum = keccak([&bytes[..]]);
        bytes.extend(checksum);
        bytes
    }

    /// Reads what [`Self::to_secret_bytes`] wrote.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, RegistrationError> {
        let mut reader = Reader::new(file::open(Kind::Registration, bytes)?);
        let model = Model::from_bytes(reader.bytes(MODEL_BYTES, "the model")?)?;
        let rho: Fr = reader.scalar("ρ")?;
        let left: G1Affine = reader.g1("A_W")?;
        let right_g1: G1Affine = reader.g1("B_W in G1")?;
        let right_g2: G2Affine = reader.g2("B_W in G2")?;
        let weights = reader.digest("the weights' digest")?;
        reader.finish()?;
        Ok(Self { model, rho, left, right_g1, right_g2, weights })
    }
}
