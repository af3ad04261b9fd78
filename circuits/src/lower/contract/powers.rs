//! Contractions by powers of a challenge: convolutions cost their inputs, weights and outputs, not their multiply-adds.
//!
//! Let `T` be drawn after inputs, weights and outputs are committed to, and let `Y_J[m]` pack some outputs of row `m` into limbs, `W_J`
//! the weights in the same way: `Y_J[m] = Σ_k left[m, k]·W_J[k]` for every row `m`. Taken times `T^m` and added up, that is
//! ```text
//! Σ_m T^m·Y_J[m] = Σ_k U_k·W_J[k],     U_k = Σ_m T^m·left[m, k]
//! ```
//! and `U_k` serves every `J`. Entry `q` of a channel is read by tap `t` at position `m` of a convolution, where along each axis
//! `q + before = m·stride + t·dilation`, hence `⌊(q + before)/stride⌋ = m + ⌊t·dilation/stride⌋`: the exponent of `q` is that of
//! `m` and a shift `s_t` of the tap. So each entry is multiplied once, `M_q = x_q·T^(e_q)`, whatever taps read it, and
//! ```text
//! U_(c, t)·T^(s_t) = Σ_m M_(source(m, t))
//! ```
//! for any stride, padding, dilation and number of axes. A matrix has one tap.
//!
//! *Cost.* One constraint for each input entry that is read with a positive exponent, one for each `U_k`, one for each packed weight,
//! one for each packed output but the first (Horner's rule), and one for each power of `T` there is in the circuit. Weights stand
//! on the `B` side and products on the `C` side alone, where they cost least.
//!
//! *Soundness.* Inputs, weights and packed outputs are fixed before `T`. If some `Y_J[m]` is wrong, the two sides differ as
//! polynomials in `T` of degree below the number of rows, so that they agree for at most that many `T` out of `r`. `T` is the
//! challenge that lookups call `Y`: each identity fails for few values of it, and the union bound adds these up, whatever else
//! the challenge is used for. `T = 0`, for which a quotient would be free, is refused when proving and as unlikely. That outputs are
//! then unique limbs of `Y_J[m]`, an identity in the field, is shown one level up.

use rayon::prelude::*;

use super::exponents::Exponents;
use super::{PACKED_BITS, Part};
use crate::field::{from_int, power_of_two};
use crate::r1cs::{Expression, SecondRound};
use crate::system::{ContractLayout, Sizes};

/// The challenge whose powers are taken: the second one of the lookups.
const T: usize = 1;

/// How the outputs of a contraction are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Powers {
    /// Bits of a limb.
    pub limb_bits: u32,
    /// Outputs of one row in a packed number, counted by batch entry and column.
    pub limbs: usize,
}

/// What a contraction leaves for the second round: expressions of the first.
pub(in crate::lower) struct Pending<E> {
    sizes: Sizes,
    /// `left`.
    left: Vec<E>,
    /// `W_J`, by `J`, batch entry and `k`.
    weights: Vec<E>,
    /// `Y_J[m]`, by `J` and row.
    outputs: Vec<E>,
    powers: Powers,
}

impl Powers {
    /// As many limbs as fit. `None` if not even one does.
    pub(super) fn choose(sizes: &Sizes, limb_bits: u32) -> Option<Self> {
        let limb_bits = limb_bits.max(1);
        let limbs = ((PACKED_BITS / limb_bits) as usize).min(sizes.batch * sizes.columns);
        (limbs > 0).then_some(Self { limb_bits, limbs })
    }

    /// Constraints of the contraction, without the powers.
    pub(super) fn constraints(&self, sizes: &Sizes) -> u64 {
        let weights: usize = self.tiles(sizes).map(|tile| tile.len() * sizes.inner).sum();
        let outputs = self.count(sizes) * (sizes.rows - 1);
        (self.inputs(sizes) + sizes.batch * sizes.inner + weights + outputs) as u64
    }

