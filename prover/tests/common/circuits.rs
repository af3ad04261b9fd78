//! Small circuits.

use zkdx_circuits::Fr;
use zkdx_circuits::field::from_int;
use zkdx_circuits::r1cs::{Circuit, Expression, FirstRound, SecondRound};

use super::Toy;

const TABLE: i64 = 16;

/// `score = Σ w_i·x_i·y_i` with `(x_i, y_i = x_i²)` looked up in a table, and `record = Σ x_i·256^i + b²`.
///
/// Further words are free: only the rows for public inputs bind them.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub weights: Vec<i64>,
    pub record: Vec<i64>,
    pub blinding: Fr,
    pub free_words: Vec<Fr>,
    pub challenges: usize,
}

impl Diagnosis {
    pub fn sample() -> Self {
        Self::with(vec![3, -5, 7, 0], vec![1, 2, 3, 15], vec![], 2)
    }

    pub fn with(weights: Vec<i64>, record: Vec<i64>, free_words: Vec<Fr>, challenges: usize) -> Self {
        Self { weights, record, blinding: Fr::from(123_456_789u64), free_words, challenges }
    }

    /// Just under `constraints` constraints, four per input, over small and field-sized columns.
    pub fn large(constraints: usize) -> Self {
        let inputs = constraints as i64 / 4 - 8;
        let weights = (0..inputs).map(|i| i * 37 % 255 - 127).collect();
        Self::with(weights, (0..inputs).map(|i| i * i % TABLE).collect(), vec![], 2)
    }

    fn score(&self) -> i64 {
        self.weights.iter().zip(&self.record).map(|(w, x)| w * x * x * x).sum()
    }
}

impl Toy for Diagnosis {
    fn true_words(&self) -> Vec<Fr> {
        let packed = self.record.iter().rev().fold(Fr::from(0u64), |sum, &x| sum * Fr::from(256u64) + from_int(x));
        let mut words = vec![packed + self.blinding * self.blinding, from_int(self.score())];
        words.extend(&self.free_words);
        words
    }
}

/// What a lookup leaves for the second round: pairs, and multiplicities of the table's rows.
pub struct Lookup<E> {
    pairs: Vec<(E, E)>,
    multiplicities: Vec<E>,
}

impl Circuit for Diagnosis {
    type Pending<E: Expression> = Lookup<E>;

    fn words(&self) -> usize {
        2 + self.free_words.len()
    }

    fn challenges(&self) -> usize {
        self.challenges
    }

    fn first_round<B: FirstRound>(&self, builder: &mut B) -> Lookup<B::Expr> {
        let pair = |builder: &mut B, &x: &i64| (builder.small(|| x), builder.small(|| x * x));
        let pairs: Vec<_> = self.record.iter().map(|x| pair(builder, x)).collect();
        bind_record(self, builder, &pairs);
        bind_score(self, builder, &pairs);
        let count = |row| self.record.iter().filter(|x| **x == row).count() as i64;
        Lookup { pairs, multiplicities: (0..TABLE).map(|row| builder.small(|| count(row))).collect() }
    }

    fn second_round<B: SecondRound>(&self, lookup: Lookup<B::Expr>, builder: &mut B) {
        let x = builder.challenge(0);
        let y = if self.challenges > 1 { builder.challenge(1) } else { builder.product(&x, &x) };
        let mut fractions = Vec::new();
        for (key, value) in &lookup.pairs {
            let combined = builder.product(&y, value);
            fractions.push((B::Expr::unit(), x.minus(key).minus(&combined)));
        }
        for (row, multiplicity) in (0..TABLE).zip(&lookup.multiplicities) {
            let denominator = x.minus(&B::Expr::constant(from_int(row))).minus(&y.times(from_int(row * row)));
            fractions.push((multiplicity.times(-Fr::from(1u64)), denominator));
        }
        let mut sum = B::Expr::empty();
        builder.quotients(&fractions).iter().for_each(|quotient| sum = sum.plus(quotient));
        builder.enforce(&sum, &B::Expr::unit(), &B::Expr::empty());
    }
}

fn bind_record<B: FirstRound>(toy: &Diagnosis, builder: &mut B, pairs: &[(B::Expr, B::Expr)]) {
    let blinding = builder.field(|| toy.blinding);
    let mut sum = builder.first_product(&blinding, &blinding);
    let mut place = Fr::from(1u64);
    for (x, _) in pairs {
        sum.add_scaled(x, place);
        place *= Fr::from(256u64);
    }
    sum = sum.minus(&builder.word(0));
    builder.enforce_zero(&sum);
}

fn bind_score<B: FirstRound>(toy: &Diagnosis, builder: &mut B, pairs: &[(B::Expr, B::Expr)]) {
    let mut sum = B::Expr::empty();
    for (&weight, (x, y)) in toy.weights.iter().zip(pairs) {
        let weight = builder.weight(|| from_int(weight));
        let cube = builder.first_product(x, y);
        sum = sum.plus(&builder.first_product(&cube, &weight));
    }
    sum = sum.minus(&builder.word(1));
    builder.enforce_zero(&sum);
}

/// Where [`Sealed`] keeps its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Weight,
    First,
    Word,
}

/// `value = challenge_0`: true only for a value chosen after the challenge, so a proof of it is a forgery.
///
/// A second-round column `value·challenge_0` is there so that no group is empty.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub place: Place,
    pub value: Fr,
}

impl Toy for Sealed {
    fn true_words(&self) -> Vec<Fr> {
        let word = if self.place == Place::Word { self.value } else { Fr::from(5u64) };
        vec![word, Fr::from(6u64)]
    }
}

impl Circuit for Sealed {
    type Pending<E: Expression> = E;

    fn words(&self) -> usize {
        2
    }

    fn challenges(&self) -> usize {
        1
    }

    fn first_round<B: FirstRound>(&self, builder: &mut B) -> B::Expr {
        match self.place {
            Place::Weight => builder.weight(|| self.value),
            Place::First => builder.field(|| self.value),
            Place::Word => builder.word(0),
        }
    }

    fn second_round<B: SecondRound>(&self, value: B::Expr, builder: &mut B) {
        let challenge = builder.challenge(0);
        builder.product(&value, &challenge);
        builder.enforce(&value, &B::Expr::unit(), &challenge);
    }
}
