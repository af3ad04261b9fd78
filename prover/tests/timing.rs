//! Where the time of a proof goes: a measurement, run by hand.

mod common;

use common::circuits::Diagnosis;
use common::{Fixture, Toy, rng};
use zkdx_prover::{Cpu, Prover};

/// `cargo test --release -p zkdx-prover --test timing -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn two_to_the_twelve_constraints() {
    const PROOFS: u32 = 10;
    let fixture = Fixture::new(Diagnosis::large(1 << 12), 1);
    println!("{} constraints, {:?}", fixture.r1cs.constraints(), fixture.r1cs.columns);
    let prover = Prover::new(&fixture.key, &fixture.registration, &Cpu).unwrap();
    let prove = |seed| prover.prove(fixture.toy.witness(), &fixture.statement(), &mut rng(seed)).unwrap().1.steps();
    let runs: Vec<_> = (0..u64::from(PROOFS)).map(prove).collect();
    for (index, (name, _)) in runs[0].iter().enumerate() {
        let sum: std::time::Duration = runs.iter().map(|steps| steps[index].1.wall).sum();
        println!("{name:14} {:?}", sum / PROOFS);
    }
}
