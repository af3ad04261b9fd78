//! Contractions, the heavy part of a network: packed so that many multiply-adds cost one constraint.
//!
//! | method | for | constraints |
//! |---|---|---|
//! | [`Tile`], limb packing | few rows: dense layers | `inner` for each tile of outputs |
//! | [`Powers`] of a challenge | many rows: convolutions, batches of positions | inputs + taps + (weights + outputs)/limbs |
//!
//! Either way the outputs are packed into limbs of `L` bits, and what makes limbs unique is the same.
//!
//! *Soundness of limbs.* Take the factors as given, and two sets of outputs that satisfy the equation of a packed number. Every
//! output lies in a window of at most `2^L` integers (`window`), up to a constant that the parameters fix, so that the limbs of
//! their difference lie in `(−2^L, 2^L)`. `Σ d_l·2^(L·l) = 0 mod r` with `L·limbs ≤ 252` holds over the integers; the lowest limb is
//! then a multiple of `2^L`, hence 0, and so are the others in turn. So at most one set of outputs satisfies the equation, *even
//! where the columns of a malicious model hold arbitrary field elements*: the network is a function of the record. For
//! an honest model the true outputs satisfy it and lie in the windows: they are the ones.
//!
//! Outputs that nothing bounds would make this false, and are refused.

mod exponents;
mod limbs;
mod powers;

use std::borrow::Cow;
use std::ops::Range;

use zeroize::Zeroizing;

pub use limbs::Tile;
pub use powers::Powers;
pub(super) use powers::{Pending, PowerTable, enforce};

use super::columns::Values;
use super::layout::Layout;
use super::plan::Multiply;
use crate::field::{packed, power_of_two};
use crate::r1cs::{Expression, FirstRound};
use crate::system::{Contract, TensorSystem};

/// Bits that all limbs of a packed number may have together, below the 253 of the field's order less one for the sign.
pub(super) const PACKED_BITS: u32 = 252;

/// How a contraction is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContractMethod {
    /// A constraint for each `k` and tile.
    Limbs(Tile),
    /// One identity for each packed column of outputs.
    Powers(Powers),
}

impl ContractMethod {
    /// The best way to `multiply` with limbs of `limb_bits` bits. `None` if not even one limb fits.
    pub(super) fn of(contract: &Contract, multiply: Multiply, limb_bits: u32) -> Option<Self> {
        match multiply {
            Multiply::Limbs => Tile::choose(&contract.sizes, limb_bits).map(Self::Limbs),
            Multiply::Powers => Powers::choose(&contract.sizes, limb_bits).map(Self::Powers),
        }
    }

    /// Constraints, without the powers themselves, which all contractions share.
    pub fn constraints(&self, contract: &Contract) -> u64 {
        match self {
            Self::Limbs(tile) => tile.constraints(&contract.sizes),
            Self::Powers(powers) => powers.constraints(&contract.sizes),
        }
    }
}

/// Columns of a batch entry of the right factor that are packed together.
struct Part {
    batch: usize,
    columns: Range<usize>,
    /// The bit at which they start.
    shift: u32,
}

/// A contraction with its method.
pub(super) struct Packed<'s> {
    pub(super) contract: &'s Contract,
    pub(super) method: ContractMethod,
}

impl Packed<'_> {
    /// The packed weight columns, by part and `k`.
    pub(super) fn allocate<B: FirstRound>(&self, builder: &mut B, values: &Values<'_>) -> Vec<B::Expr> {
        let (parts, stride, sizes) = (self.parts(), self.stride(), &self.contract.sizes);
        let (layout, values) = (sizes.layout(), values.of(self.contract.right));
        let columns = builder.in_blocks(parts.len(), |builder, block| {
            let mut entries = Zeroizing::new(Vec::new());
            let mut columns = Vec::with_capacity(block.len() * sizes.inner);
            for (part, k) in parts[block].iter().flat_map(|part| (0..sizes.inner).map(move |k| (part, k))) {
                columns.push(builder.weight(|| {
                    entries.clear();
                    entries.extend(part.columns.clone().map(|n| values.entry(layout.right(part.batch, k, n))));
                    packed(&entries, stride) * power_of_two(part.shift)
                }));
            }
            columns
        });
        columns.into_iter().flatten().collect()
    }

    /// The same of a right factor that is not packed weights.
    fn pack_right<E: Expression>(&self, right: &[E]) -> Vec<E> {
        let (stride, sizes) = (self.stride(), &self.contract.sizes);
        let layout = sizes.layout();
        let pack = |part: &Part, k: usize| {
            let powers = (0..).map(|index| power_of_two(part.shift + stride * index));
            let entries = part.columns.clone().map(|n| &right[layout.right(part.batch, k, n)]);
            E::combination(entries.zip(powers))
        };
        self.parts().iter().flat_map(|part| (0..sizes.inner).map(|k| pack(part, k)).collect::<Vec<_>>()).collect()
    }

    /// What of the right factor goes into packed numbers, one for each `k`.
    fn parts(&self) -> Vec<Part> {
        match &self.method {
            ContractMethod::Limbs(tile) => tile.parts(&self.contract.sizes),
            ContractMethod::Powers(powers) => powers.tiles(&self.contract.sizes).flatten().collect(),
        }
    }

    /// The highest power of the challenge that it takes.
    pub(super) fn degree(&self) -> usize {
        match self.method {
            ContractMethod::Limbs(_) => 0,
            ContractMethod::Powers(_) => Powers::degree(&self.contract.sizes),
        }
    }

    /// Bits between the entries of a packed number.
    fn stride(&self) -> u32 {
        match &self.method {
            ContractMethod::Limbs(tile) => tile.column_stride(),
            ContractMethod::Powers(powers) => powers.limb_bits,
        }
    }

    /// Requires the contraction of the given tensors, or says what is left for the second round.
    pub(super) fn enforce<B: FirstRound>(
        &self,
        builder: &mut B,
        system: &TensorSystem,
        layout: &Layout,
        tensors: &[Vec<B::Expr>],
    ) -> Option<Pending<B::Expr>> {
        let Contract { out, left, right, ref sizes } = *self.contract;
        debug_assert_eq!(system.tensor(out).len(), sizes.outputs());
        let (out, left, given) = (&tensors[out.0], &tensors[left.0], &tensors[right.0]);
        let right = if layout.is_packed(right) { Cow::Borrowed(given) } else { Cow::Owned(self.pack_right(given)) };
        match self.method {
            ContractMethod::Limbs(tile) => {
                tile.enforce(sizes, builder, [out, left, &right]);
                None
            }
            ContractMethod::Powers(powers) => Some(powers.pending(sizes, [out, left], right.into_owned())),
        }
    }
}
