//! Keys whose trapdoor is known, so that a proof of any statement is a few multiplications.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::num::NonZeroUsize;

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use zkdx_circuits::architecture::{Interval, LayerNode, ParameterId, ParameterSpec, ValueId};
use zkdx_circuits::layers::{Dense, Layer};
use zkdx_circuits::{Architecture, Card, Encoding, Feature, Fr, Head, OutcomeKind, Statement};
use zkdx_verifier::{Model, Proof, PublicModel, SetupKind, Transcript, VerifyingKey};

const ALPHA: u64 = 101;
const BETA: u64 = 102;
const GAMMA: u64 = 103;
const DELTA_W: u64 = 104;
const DELTA_1: u64 = 105;
const DELTA_2: u64 = 106;
const FIRST_IC: u64 = 107;
const CHALLENGES: usize = 2;

/// A model under a key whose trapdoor is known.
pub struct Forge {
    pub key: VerifyingKey,
    pub public: PublicModel,
    commitment: u64,
}

fn g1(scalar: impl Into<Fr>) -> G1Affine {
    (G1Affine::generator() * scalar.into()).into_affine()
}

fn g2(scalar: u64) -> G2Affine {
    (G2Affine::generator() * Fr::from(scalar)).into_affine()
}

impl Forge {
    /// A model of two classes; `commitment` tells models apart.
    pub fn new(name: &str, commitment: u64, records: usize, outcome: OutcomeKind, setup: SetupKind) -> Self {
        let architecture = architecture(records, outcome);
        let words = 2 * records;
        let setup_digest = if setup == SetupKind::Ceremony { [7; 32] } else { [0; 32] };
        let key = VerifyingKey {
            setup,
            architecture: architecture.digest(),
            setup_digest,
            challenges: CHALLENGES,
            records,
            alpha_g1: g1(ALPHA),
            beta_g2: g2(BETA),
            gamma_g2: g2(GAMMA),
            delta_w_g2: g2(DELTA_W),
            delta_1_g2: g2(DELTA_1),
            delta_2_g2: g2(DELTA_2),
            ic: (FIRST_IC..).take(1 + words + CHALLENGES).map(g1).collect(),
        };
        let card = Card { name: name.into(), version: "1.0".into(), description: "for tests".into() };
        let model = Model { key: key.digest(), commitment: g1(commitment), metadata: card.digest() };
        Self { key, public: PublicModel::new(model, card, architecture), commitment }
    }

    pub fn model(&self) -> &Model {
        self.public.model()
    }

    /// A proof of anything.
    pub fn prove(&self, statement: &Statement) -> Proof {
        let [a, b, d_1] = [11u64, 12, 13].map(Fr::from);
        let (first_round, words, context) = (g1(d_1), statement.words(), statement.context_digest());
        let transcript =
            Transcript { context: &context, model: self.model(), first_round: &first_round, words: &words };
        let public = [&[Fr::from(1u64)], &words[..], &transcript.challenges(CHALLENGES)].concat();
        let ic: Fr = (FIRST_IC..).zip(&public).map(|(ic, value)| Fr::from(ic) * value).sum();
        let of = |scalar: u64| Fr::from(scalar);
        let rest = of(ALPHA) * of(BETA) + of(GAMMA) * ic + of(DELTA_W) * of(self.commitment) + of(DELTA_1) * d_1;
        let c = (a * b - rest) * of(DELTA_2).inverse().expect("not zero");
        Proof { a: g1(a), b: (G2Affine::generator() * b).into_affine(), c: g1(c), d_1: first_round }
    }
}

/// One layer from two features to the scores of two classes.
fn architecture(records: usize, outcome: OutcomeKind) -> Architecture {
    let parameter = |name: &str, shape: Vec<usize>| ParameterSpec {
        name: name.into(),
        shape,
        interval: Interval::new(-128, 127),
        norm: None,
    };
    let dense = Layer::Dense(Dense { weight: ParameterId(0), bias: Some(ParameterId(1)) });
    let feature = Feature { name: "value".into(), unit: String::new(), zero: 0.0, step: 1.0 };
    Architecture {
        encoding: Encoding::steps(vec![feature], 2, Interval::new(-8, 7)),
        input_shape: vec![2],
        parameters: vec![parameter("weight", vec![2, 2]), parameter("bias", vec![2])],
        layers: vec![LayerNode { name: "dense".into(), layer: dense, inputs: vec![ValueId(0)], step: None }],
        scores: ValueId(1),
        score_scale: 1.0,
        head: Head::Scores,
        labels: vec!["benign".into(), "malignant".into()],
        outcome,
        records: NonZeroUsize::new(records).expect("some records"),
        positions: NonZeroUsize::MIN,
    }
}
