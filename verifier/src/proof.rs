//! A proof: four points, 320 bytes, `A ‖ B ‖ C ‖ D_1`.

use ark_bn254::{G1Affine, G2Affine};

use crate::encoding::{DecodeError, Reader, check_g1, check_g2, g1_bytes, g2_bytes};

/// Bytes of a proof.
pub const PROOF_BYTES: usize = 320;

/// A proof of one statement. Anyone can re-randomise it, so its bytes identify nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// `A = [α]₁ + Σ z_i·[u_i]₁ + r·[δ_2]₁`
    pub a: G1Affine,
    /// `B = [β]₂ + Σ z_i·[v_i]₂ + s·[δ_2]₂`
    pub b: G2Affine,
    /// `C`: the second round, the quotient, and what cancels the blinding.
    pub c: G1Affine,
    /// `D_1 = Σ_R1 z_i·[K_i/δ_1]₁ + κ·[δ_2]₁`, sealed before the challenges.
    pub d_1: G1Affine,
}

impl Proof {
    /// The canonical bytes.
    pub fn to_bytes(&self) -> [u8; PROOF_BYTES] {
        let mut bytes = [0u8; PROOF_BYTES];
        let (a, b, c, d_1) = (g1_bytes(&self.a), g2_bytes(&self.b), g1_bytes(&self.c), g1_bytes(&self.d_1));
        let all = a.into_iter().chain(b).chain(c).chain(d_1);
        bytes.iter_mut().zip(all).for_each(|(byte, value)| *byte = value);
        bytes
    }

    /// Reads a proof; every point is on its curve and in its subgroup.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let (a, b) = (reader.g1("A")?, reader.g2("B")?);
        let (c, d_1) = (reader.g1("C")?, reader.g1("D_1")?);
        reader.finish()?;
        Ok(Self { a, b, c, d_1 })
    }

    /// The same checks for a proof that did not come from bytes.
    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        check_g1(&self.a, "A")?;
        check_g2(&self.b, "B")?;
        check_g1(&self.c, "C")?;
        check_g1(&self.d_1, "D_1")
    }
}
