//! Where the time of a proof goes.

use std::time::{Duration, Instant};

/// Wall time of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step(pub Duration);

/// Wall times of a proof, step by step. Steps of one round share the cores, so they add up to more than the total.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    start: Instant,
    /// Multi-scalar multiplication of `D_1`.
    pub first: Step,
    /// Second round of the witness.
    pub witness: Step,
    /// Multi-scalar multiplication of `A`.
    pub left: Step,
    /// Multi-scalar multiplication of `B` in G1.
    pub right_g1: Step,
    /// Multi-scalar multiplication of `B` in G2.
    pub right_g2: Step,
    /// The seven transforms that yield `h`.
    pub transforms: Step,
    /// Multi-scalar multiplication of the second round's columns.
    pub second: Step,
    /// Multi-scalar multiplication of `h`.
    pub quotient: Step,
    /// Verification of the finished proof.
    pub verify: Step,
    /// All of it.
    pub total: Step,
}

impl Timings {
    pub(super) fn start() -> Self {
        let zero = Step::default();
        Self {
            start: Instant::now(),
            first: zero,
            witness: zero,
            left: zero,
            right_g1: zero,
            right_g2: zero,
            transforms: zero,
            second: zero,
            quotient: zero,
            verify: zero,
            total: zero,
        }
    }

    pub(super) fn finish(&mut self) {
        self.total = Step(self.start.elapsed());
    }

    /// Every step by name, the total last.
    pub fn steps(&self) -> [(&'static str, Duration); 10] {
        [
            ("msm first", self.first.0),
            ("witness", self.witness.0),
            ("msm left", self.left.0),
            ("msm right g1", self.right_g1.0),
            ("msm right g2", self.right_g2.0),
            ("transforms", self.transforms.0),
            ("msm second", self.second.0),
            ("msm quotient", self.quotient.0),
            ("verify", self.verify.0),
            ("total", self.total.0),
        ]
    }
}

impl Step {
    pub(super) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0 += start.elapsed();
        result
    }
}
