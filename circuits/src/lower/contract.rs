//! Contractions by limb packing (`docs`: two-round Groth16, dense layers): `a·b` outputs for `inner` constraints.
//!
//! A tile of `a` rows and `b` columns of `out = left·right` is one number of `a·b` limbs of `L` bits each:
//! ```text
//! X_k = Σ_i left[i, k]·2^(L·i),   W_k = Σ_j right[k, j]·2^(L·a·j)
//! Σ_k X_k·W_k = Σ_(i,j) out[i, j]·2^(L·(i + a·j))
//! ```
//! One constraint for each `k`: all but the last define the products, the last requires the sum. Where the right factor is a
//! parameter that nothing else reads, `W_k` itself is the committed column; it stands on the `B` side, where it costs a
//! proof nothing. Negative limbs need no care.
//!
//! *Soundness.* Take the factors as given, and two sets of outputs that satisfy the equation. Every output lies in a
//! window of at most `2^L` integers (`window`), up to a constant that the parameters fix, so that the limbs of
//! their difference lie in `(−2^L, 2^L)`. `Σ d_l·2^(L·l) = 0 mod r` with `L·a·b ≤ 252` holds over the integers; the lowest
//! limb is then a multiple of `2^L`, hence 0, and so are the others in turn. So at most one set of outputs satisfies
//! the equation, *even where the columns `W_k` of a malicious model hold arbitrary field elements*: the network is a
//! function of the record. For an honest model the true outputs satisfy it and lie in the windows: they are the ones.
//!
//! Outputs that nothing bounds would make this false, and are refused.

use zeroize::Zeroizing;

use super::columns::Values;
use super::layout::{Layout, Storage};
use crate::field::{Fr, from_int, power_of_two};
use crate::r1cs::{Expression, FirstRound};
use crate::system::{Contract, TensorId, TensorSystem};

/// Bits that all limbs of a tile may have together, below the 253 of the field's order less one for the sign.
const TILE_BITS: u32 = 252;

/// How the outputs of a contraction are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Bits of a limb.
    pub limb_bits: u32,
    /// Rows of a tile.
    pub rows: usize,
    /// Columns of a tile.
    pub columns: usize,
}

impl Tile {
    /// The tile that covers the outputs with the fewest copies; the widest of these. `None` if not even one limb fits.
    pub(super) fn choose(contract: &Contract, limb_bits: u32) -> Option<Self> {
        let limb_bits = limb_bits.max(1);
        let limbs = (TILE_BITS / limb_bits) as usize;
        let tile = |rows: usize| Self { limb_bits, rows, columns: (limbs / rows).min(contract.columns) };
        let tiles = (1..=limbs.min(contract.rows)).map(tile);
        tiles.min_by_key(|tile| (tile.copies(contract), contract.columns - tile.columns))
    }

    /// Constraints of the contraction.
    pub fn constraints(&self, contract: &Contract) -> u64 {
        (contract.batch * contract.inner * self.copies(contract)) as u64
    }

    fn copies(&self, contract: &Contract) -> usize {
        contract.rows.div_ceil(self.rows) * contract.columns.div_ceil(self.columns)
    }

    fn row_stride(&self) -> u32 {
        self.limb_bits
    }

    fn column_stride(&self) -> u32 {
        self.limb_bits * self.rows as u32
    }
}

/// A contraction with its tile and its place.
pub(super) struct Packed<'s> {
    pub(super) contract: &'s Contract,
    pub(super) tile: Tile,
}

