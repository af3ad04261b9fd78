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

use super::{PACKED_BITS, Part};
use crate::field::{from_int, power_of_two};
use crate::r1cs::{Expression, FirstRound};
use crate::system::{ContractLayout, Sizes};

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
    pub(super) fn choose(sizes: &Sizes, limb_bits: u32) -> Option<Self> {
        let limb_bits = limb_bits.max(1);
        let limbs = (PACKED_BITS / limb_bits) as usize;
        let tile = |rows: usize| Self { limb_bits, rows, columns: (limbs / rows).min(sizes.columns) };
        let tiles = (1..=limbs.min(sizes.rows)).map(tile);
        tiles.min_by_key(|tile| (tile.copies(sizes), sizes.columns - tile.columns))
    }

    /// Constraints of the contraction.
    pub(super) fn constraints(&self, sizes: &Sizes) -> u64 {
        (sizes.batch * sizes.inner * self.copies(sizes)) as u64
    }

    fn copies(&self, sizes: &Sizes) -> usize {
        sizes.rows.div_ceil(self.rows) * sizes.columns.div_ceil(self.columns)
    }

    /// Bits between columns.
    pub(super) fn column_stride(&self) -> u32 {
        self.limb_bits * self.rows as u32
    }

    /// The columns of each tile, by batch entry.
    pub(super) fn parts(&self, sizes: &Sizes) -> Vec<Part> {
        let firsts = (0..sizes.columns).step_by(self.columns);
        let columns = firsts.map(|first| first..sizes.columns.min(first + self.columns));
        let part = |batch: usize| columns.clone().map(move |columns| Part { batch, columns, shift: 0 });
        (0..sizes.batch).flat_map(part).collect()
    }

    /// Requires the contraction; `right` is packed.
    pub(super) fn enforce<B: FirstRound>(
        &self,
        sizes: &Sizes,
        builder: &mut B,
        [out, left, right]: [&Vec<B::Expr>; 3],
    ) {
        let layout = sizes.layout();
        let tiles = sizes.columns.div_ceil(self.columns);
        for (b, weights) in right.chunks(tiles * sizes.inner).enumerate() {
            for first in (0..sizes.rows).step_by(self.rows) {
                let left = self.pack_left(sizes, &layout, left, b, first);
                builder.in_blocks(tiles, |builder, block| {
                    for tile in block {
                        let out = self.pack_out(sizes, &layout, out, b, (first, tile * self.columns));
                        enforce_inner_product(builder, &left, &weights[tile * sizes.inner..][..sizes.inner], out);
                    }
                });
            }
        }
    }

    /// `X_k` of the tile of rows from `first` on.
    fn pack_left<E: Expression>(
        &self,
        sizes: &Sizes,
        layout: &ContractLayout<'_>,
        left: &[E],
        b: usize,
        first: usize,
    ) -> Vec<E> {
        let tile = first..sizes.rows.min(first + self.rows);
        let read = |(row, m): (usize, usize), k: usize| {
            Some((&left[layout.left(b, m, k)?], power_of_two(self.limb_bits * row as u32)))
        };
        let packed = |k| E::combination(tile.clone().enumerate().filter_map(|row| read(row, k)));
        (0..sizes.inner).map(packed).collect()
    }

    fn pack_out<E: Expression>(
        &self,
        sizes: &Sizes,
        layout: &ContractLayout<'_>,
        out: &[E],
        b: usize,
        (first_row, first_column): (usize, usize),
    ) -> E {
        let mut terms = Vec::with_capacity(self.rows * self.columns);
        for (j, n) in (first_column..sizes.columns.min(first_column + self.columns)).enumerate() {
            for (i, m) in (first_row..sizes.rows.min(first_row + self.rows)).enumerate() {
                let shift = self.limb_bits * i as u32 + self.column_stride() * j as u32;
                terms.push((&out[layout.out(b, m, n)], power_of_two(shift)));
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