    /// Largest exponent that is used.
    pub(in crate::lower) fn degree(sizes: &Sizes) -> usize {
        let exponents = Exponents::of(sizes);
        let taps = exponents.shifts.iter().copied().max().unwrap_or_default();
        exponents.entries.iter().copied().max().unwrap_or_default().max(taps)
    }

    /// Entries that are multiplied with a power.
    fn inputs(&self, sizes: &Sizes) -> usize {
        let exponents = Exponents::of(sizes);
        let multiplied = exponents.read().filter(|&entry| exponents.entries[entry] > 0).count();
        multiplied * sizes.left_entries() / exponents.entries.len()
    }

    /// Number of packed columns.
    fn count(&self, sizes: &Sizes) -> usize {
        (sizes.batch * sizes.columns).div_ceil(self.limbs)
    }

    /// The parts of each `J`.
    pub(super) fn tiles<'s>(&'s self, sizes: &'s Sizes) -> impl Iterator<Item = Vec<Part>> + 's {
        let total = sizes.batch * sizes.columns;
        (0..total).step_by(self.limbs).map(move |first| {
            let end = total.min(first + self.limbs);
            let part = |batch: usize| {
                let start = batch * sizes.columns;
                let (from, to) = (first.max(start), end.min(start + sizes.columns));
                let shift = self.limb_bits * (from - first) as u32;
                Part { batch, columns: from - start..to - start, shift }
            };
            (first / sizes.columns..end.div_ceil(sizes.columns)).map(part).collect()
        })
    }

    /// What is left for the second round; `right` is packed.
    pub(super) fn pending<E: Expression>(
        self,
        sizes: &Sizes,
        [out, left]: [&Vec<E>; 2],
        weights: Vec<E>,
    ) -> Pending<E> {
        let layout = sizes.layout();
        let tiles: Vec<_> = self.tiles(sizes).collect();
        let places = (0..tiles.len() * sizes.rows).into_par_iter();
        let outputs = places.map(|place| self.pack_out(&layout, out, &tiles[place / sizes.rows], place % sizes.rows));
        Pending { sizes: sizes.clone(), left: left.clone(), weights, outputs: outputs.collect(), powers: self }
    }

    fn pack_out<E: Expression>(&self, layout: &ContractLayout<'_>, out: &[E], parts: &[Part], m: usize) -> E {
        let terms = parts.iter().flat_map(|part| {
            let shifts = (0..).map(|index| power_of_two(part.shift + self.limb_bits * index));
            part.columns.clone().map(|n| &out[layout.out(part.batch, m, n)]).zip(shifts)
        });
        E::combination(terms)
    }
}

/// `1, T, T², …` as far as needed.
pub(in crate::lower) struct PowerTable<E>(Vec<E>);

impl PowerTable<()> {
    /// Constraints of the powers up to `degree`.
    pub(in crate::lower) fn constraints(degree: usize) -> u64 {
        degree.saturating_sub(1) as u64
    }
}

impl<E: Expression> PowerTable<E> {
    /// The powers up to `degree`, one constraint each from the second on.
    pub(in crate::lower) fn new<B: SecondRound<Expr = E>>(builder: &mut B, degree: usize) -> Self {
        let challenge = builder.challenge(T);
        let mut powers = vec![E::unit(), challenge.clone()];
        while powers.len() <= degree {
            powers.push(builder.product(&powers[powers.len() - 1], &challenge));
        }
        Self(powers)
    }
}

/// Requires every contraction that was left for the second round.
pub(in crate::lower) fn enforce<B: SecondRound>(
    builder: &mut B,
    powers: &PowerTable<B::Expr>,
    pending: Vec<Pending<B::Expr>>,
) {
    for contraction in pending {
        let moments = contraction.moments(builder, powers);
        contraction.identities(builder, powers, &moments);
    }
}

