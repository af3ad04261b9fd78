//! Single-party setup: whoever runs it could keep the toxic waste and forge proofs. Every key says so.
//!
//! ```text
//! toxic waste: τ, α, β, δ_W, δ_1, δ_2 (γ = 1)
//! [u_i]₁ [v_i]₁ [v_i]₂     [K_i]₁ public   [K_i/δ_W]₁ weights   [K_i/δ_1]₁ first round   [K_i/δ_2]₁ second round   [τ^k·t/δ_2]₁
//! ```
//!
//! Groth16 (2016/260), its one divisor split in three. `γ = 1` as in every ceremony since Bowe, Gabizon, Miers (2017/1050).

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{AffineRepr, PrimeGroup};
use ark_ff::{Field, UniformRand};
use rand::{CryptoRng, RngCore};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};
use zkdx_circuits::r1cs::{ColumnCounts, Group, R1cs};
use zkdx_circuits::statement::Digest32;
use zkdx_verifier::key::{CHALLENGES, WORDS};
use zkdx_verifier::{KeyError, SetupKind, VerifyingKey};

use crate::key::{CircuitInfo, Point, ProvingKey, Query, SplitQuery, WeightQueries};
use crate::qap::Evaluations;

/// Why no key exists for a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SetupError {
    /// More rows than the field has roots of unity.
    #[error("the circuit has {constraints} constraints, more than the field has roots of unity for")]
    TooLarge {
        /// Number of constraints.
        constraints: usize,
    },
    /// A number of challenges that no verification key can have.
    #[error("the circuit has {got} challenges, a key has 1 to 8")]
    Challenges {
        /// Challenges of the circuit.
        got: usize,
    },
    /// A number of statement words that no verification key can have.
    #[error("the circuit has {got} statement words, a key has 2 to 64")]
    Words {
        /// Words of the circuit.
        got: usize,
    },
    /// The key came out degenerate: the randomness is broken.
    #[error("the setup drew a degenerate key, its source of randomness is broken: {0}")]
    Degenerate(#[from] KeyError),
}

/// What a key says of its circuit beyond the constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Digest of the architecture that the circuit was made from.
    pub architecture: Digest32,
    /// Number of records that a proof is about.
    pub records: usize,
}

/// The toxic waste. Whoever knows it can prove anything; [`setup`] forgets it, simulators and tests need it.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Trapdoor {
    /// The point at which the polynomials are evaluated.
    pub tau: Fr,
    /// Shifts `A`.
    pub alpha: Fr,
    /// Shifts `B`.
    pub beta: Fr,
    /// Divisor of the weights.
    pub delta_w: Fr,
    /// Divisor of the first round.
    pub delta_1: Fr,
    /// Divisor of the second round.
    pub delta_2: Fr,
}

impl Trapdoor {
    /// Six random elements.
    pub fn sample(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut draw = || Fr::rand(rng);
        Self { tau: draw(), alpha: draw(), beta: draw(), delta_w: draw(), delta_1: draw(), delta_2: draw() }
    }

    /// The key for `r1cs` under this trapdoor, not checked for degeneracy.
    pub fn generate(&self, r1cs: &R1cs, subject: Subject) -> Result<ProvingKey, SetupError> {
        check_counts(&r1cs.columns)?;
        let too_large = SetupError::TooLarge { constraints: r1cs.constraints() };
        let evaluations = Evaluations::at(r1cs, &self.tau).ok_or(too_large)?;
        Ok(Generator::new(self, r1cs, &evaluations).key(r1cs, subject))
    }
}

/// A proving key for `r1cs`, made and forgotten by one party.
pub fn setup(r1cs: &R1cs, subject: Subject, rng: &mut (impl RngCore + CryptoRng)) -> Result<ProvingKey, SetupError> {
    let key = Trapdoor::sample(rng).generate(r1cs, subject)?;
    key.verifying.check()?;
    Ok(key)
}

fn check_counts(columns: &ColumnCounts) -> Result<(), SetupError> {
    let words = columns.public.saturating_sub(1 + columns.challenges);
    if !CHALLENGES.contains(&columns.challenges) {
        return Err(SetupError::Challenges { got: columns.challenges });
    }
    if WORDS.contains(&words) { Ok(()) } else { Err(SetupError::Words { got: words }) }
}

/// Fixed-base tables and everything they multiply.
struct Generator<'s> {
    trapdoor: &'s Trapdoor,
    columns: ColumnCounts,
    at_tau: &'s Evaluations,
    g1: BatchMulPreprocessing<G1Projective>,
    g2: BatchMulPreprocessing<G2Projective>,
}

impl<'s> Generator<'s> {
    fn new(trapdoor: &'s Trapdoor, r1cs: &R1cs, at_tau: &'s Evaluations) -> Self {
        let columns = r1cs.columns;
        let g1 = BatchMulPreprocessing::new(G1Projective::generator(), 3 * columns.total() + at_tau.length);
        let g2 = BatchMulPreprocessing::new(G2Projective::generator(), columns.total());
        Self { trapdoor, columns, at_tau, g1, g2 }
    }

