//! Synthesis without values: the matrices.

use super::{Column, ColumnCounts, Expression, FirstRound, Group, Matrix, R1cs, SecondRound, Sparse};
use crate::field::Fr;

/// Records columns and constraints.
pub struct ShapeBuilder {
    counts: ColumnCounts,
    sides: [Rows; 3],
}

/// The rows of one matrix, in columns that have no flat index yet.
#[derive(Default)]
struct Rows {
    entries: Vec<(Column, Fr)>,
    ends: Vec<u32>,
}

impl ShapeBuilder {
    /// An empty system with `words` statement words and `challenges` challenges.
    pub fn new(words: usize, challenges: usize) -> Self {
        let counts = ColumnCounts { public: 1 + words + challenges, challenges, ..Default::default() };
        Self { counts, sides: Default::default() }
    }

    /// The finished system.
    pub fn finish(self) -> R1cs {
        let counts = self.counts;
        let [a, b, c] = self.sides.map(|rows| rows.flatten(&counts));
        R1cs { columns: counts, a, b, c }
    }

    fn allocate(&mut self, group: Group) -> Sparse {
        let count = match group {
            Group::Public => &mut self.counts.public,
            Group::Weight => &mut self.counts.weight,
            Group::Small => &mut self.counts.small,
            Group::Field => &mut self.counts.field,
            Group::Second => &mut self.counts.second,
        };
        let index = u32::try_from(*count).expect("fewer than 2^32 columns");
        *count += 1;
        Sparse::column(Column { group, index })
    }

    fn push(&mut self, sides: [&Sparse; 3]) {
        for (rows, side) in self.sides.iter_mut().zip(sides) {
            rows.push(side);
        }
    }
}

impl FirstRound for ShapeBuilder {
    type Expr = Sparse;

    fn word(&mut self, index: usize) -> Sparse {
        Sparse::column(Column { group: Group::Public, index: 1 + index as u32 })
    }

    fn weight(&mut self, _: impl FnOnce() -> Fr) -> Sparse {
        self.allocate(Group::Weight)
    }

    fn small(&mut self, _: impl FnOnce() -> i64) -> Sparse {
        self.allocate(Group::Small)
    }

    fn field(&mut self, _: impl FnOnce() -> Fr) -> Sparse {
        self.allocate(Group::Field)
    }

    fn first_product(&mut self, left: &Sparse, right: &Sparse) -> Sparse {
        let out = self.allocate(Group::Field);
        self.push([left, right, &out]);
        out
    }

    fn enforce(&mut self, left: &Sparse, right: &Sparse, out: &Sparse) {
        self.push([left, right, out]);
    }
}

impl SecondRound for ShapeBuilder {
    type Expr = Sparse;

    fn challenge(&self, index: usize) -> Sparse {
        let first = self.counts.public - self.counts.challenges;
        Sparse::column(Column { group: Group::Public, index: (first + index) as u32 })
    }

    fn product(&mut self, left: &Sparse, right: &Sparse) -> Sparse {
        let out = self.allocate(Group::Second);
        self.push([left, right, &out]);
        out
    }

    fn product_plus(&mut self, left: &Sparse, right: &Sparse, addend: &Sparse) -> Sparse {
        let out = self.allocate(Group::Second);
        self.push([left, right, &out.minus(addend)]);
        out
    }

    fn quotients(&mut self, pairs: &[(Sparse, Sparse)]) -> Vec<Sparse> {
        let quotient = |(numerator, denominator): &(Sparse, Sparse)| {
            let out = self.allocate(Group::Second);
            self.push([&out, denominator, numerator]);
            out
        };
        pairs.iter().map(quotient).collect()
    }

    fn enforce(&mut self, left: &Sparse, right: &Sparse, out: &Sparse) {
        self.push([left, right, out]);
    }
}

impl Rows {
    fn push(&mut self, side: &Sparse) {
        self.entries.extend(side.merged());
        self.ends.push(u32::try_from(self.entries.len()).expect("fewer than 2^32 entries"));
    }

    fn flatten(self, counts: &ColumnCounts) -> Matrix {
        Matrix {
            offsets: std::iter::once(0).chain(self.ends).collect(),
            columns: self.entries.iter().map(|(column, _)| counts.flat(*column) as u32).collect(),
            coefficients: self.entries.iter().map(|(_, coefficient)| *coefficient).collect(),
        }
    }
}
