//! A registered model as the world sees it: a hiding commitment to its weights and the digest of its card.
//!
//! `D_W = Σ_W W_i·[K_i/δ_W]₁ + ρ·[δ_2]₁` and `model_id = keccak(TAG_MODEL ‖ vk_digest ‖ D_W ‖ metadata_digest)`.

use ark_bn254::G1Affine;
use ark_ec::AffineRepr;
use zkdx_circuits::statement::{Digest32, Tag, keccak};

use crate::encoding::{DecodeError, Reader, g1_bytes};

/// Bytes of a model: key digest, commitment, metadata digest.
pub const MODEL_BYTES: usize = 128;

/// The public half of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Digest of the verification key under which the weights are committed.
    pub key: Digest32,
    /// `D_W`
    pub commitment: G1Affine,
    /// `keccak` of the model card's canonical JSON.
    pub metadata: Digest32,
}

impl Model {
    /// The model's identity.
    pub fn id(&self) -> Digest32 {
        keccak([&Tag::Model.digest()[..], &self.key, &g1_bytes(&self.commitment), &self.metadata])
    }

    /// `vk_digest ‖ D_W ‖ metadata_digest`
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.key[..], &g1_bytes(&self.commitment), &self.metadata].concat()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let key = reader.digest("the verification key's digest")?;
        let what = "the commitment to the weights";
        let commitment = reader.g1(what)?;
        if commitment.is_zero() {
            return Err(DecodeError::Infinity { what });
        }
        let metadata = reader.digest("the metadata digest")?;
        reader.finish()?;
        Ok(Self { key, commitment, metadata })
    }
}
