//! Which keys are refused: those whose elements are related, small or nothing.
//!
//! `γ = 1` is sound and what a ceremony yields; every other relation among `β, γ, δ_W, δ_1, δ_2` that a glance can find is a defect of
//! the setup, and a defect of the setup is a forged diagnosis. So is an `α` or a `β` that anyone knows.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use thiserror::Error;

use super::{CHALLENGES, SetupKind, VerifyingKey, WORDS};
use crate::encoding::{DecodeError, check_g1, check_g2};

/// Multiples of the generator that no element of a key may be.
const SMALL_MULTIPLES: usize = 8;

/// Why a verification key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// A value of the key is malformed.
    #[error("the verification key is malformed: {0}")]
    Decode(#[from] DecodeError),
    /// Other bytes than `zkdx-vk` at the start.
    #[error("these bytes are not a verification key")]
    Magic,
    /// A version this program does not know.
    #[error("the verification key has version {got}, this program reads version {expected}")]
    Version {
        /// Version this program reads.
        expected: u16,
        /// Version found.
        got: u16,
    },
    /// Neither 0 nor 1 where the setup is named, or a setup digest that does not fit it.
    #[error("the verification key does not say consistently how it was set up")]
    Setup,
    /// Reserved bytes that are not zero.
    #[error("reserved bytes of the verification key are not zero")]
    Reserved,
    /// Too few or too many challenges.
    #[error("the verification key has {got} challenges, expected 1 to 8")]
    Challenges {
        /// Challenges found.
        got: usize,
    },
    /// Too few or too many statement words.
    #[error("the verification key has {got} statement words, expected 2 to 64")]
    Words {
        /// Words found.
        got: usize,
    },
    /// A number of records that the statement words cannot be about.
    #[error(
        "the verification key has {got} records, which do not share {words} statement words evenly, two or more each"
    )]
    Records {
        /// Statement words of the key.
        words: usize,
        /// Records found.
        got: usize,
    },
    /// A length other than `800 + 64·(1 + n + c)`.
    #[error("the verification key has {got} bytes, expected {expected}")]
    Length {
        /// Bytes expected.
        expected: usize,
        /// Bytes found.
        got: usize,
    },
    /// A point at infinity.
    #[error("{what} of the verification key is the point at infinity")]
    Infinity {
        /// Which element.
        what: &'static str,
    },
    /// Two of `β` and the divisors that are equal or opposite.
    #[error("{first} and {second} of the verification key are equal or opposite: its proofs can be forged")]
    Related {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A small multiple of the generator.
    #[error("{what} of the verification key is a small multiple of the generator: its proofs can be forged")]
    SmallMultiple {
        /// Which element.
        what: &'static str,
    },
}

impl VerifyingKey {
    /// Refuses keys with which a proof would mean nothing.
    pub fn check(&self) -> Result<(), KeyError> {
        self.check_counts()?;
        self.check_points()?;
        self.check_multiples()?;
        self.check_relations()?;
        self.check_alpha()
    }

    pub(super) fn check_counts(&self) -> Result<(), KeyError> {
        let zero_digest = self.setup_digest == [0u8; 32];
        if zero_digest != (self.setup == SetupKind::SingleParty) {
            return Err(KeyError::Setup);
        }
        if !CHALLENGES.contains(&self.challenges) {
            return Err(KeyError::Challenges { got: self.challenges });
        }
        if !WORDS.contains(&self.words()) {
            return Err(KeyError::Words { got: self.words() });
        }
        let (words, got) = (self.words(), self.records);
        let fits = got != 0 && words.is_multiple_of(got) && words / got >= *WORDS.start();
        if fits { Ok(()) } else { Err(KeyError::Records { words, got }) }
    }

    fn check_points(&self) -> Result<(), KeyError> {
        check_g1_element(&self.alpha_g1, "α")?;
        self.ic.iter().try_for_each(|point| check_g1_element(point, "an element of IC"))?;
        self.elements().into_iter().try_for_each(|(point, what)| check_g2_element(point, what))
    }

    fn check_multiples(&self) -> Result<(), KeyError> {
        if is_small_multiple(&self.alpha_g1) {
            return Err(KeyError::SmallMultiple { what: "α" });
        }
        let unit_gamma = self.gamma_g2 == G2Affine::generator();
        let suspects = self.elements().into_iter().filter(|(_, what)| !(unit_gamma && *what == "γ"));
        match suspects.into_iter().find(|(point, _)| is_small_multiple(*point)) {
            Some((_, what)) => Err(KeyError::SmallMultiple { what }),
            None => Ok(()),
        }
    }

    fn check_relations(&self) -> Result<(), KeyError> {
        for (index, (one, first)) in self.elements().into_iter().enumerate() {
            let mut others = self.elements().into_iter().skip(index + 1);
            if let Some((_, second)) = others.find(|(other, _)| same_up_to_sign(one, other)) {
                return Err(KeyError::Related { first, second });
            }
        }
        Ok(())
    }

    /// Refuses `α = ±β`, `±γ` or `±δ`, as scalars: `C = ∓[β]₁` would cancel `e(α, β)` under `α = ±δ_2`, and so on.
    fn check_alpha(&self) -> Result<(), KeyError> {
        let alpha = Bn254::pairing(self.alpha_g1, G2Affine::generator());
        let scalar_is_alpha = |point: &G2Affine| {
            let other = Bn254::pairing(G1Affine::generator(), point);
            other == alpha || other == -alpha
        };
        match self.elements().into_iter().find(|(point, _)| scalar_is_alpha(point)) {
            Some((_, second)) => Err(KeyError::Related { first: "α", second }),
            None => Ok(()),
        }
    }

    /// Everything of the key in G2.
    fn elements(&self) -> [(&G2Affine, &'static str); 5] {
        let [beta, gamma] = [(&self.beta_g2, "β"), (&self.gamma_g2, "γ")];
        [beta, gamma, (&self.delta_w_g2, "δ_W"), (&self.delta_1_g2, "δ_1"), (&self.delta_2_g2, "δ_2")]
    }
}

/// Whether `point` is `k` times the generator for a `|k|` of at most [`SMALL_MULTIPLES`].
fn is_small_multiple<P: AffineRepr>(point: &P) -> bool {
    let step = |last: &P::Group| Some(*last + P::generator());
    let multiples: Vec<_> =
        std::iter::successors(Some(P::generator().into_group()), step).take(SMALL_MULTIPLES).collect();
    P::Group::normalize_batch(&multiples).iter().any(|multiple| same_up_to_sign(multiple, point))
}

fn same_up_to_sign<P: AffineRepr>(one: &P, other: &P) -> bool {
    one == other || *one == -*other
}

fn check_g1_element(point: &G1Affine, what: &'static str) -> Result<(), KeyError> {
    let infinity = point.is_zero();
    if infinity { Err(KeyError::Infinity { what }) } else { Ok(check_g1(point, what)?) }
}

fn check_g2_element(point: &G2Affine, what: &'static str) -> Result<(), KeyError> {
    let infinity = point.is_zero();
    if infinity { Err(KeyError::Infinity { what }) } else { Ok(check_g2(point, what)?) }
}