    fn key(&self, r1cs: &R1cs, subject: Subject) -> ProvingKey {
        let (u, v) = (&self.at_tau.u, &self.at_tau.v);
        ProvingKey {
            verifying: self.verifying(subject),
            circuit: CircuitInfo::of(r1cs),
            beta_g1: g1(&self.trapdoor.beta),
            delta_w_g1: g1(&self.trapdoor.delta_w),
            delta_1_g1: g1(&self.trapdoor.delta_1),
            delta_2_g1: g1(&self.trapdoor.delta_2),
            left: self.split(&self.g1_points(u)),
            right_g1: self.split(&self.g1_points(v)),
            right_g2: self.split(&self.g2_points(v)),
            first: SplitQuery {
                small: Query::sparse(self.divided(Group::Small, &self.trapdoor.delta_1)),
                field: Query::sparse(self.divided(Group::Field, &self.trapdoor.delta_1)),
            },
            second: Query::sparse(self.divided(Group::Second, &self.trapdoor.delta_2)),
            quotient: self.quotient(),
            weights: Some(self.weights()),
        }
    }

    fn verifying(&self, subject: Subject) -> VerifyingKey {
        VerifyingKey {
            setup: SetupKind::SingleParty,
            architecture: subject.architecture,
            setup_digest: [0; 32],
            challenges: self.columns.challenges,
            records: subject.records,
            alpha_g1: g1(&self.trapdoor.alpha),
            beta_g2: g2(&self.trapdoor.beta),
            gamma_g2: G2Affine::generator(),
            delta_w_g2: g2(&self.trapdoor.delta_w),
            delta_1_g2: g2(&self.trapdoor.delta_1),
            delta_2_g2: g2(&self.trapdoor.delta_2),
            ic: self.divided(Group::Public, &Fr::ONE),
        }
    }

    fn weights(&self) -> WeightQueries {
        let range = self.range(Group::Weight);
        let (u, v) = (&self.at_tau.u[range.clone()], &self.at_tau.v[range]);
        WeightQueries {
            left: Query::sparse(self.g1_points(u)),
            right_g1: Query::sparse(self.g1_points(v)),
            right_g2: Query::sparse(self.g2_points(v)),
            commitment: Query::sparse(self.divided(Group::Weight, &self.trapdoor.delta_w)),
        }
    }

    /// `[K_i/divisor]₁` of the columns of `group`.
    fn divided(&self, group: Group, divisor: &Fr) -> Vec<G1Affine> {
        let inverse = Zeroizing::new(divisor.inverse().unwrap_or_default());
        let (alpha, beta, at) = (&self.trapdoor.alpha, &self.trapdoor.beta, self.at_tau);
        let k = |i| (at.u[i] * beta + at.v[i] * alpha + at.w[i]) * *inverse;
        self.g1_points(&Zeroizing::new(self.range(group).map(k).collect::<Vec<Fr>>()))
    }

    /// `[τ^k·t(τ)/δ_2]₁` for `k ≤ n − 2`.
    fn quotient(&self) -> Vec<G1Affine> {
        let first = *self.at_tau.t * self.trapdoor.delta_2.inverse().unwrap_or_default();
        let powers = std::iter::successors(Some(first), |last| Some(*last * self.trapdoor.tau));
        self.g1_points(&Zeroizing::new(powers.take(self.at_tau.length - 1).collect::<Vec<Fr>>()))
    }

    /// Points by flat column as a query without the weights.
    fn split<P: Point>(&self, points: &[P]) -> SplitQuery<P> {
        let part = |group| &points[self.range(group)];
        let field = [part(Group::Public), part(Group::Field), part(Group::Second)].concat();
        SplitQuery { small: Query::sparse(part(Group::Small).to_vec()), field: Query::sparse(field) }
    }

    fn range(&self, group: Group) -> std::ops::Range<usize> {
        let start = self.columns.start(group);
        let length = match group {
            Group::Public => self.columns.public,
            Group::Weight => self.columns.weight,
            Group::Small => self.columns.small,
            Group::Field => self.columns.field,
            Group::Second => self.columns.second,
        };
        start..start + length
    }

    fn g1_points(&self, scalars: &[Fr]) -> Vec<G1Affine> {
        self.g1.batch_mul(scalars)
    }

    fn g2_points(&self, scalars: &[Fr]) -> Vec<G2Affine> {
        self.g2.batch_mul(scalars)
    }
}

fn g1(scalar: &Fr) -> G1Affine {
    (G1Affine::generator() * scalar).into()
}

fn g2(scalar: &Fr) -> G2Affine {
    (G2Affine::generator() * scalar).into()
}
