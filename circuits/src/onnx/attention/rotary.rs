//! `RotaryEmbedding`: pairs of entries turned by angles that depend on their place (Su et al. 2021).
//! ```text
//! (a, b) becomes (a·cos − b·sin, a·sin + b·cos)
//! ```
//! As `x·C + x'·S`, where `x'` has the entries of each pair exchanged, `C` the cosines and `S` the sines with their signs, and ones and
//! zeros where entries are not turned.

use ndarray::{Array3, ArrayD, ArrayView3};

use super::{count, joined, parted};
use crate::graph::FloatOp;
use crate::onnx::call::{Call, Outputs, axis, wrong};
use crate::onnx::error::Reason;
use crate::onnx::places::{Places, gather};
use crate::onnx::tensor::array;
use crate::onnx::value::Value;

/// Which entries of a head are turned, and with which.
struct Pairs {
    /// Entries of a head.
    entries: usize,
    /// Those that are turned, from the first on: an even number.
    turned: usize,
    /// Whether pairs are neighbours; otherwise their entries are half of the turned ones apart.
    interleaved: bool,
}

impl Pairs {
    fn of(entries: usize, turned: i64, interleaved: bool) -> Result<Self, Reason> {
        let turned = match usize::try_from(turned) {
            Ok(0) => entries,
            Ok(turned) if turned <= entries => turned,
            _ => return Reason::argument("attribute `rotary_embedding_dim`", "is not a number of entries"),
        };
        if turned % 2 != 0 {
            return Reason::argument("attribute `rotary_embedding_dim`", "is odd: entries are turned in pairs");
        }
        Ok(Self { entries, turned, interleaved })
    }

    /// The pair of a turned entry, and whether the entry is its first.
    fn pair(&self, entry: usize) -> (usize, bool) {
        match self.interleaved {
            true => (entry / 2, entry.is_multiple_of(2)),
            false => (entry % (self.turned / 2), entry < self.turned / 2),
        }
    }

    /// The entry that an entry is exchanged with.
    fn other(&self, entry: usize) -> usize {
        match (entry < self.turned, self.interleaved) {
            (false, _) => entry,
            (true, true) => entry ^ 1,
            (true, false) => (entry + self.turned / 2) % self.turned,
        }
    }

    /// For each entry at each place what `of` makes of its angle and of whether it is the first of its pair; `rest` where it stays.
    fn table(&self, angles: &Array3<f32>, rest: f32, of: impl Fn(f32, bool) -> f32) -> Result<ArrayD<f32>, Reason> {
        let (batch, places, _) = angles.dim();
        let entry = |k: usize| {
            let (b, at, entry) = (k / (places * self.entries), k / self.entries % places, k % self.entries);
            if entry >= self.turned {
                return rest;
            }
            let (pair, first) = self.pair(entry);
            of(angles[[b, at, pair]], first)
        };
        let values = (0..batch * places * self.entries).map(entry).collect();
        array(vec![batch, 1, places, self.entries], values)
    }
}

pub(super) fn embedding(call: &mut Call<'_>) -> Outputs {
    let (heads, interleaved) = (count(call, "num_heads")?, call.attributes.flag("interleaved", false)?);
    let turned = call.attributes.int("rotary_embedding_dim", 0)?;
    let (given, flat) = (call.float(0)?, call.input_shape(0)?.len() == 3);
    let x = match (flat, heads) {
        (false, _) => given,
        (true, Some(heads)) => parted(call, given, heads)?,
        (true, None) => return Reason::argument("attribute `num_heads`", "is missing"),
    };
    let shape = call.shape(x);
    let [batch, _, places, entries] = shape[..] else { return wrong(0, "has not three or four axes") };
    let pairs = Pairs::of(entries, turned, interleaved)?;
    let each = [batch, places, pairs.turned / 2];
    let cosines = pairs.table(&angles(call, 1, each)?, 1.0, |cosine, _| cosine)?;
    let sines = pairs.table(&angles(call, 2, each)?, 0.0, |sine, first| if first { -sine } else { sine })?;
    let mut swapped: Vec<Places> = shape.iter().map(|&dim| (0..dim).map(Some).collect()).collect();
    swapped[3] = (0..entries).map(|entry| Some(pairs.other(entry))).collect();
    let exchanged = super::float(gather(call, Value::Float(x), &swapped, 0.0)?)?;
    let (cosines, sines) = (call.constant(cosines)?, call.constant(sines)?);
    let (kept, added) = (call.push(FloatOp::Mul, &[x, cosines])?, call.push(FloatOp::Mul, &[exchanged, sines])?);
    let out = call.push(FloatOp::Add, &[kept, added])?;
    Ok(vec![Value::Float(if flat { joined(call, out)? } else { out })])
}

/// Constants for each place: given so, or by the numbers of rows in input 3.
fn angles(call: &mut Call<'_>, index: usize, shape: [usize; 3]) -> Result<Array3<f32>, Reason> {
    let cache = call.floats(index)?.clone();
    let misfit = || wrong(index, "has not one angle for each place and pair of entries");
    let [batch, places, pairs] = shape;
    let Some(numbers) = call.optional_ints(3)? else {
        let whole = cache.broadcast(shape.as_slice()).and_then(|cache| cache.into_dimensionality().ok());
        return whole.map_or_else(misfit, |cache: ArrayView3<'_, f32>| Ok(cache.to_owned()));
    };
    let &[rows, columns] = cache.shape() else { return misfit() };
    if columns != pairs || numbers.len() != batch * places {
        return misfit();
    }
    let rows = numbers.iter().map(|&row| axis(row, rows)).collect::<Result<Vec<_>, _>>()?;
    let row = |(b, at, pair): (usize, usize, usize)| cache[[rows[b * places + at], pair]];
    Ok(Array3::from_shape_fn((batch, places, pairs), row))
}
