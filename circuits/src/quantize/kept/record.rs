//! The record's encoding: its entries scaled, moved and put on the model's first grid; or in 16 bits where the model reads it in floats too.

use ndarray::{ArrayD, Zip};

use super::form::{Form, Linear, Part, Raw, broadcast};
use super::settle::Target;
use super::walk::{EARLY, Reading, Stop, Walk};
use crate::architecture::{Encoding, Feature};
use crate::graph::FloatGraph;
use crate::quantize::fuse::refusal::CATEGORIES;
use crate::quantize::ranges::Ranges;
use crate::quantize::{Options, QuantizeError};

/// Bits of a record that the model reads before it rounds it, or rounds to several grids.
const BITS: u32 = 16;

impl Walk<'_> {
    /// A form of integers: what is made of the record as a sum of one part, if the record is read so.
    pub(super) fn unrounded(&mut self, form: Form) -> Result<Form, Stop> {
        let Form::Raw(raw) = form else { return Ok(form) };
        let Reading::Fine(calibration) = self.reading else { return Err(EARLY.into()) };
        let encoding = self.fine(calibration)?;
        let part = |entry: fn(&Feature) -> f64| raw.source.mapv(|place| entry(encoding.feature(place as usize)));
        let (steps, zeros) = (part(|feature| feature.step), part(|feature| feature.zero));
        let constant = zeros * &raw.factor + &raw.shift;
        let secret = raw.factor.iter().any(|factor| *factor != 1.0);
        self.begin(encoding, CATEGORIES)?;
        let value = self.read("record", &raw, raw.source.shape())?;
        let part = Part { value, units: steps * &raw.factor, secret };
        let constant = constant.iter().any(|c| *c != 0.0).then_some(constant);
        Ok(Form::Linear(Linear { constant, ..part.into() }))
    }

    /// Every feature of a row, or all entries of another record, over their range.
    fn fine(&self, calibration: &[Vec<f64>]) -> Result<Encoding, QuantizeError> {
        let shape = self.graph.input_shape();
        let len = shape.iter().product();
        let per_feature = shape.len() <= 2 && shape.last() == Some(&len);
        let margin = self.options.margin.unwrap_or(if per_feature { 0.5 } else { 0.0 });
        let names = self.options.names(if per_feature { len } else { 1 })?;
        Ok(Ranges { bits: BITS, margin, per_feature }.encoding(calibration, &names))
    }
}

impl Raw {
    /// The same entries at other places; nothing where a place has none.
    pub(super) fn moved(&self, places: Option<&[Option<u32>]>, shape: &[usize]) -> Option<Self> {
        fn taken<T: Copy>(x: &ArrayD<T>, places: Option<&[Option<u32>]>, shape: &[usize]) -> Option<ArrayD<T>> {
            let all: Vec<T> = x.iter().copied().collect();
            let read = |place: &Option<u32>| place.map(|place| all[place as usize]);
            let entries = places.map_or_else(|| Some(all.clone()), |places| places.iter().map(read).collect());
            ArrayD::from_shape_vec(shape, entries?).ok()
        }
        Some(Self {
            source: taken(&self.source, places, shape)?,
            factor: taken(&self.factor, places, shape)?,
            shift: taken(&self.shift, places, shape)?,
        })
    }

    /// Each entry times a factor, and shifted.
    pub(super) fn mapped(&self, factors: &ArrayD<f64>, shift: Option<&ArrayD<f64>>, shape: &[usize]) -> Self {
        let factors = broadcast(factors, shape);
        let mut shifted = &broadcast(&self.shift, shape) * &factors;
        shift.into_iter().for_each(|shift| shifted += &broadcast(shift, shape));
        Self {
            source: broadcast(&self.source, shape),
            factor: broadcast(&self.factor, shape) * factors,
            shift: shifted,
        }
    }

    /// The encoding that makes these entries levels of a grid; nothing if they rise and fall, or one entry has two grids.
    pub(super) fn encoding(
        &self,
        graph: &FloatGraph,
        target: &Target,
        options: &Options<'_>,
    ) -> Result<Option<Encoding>, QuantizeError> {
        let len: usize = graph.input_shape().iter().product();
        let mut grids: Vec<Option<(f64, f64)>> = vec![None; len];
        let mut fits = true;
        Zip::from(&self.source).and(&self.factor).and(&self.shift).for_each(|&source, &factor, &shift| {
            let grid = (-shift / factor, target.step / factor);
            let own = grids[source as usize].get_or_insert(grid);
            fits &= *own == grid && factor > 0.0;
        });
        if !fits {
            return Ok(None);
        }
        let unread = (0.0, target.step);
        let grids: Vec<_> = grids.into_iter().map(|grid| grid.unwrap_or(unread)).collect();
        let single = options.features.is_none() && grids.iter().all(|grid| *grid == grids[0]);
        let features = options.exact_features(if single { 1 } else { len })?;
        let placed = |(feature, (zero, step)): (Feature, (f64, f64))| Feature { zero: zero + 0.0, step, ..feature };
        Ok(Some(Encoding::steps(features.into_iter().zip(grids).map(placed).collect(), len, target.levels)))
    }
}
