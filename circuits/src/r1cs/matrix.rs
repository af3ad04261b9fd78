//! Columns in groups, and the three sparse matrices.

use crate::field::{Fr, to_bytes};
use crate::statement::{Digest32, keccak};

/// Which commitment a column belongs to, in the order of the assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// The constant 1, the statement words, the challenges.
    Public,
    /// The model's parameters.
    Weight,
    /// First round, small integers.
    Small,
    /// First round, any field element.
    Field,
    /// Second round.
    Second,
}

/// A column of the constraint system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Column {
    /// Its group.
    pub group: Group,
    /// Its place in the group.
    pub index: u32,
}

impl Column {
    /// The constant 1.
    pub const ONE: Self = Self { group: Group::Public, index: 0 };
}

/// Columns per group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnCounts {
    /// 1 + statement words + challenges.
    pub public: usize,
    /// Of those, challenges.
    pub challenges: usize,
    /// Weights.
    pub weight: usize,
    /// First round, small.
    pub small: usize,
    /// First round, field.
    pub field: usize,
    /// Second round.
    pub second: usize,
}

impl ColumnCounts {
    /// All columns.
    pub fn total(&self) -> usize {
        self.public + self.weight + self.small + self.field + self.second
    }

    /// Where `group` starts in the flat order public, weight, small, field, second.
    pub fn start(&self, group: Group) -> usize {
        match group {
            Group::Public => 0,
            Group::Weight => self.public,
            Group::Small => self.public + self.weight,
            Group::Field => self.public + self.weight + self.small,
            Group::Second => self.public + self.weight + self.small + self.field,
        }
    }

    /// The flat index of `column`.
    pub fn flat(&self, column: Column) -> usize {
        self.start(column.group) + column.index as usize
    }
}

/// A sparse matrix by rows, over flat column indices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// `offsets[i]..offsets[i + 1]` are the entries of row `i`.
    pub offsets: Vec<u32>,
    /// Flat column of each entry.
    pub columns: Vec<u32>,
    /// Coefficient of each entry.
    pub coefficients: Vec<Fr>,
}

impl Matrix {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Entries of row `i`.
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, Fr)> + '_ {
        let range = self.offsets[i] as usize..self.offsets[i + 1] as usize;
        range.map(|entry| (self.columns[entry] as usize, self.coefficients[entry]))
    }

    /// `keccak` of the number of rows, then of each row's length and entries.
    fn digest(&self) -> Digest32 {
        let mut bytes = (self.rows() as u64).to_be_bytes().to_vec();
        for i in 0..self.rows() {
            bytes.extend((self.row(i).count() as u64).to_be_bytes());
            for (column, coefficient) in self.row(i) {
                bytes.extend((column as u64).to_be_bytes());
                bytes.extend(to_bytes(&coefficient));
            }
        }
        keccak([bytes.as_slice()])
    }

    /// `Σ_columns coefficient·assignment` of row `i`.
    pub fn dot(&self, i: usize, assignment: &[Fr]) -> Fr {
        self.row(i).map(|(column, coefficient)| coefficient * assignment[column]).sum()
    }
}

/// `(A·z) ∘ (B·z) = C·z`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct R1cs {
    /// Columns per group.
    pub columns: ColumnCounts,
    /// Left factors.
    pub a: Matrix,
    /// Right factors.
    pub b: Matrix,
    /// Products.
    pub c: Matrix,
}

impl R1cs {
    /// Number of constraints.
    pub fn constraints(&self) -> usize {
        self.a.rows()
    }

    /// Pins the system: `keccak` of the columns per group and of the digests of the three matrices.
    pub fn digest(&self) -> Digest32 {
        let ColumnCounts { public, challenges, weight, small, field, second } = self.columns;
        let counts = [public, challenges, weight, small, field, second].map(|count| (count as u64).to_be_bytes());
        let matrices = [&self.a, &self.b, &self.c].map(Matrix::digest);
        keccak(counts.iter().map(|count| &count[..]).chain(matrices.iter().map(|matrix| &matrix[..])))
    }

    /// The first constraint that `assignment`, in flat order, violates.
    pub fn violated(&self, assignment: &[Fr]) -> Option<usize> {
        let holds = |i| self.a.dot(i, assignment) * self.b.dot(i, assignment) == self.c.dot(i, assignment);
        (0..self.constraints()).find(|&i| !holds(i))
    }
}