impl Packed<'_> {
    /// The weight columns `W_k`, by copy of `right`, column tile and `k`.
    pub(super) fn allocate<B: FirstRound>(&self, builder: &mut B, values: &Values<'_>) -> Vec<B::Expr> {
        let mut columns = Vec::new();
        let mut limbs = Zeroizing::new(Vec::with_capacity(self.tile.columns));
        let packer = Packer::new(self.tile.column_stride());
        self.visit_right(|indices| {
            columns.push(builder.weight(|| {
                limbs.clear();
                limbs.extend(indices.map(|index| values.entry(self.contract.right, index)));
                packer.pack(&limbs)
            }));
        });
        columns
    }

    /// Requires the contraction of the given tensors.
    pub(super) fn enforce<B: FirstRound>(
        &self,
        builder: &mut B,
        system: &TensorSystem,
        layout: &Layout,
        tensors: &[Vec<B::Expr>],
    ) {
        let Contract { out, left, right, batch, rows, inner, columns, right_shared } = *self.contract;
        let read = |tensor: TensorId| tensors[tensor.0].as_slice();
        debug_assert_eq!(system.tensor(out).len(), batch * rows * columns);
        let packed;
        let right = match layout.storage[right.0] {
            Storage::Packed(_) => read(right),
            _ => {
                packed = self.pack_right(read(right));
                &packed
            }
        };
        let per_batch = columns.div_ceil(self.tile.columns) * inner;
        for entry in 0..batch {
            let right = if right_shared { right } else { &right[entry * per_batch..] };
            for first in (0..rows).step_by(self.tile.rows) {
                let left = self.pack_left(read(left), entry, first);
                for (tile, weights) in right[..per_batch].chunks(inner).enumerate() {
                    let outputs = self.pack_out(read(out), entry, first, tile * self.tile.columns);
                    enforce_inner_product(builder, &left, weights, outputs);
                }
            }
        }
    }

    fn pack_right<E: Expression>(&self, right: &[E]) -> Vec<E> {
        let mut packed = Vec::new();
        let powers = powers(self.tile.column_stride(), self.tile.columns);
        self.visit_right(|indices| packed.push(E::combination(indices.map(|i| &right[i]).zip(powers.iter().copied()))));
        packed
    }

    /// Calls `visit` with the entries of each `W_k`.
    fn visit_right(&self, mut visit: impl FnMut(std::ops::Range<usize>)) {
        let Contract { batch, inner, columns, right_shared, .. } = *self.contract;
        for copy in 0..if right_shared { 1 } else { batch } {
            for first in (0..columns).step_by(self.tile.columns) {
                for k in 0..inner {
                    let row = (copy * inner + k) * columns;
                    visit(row + first..row + columns.min(first + self.tile.columns));
                }
            }
        }
    }

    /// `X_k` of the tile of rows from `first` on.
    fn pack_left<E: Expression>(&self, left: &[E], entry: usize, first: usize) -> Vec<E> {
        let Contract { rows, inner, .. } = *self.contract;
        let powers = powers(self.tile.row_stride(), self.tile.rows);
        let tile = first..rows.min(first + self.tile.rows);
        let index = |row: usize, k: usize| (entry * rows + row) * inner + k;
        let packed = |k| E::combination(tile.clone().map(|row| &left[index(row, k)]).zip(powers.iter().copied()));
        (0..inner).map(packed).collect()
    }

    fn pack_out<E: Expression>(&self, out: &[E], entry: usize, first_row: usize, first_column: usize) -> E {
        let Contract { rows, columns, .. } = *self.contract;
        let mut terms = Vec::with_capacity(self.tile.rows * self.tile.columns);
        for (j, column) in (first_column..columns.min(first_column + self.tile.columns)).enumerate() {
            for (i, row) in (first_row..rows.min(first_row + self.tile.rows)).enumerate() {
                let shift = self.tile.row_stride() * i as u32 + self.tile.column_stride() * j as u32;
                terms.push((&out[(entry * rows + row) * columns + column], power_of_two(shift)));
            }
        }
        E::combination(terms)
    }
}

/// `Σ_k left_k·right_k = out`.
fn enforce_inner_product<B: FirstRound>(builder: &mut B, left: &[B::Expr], right: &[B::Expr], out: B::Expr) {
    let mut rest = out;
    let pairs: Vec<_> = left.iter().zip(right).collect();
    let Some(((last_left, last_right), pairs)) = pairs.split_last() else {
        return builder.enforce_zero(&rest);
    };
    for (left, right) in pairs {
        let product = builder.first_product(left, right);
        rest.add_scaled(&product, from_int(-1));
    }
    builder.enforce(last_left, last_right, &rest);
}

fn powers(stride: u32, count: usize) -> Vec<Fr> {
    (0..count as u32).map(|index| power_of_two(stride * index)).collect()
}

/// Packs integers at a fixed distance.
struct Packer {
    stride: u32,
    /// As many limbs as are first added up as machine integers.
    run: usize,
    /// `2^(stride·run)`.
    shift: Fr,
}

impl Packer {
    fn new(stride: u32) -> Self {
        let run = 62 / stride + 1;
        Self { stride, run: run as usize, shift: power_of_two(stride * run) }
    }

    /// `Σ_j limb_j·2^(stride·j)`.
    fn pack(&self, limbs: &[i64]) -> Fr {
        let join = |sum: i128, limb: i128| (sum << self.stride) + limb;
        let runs = limbs.chunks(self.run).rev();
        let runs = runs.filter_map(|run| run.iter().rev().copied().map(i128::from).reduce(join));
        runs.fold(from_int(0), |sum, run| sum * self.shift + from_int(run))
    }
}