impl<E: Expression> Pending<E> {
    /// `U_k`, by batch entry and `k`.
    fn moments<B: SecondRound<Expr = E>>(&self, builder: &mut B, PowerTable(powers): &PowerTable<E>) -> Vec<E> {
        let exponents = Exponents::of(&self.sizes);
        let channels = self.sizes.batch * self.sizes.inner / exponents.shifts.len();
        let fractions = builder.in_blocks(channels, |builder, block| {
            let fractions = block.flat_map(|channel| self.fractions(builder, powers, &exponents, channel));
            fractions.collect::<Vec<_>>()
        });
        builder.quotients(&fractions.concat())
    }

    /// `Σ_m M_(source(m, t))` and `T^(s_t)` for every tap of a channel.
    fn fractions<B: SecondRound<Expr = E>>(
        &self,
        builder: &mut B,
        powers: &[E],
        exponents: &Exponents,
        channel: usize,
    ) -> Vec<(E, E)> {
        let multiplied = self.multiplied(builder, powers, exponents, channel);
        let taps = exponents.shifts.len();
        let fraction = |(tap, &shift): (usize, &usize)| {
            let reads = exponents.sources.iter().skip(tap).step_by(taps).flatten();
            let terms = reads.map(|&entry| (&multiplied[entry as usize], from_int(1)));
            (E::combination(terms), powers[shift].clone())
        };
        exponents.shifts.iter().enumerate().map(fraction).collect()
    }

    /// `M_q` of every entry of a channel that some tap reads.
    fn multiplied<B: SecondRound<Expr = E>>(
        &self,
        builder: &mut B,
        powers: &[E],
        exponents: &Exponents,
        channel: usize,
    ) -> Vec<E> {
        let mut multiplied = vec![E::empty(); exponents.entries.len()];
        for entry in exponents.read() {
            let x = &self.left[self.sizes.channel_entry(channel, entry)];
            multiplied[entry] = match exponents.entries[entry] {
                0 => x.clone(),
                exponent => builder.product(x, &powers[exponent]),
            };
        }
        multiplied
    }

    /// `Σ_k U_k·W_J[k] = Σ_m T^m·Y_J[m]` for every `J`.
    fn identities<B: SecondRound<Expr = E>>(&self, builder: &mut B, powers: &PowerTable<E>, moments: &[E]) {
        let PowerTable(powers) = powers;
        let (inner, rows) = (self.sizes.inner, self.sizes.rows);
        let tiles: Vec<_> = self.powers.tiles(&self.sizes).collect();
        let starts: Vec<usize> =
            tiles.iter().scan(0, |start, parts| Some(std::mem::replace(start, *start + parts.len()))).collect();
        builder.in_blocks(tiles.len(), |builder, block| {
            for tile in block {
                let sum = horner(builder, &self.outputs[tile * rows..][..rows], &powers[1]);
                let weights = &self.weights[starts[tile] * inner..][..tiles[tile].len() * inner];
                let moments = tiles[tile].iter().flat_map(|part| &moments[part.batch * inner..][..inner]);
                enforce_inner_product(builder, moments, weights, sum);
            }
        });
    }
}

/// `Σ_k left_k·right_k = sum`.
fn enforce_inner_product<'e, B: SecondRound>(
    builder: &mut B,
    left: impl Iterator<Item = &'e B::Expr>,
    right: &'e [B::Expr],
    sum: B::Expr,
) where
    B::Expr: 'e,
{
    let mut rest = sum;
    let mut pairs = left.zip(right).peekable();
    while let Some((left, right)) = pairs.next() {
        if pairs.peek().is_none() {
            return builder.enforce(left, right, &rest);
        }
        let product = builder.product(left, right);
        rest.add_scaled(&product, from_int(-1));
    }
}

/// `Σ_m T^m·outputs[m]`.
fn horner<B: SecondRound>(builder: &mut B, outputs: &[B::Expr], challenge: &B::Expr) -> B::Expr {
    let mut outputs = outputs.iter().rev();
    let last = outputs.next().cloned().unwrap_or_else(B::Expr::empty);
    outputs.fold(last, |sum, output| builder.product_plus(&sum, challenge, output))
}
