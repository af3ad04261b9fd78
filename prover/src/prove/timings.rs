//! Where the time of a proof goes.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// Wall time of one step, and CPU time of the whole process meanwhile: its own where steps run [`Pace::OneByOne`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Wall time.
    pub wall: Duration,
    /// CPU time of all threads.
    pub cpu: Duration,
}

/// Whether the steps of a round share the cores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Side by side: fastest.
    #[default]
    Overlapped,
    /// One after the other, each on all cores: CPU time can be told apart.
    OneByOne,
}

/// Times of a proof, step by step. Overlapped steps add up to more than the total.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    clock: Clock,
    /// Multi-scalar multiplication of `D_1`.
    pub first: Step,
    /// Second round of the witness.
    pub witness: Step,
    /// Check of every constraint.
    pub constraints: Step,
    /// Multi-scalar multiplication of `A`.
    pub left: Step,
    /// Multi-scalar multiplication of `B` in G1.
    pub right_g1: Step,
    /// Multi-scalar multiplication of `B` in G2.
    pub right_g2: Step,
    /// The seven transforms that yield `h`.
    pub transforms: Transforms,
    /// Multi-scalar multiplication of the second round's columns.
    pub second: Step,
    /// Multi-scalar multiplication of `h`.
    pub quotient: Step,
    /// Verification of the finished proof.
    pub verify: Step,
    /// All of it.
    pub total: Step,
}

/// Times of the way to `h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transforms {
    /// `A·z` to the coset: two transforms.
    pub a: Step,
    /// `B·z` to the coset: two transforms.
    pub b: Step,
    /// `C·z` to the coset: two transforms.
    pub c: Step,
    /// Products and division by `t`, value by value.
    pub divide: Step,
    /// Back to coefficients.
    pub back: Step,
}

impl Timings {
    pub(super) fn start() -> Self {
        let zero = Step::default();
        Self {
            clock: Clock::start(),
            first: zero,
            witness: zero,
            constraints: zero,
            left: zero,
            right_g1: zero,
            right_g2: zero,
            transforms: Transforms::default(),
            second: zero,
            quotient: zero,
            verify: zero,
            total: zero,
        }
    }

    pub(super) fn finish(&mut self) {
        self.total = self.clock.elapsed();
    }

    /// Every step by name, the total last.
    pub fn steps(&self) -> [(&'static str, Step); 15] {
        [
            ("msm first", self.first),
            ("witness", self.witness),
            ("constraints", self.constraints),
            ("msm left", self.left),
            ("msm right g1", self.right_g1),
            ("msm right g2", self.right_g2),
            ("msm second", self.second),
            ("transform a", self.transforms.a),
            ("transform b", self.transforms.b),
            ("transform c", self.transforms.c),
            ("divide", self.transforms.divide),
            ("transform back", self.transforms.back),
            ("msm quotient", self.quotient),
            ("verify", self.verify),
            ("total", self.total),
        ]
    }
}

impl Step {
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (result, step) = Self::of(work);
        self.wall += step.wall;
        self.cpu += step.cpu;
        result
    }

    /// `work` and what it took.
    pub fn of<T>(work: impl FnOnce() -> T) -> (T, Self) {
        let clock = Clock::start();
        let result = work();
        (result, clock.elapsed())
    }
}

impl Pace {
    pub(crate) fn join<A: Send, B: Send>(
        self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match self {
            Self::Overlapped => rayon::join(one, other),
            Self::OneByOne => (one(), other()),
        }
    }
}

/// Both times at a start.
#[derive(Clone, Copy, Debug)]
struct Clock {
    wall: Instant,
    cpu: Duration,
}

impl Clock {
    fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_time() }
    }

    fn elapsed(&self) -> Step {
        Step { wall: self.wall.elapsed(), cpu: cpu_time().saturating_sub(self.cpu) }
    }
}

/// CPU time of all threads of this process, user and system.
fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else { return Duration::ZERO };
    let time = |value: nix::sys::time::TimeVal| {
        Duration::from_secs(value.tv_sec().unsigned_abs()) + Duration::from_micros(value.tv_usec().unsigned_abs())
    };
    time(usage.user_time()) + time(usage.system_time())
}
