//! A circuit of one gadget, with whatever hints a prover likes.

use ark_ff::UniformRand;
use ark_std::rand::{SeedableRng, rngs::StdRng};
use zkdx_circuits::Fr;
use zkdx_circuits::architecture::Interval;
use zkdx_circuits::gadgets::Held;
use zkdx_circuits::gadgets::clamp::{Clamp, Method};
use zkdx_circuits::gadgets::logup::{self, CHALLENGES, Ledger, Rows, Sealed};
use zkdx_circuits::gadgets::range::{Chunks, Ranges};
use zkdx_circuits::r1cs::{Circuit, Expression, FirstRound, FirstRoundWitness, SecondRound, SecondRoundWitness};

/// The column of the key, and of the first key of a table.
pub(crate) const KEY: usize = CHALLENGES + 1;

/// What a sandbox requires.
pub(crate) enum Claim {
    Range(Interval),
    Clamp(Clamp, Method),
    /// A clamp whose hints are those for another key and value.
    Misled(Clamp, Method, [i64; 2]),
    /// Every `(key, value)` is a row; the prover counts each as the row with the key given last.
    Rows(Rows, Vec<(i64, Option<i64>, i64)>),
}

/// One claim on a key and a value of the prover's choice.
pub(crate) struct Sandbox {
    pub(crate) claim: Claim,
    pub(crate) chunks: Chunks,
    pub(crate) key: i64,
    pub(crate) value: i64,
}

impl Circuit for Sandbox {
    type Pending<E: Expression> = Vec<Sealed<E>>;

    fn words(&self) -> usize {
        0
    }

    fn challenges(&self) -> usize {
        CHALLENGES
    }

    fn first_round<B: FirstRound>(&self, builder: &mut B) -> Vec<Sealed<B::Expr>> {
        let mut ranges = Ranges::new(&self.chunks);
        let mut tables = Vec::new();
        match &self.claim {
            Claim::Range(interval) => {
                let key = column(builder, self.key, self.key);
                ranges.enforce(builder, &key, *interval);
            }
            Claim::Clamp(clamp, method) => {
                let key = column(builder, self.key, self.key);
                let value = column(builder, self.value, self.value);
                clamp.enforce(*method, builder, &mut ranges, &key, &value);
            }
            Claim::Misled(clamp, method, [told, answer]) => {
                let (key, value) = (column(builder, self.key, *told), column(builder, self.value, *answer));
                clamp.enforce(*method, builder, &mut ranges, &key, &value);
            }
            Claim::Rows(rows, lookups) => {
                let mut ledger = Ledger::new(rows.clone());
                for &(key, value, counted) in lookups {
                    let key = column(builder, key, counted);
                    let value = value.map(|value| builder.small(|| value));
                    ledger.look_up(key, value);
                }
                tables.push(ledger);
            }
        }
        tables.extend(ranges.into_tables());
        tables.into_iter().map(|table| table.seal(builder)).collect()
    }

    fn second_round<B: SecondRound>(&self, pending: Vec<Sealed<B::Expr>>, builder: &mut B) {
        logup::enforce(builder, pending, Vec::new());
    }
}

/// A column that holds `value`, said to hold `claimed`.
fn column<B: FirstRound>(builder: &mut B, value: i64, claimed: i64) -> Held<B::Expr> {
    Held { expression: builder.small(|| value), integer: claimed }
}

pub(crate) fn challenges() -> Vec<Fr> {
    let mut rng = StdRng::seed_from_u64(5);
    vec![Fr::rand(&mut rng), Fr::rand(&mut rng)]
}

impl Sandbox {
    pub(crate) fn range(interval: Interval, chunks: &[u32], key: i64) -> Self {
        Self { claim: Claim::Range(interval), chunks: Chunks::new(chunks.to_vec()), key, value: 0 }
    }

    pub(crate) fn rows(rows: Rows, lookups: Vec<(i64, Option<i64>, i64)>) -> Self {
        Self { claim: Claim::Rows(rows, lookups), chunks: Chunks::new(vec![]), key: 0, value: 0 }
    }

    pub(crate) fn prove(&self, challenges: Vec<Fr>) -> SecondRoundWitness {
        FirstRoundWitness::new(self, Vec::new()).finish(challenges).expect("no denominator is zero")
    }

    pub(crate) fn holds(&self) -> bool {
        self.prove(challenges()).violated().is_none()
    }
}
