//! Standard scores over the last axis, of `n` entries: what layer, instance and group normalisation share.
//!
//! With `u_k = n·x_k − Σ_j x_j` and `t = ⌊√(epsilon + Σ_k u_k²)⌋`, `out_k = ⌊scale·u_k/t + ½⌋`. As `u_k = n·(x_k − mean)` and
//! `Σ u² = n³·variance`, that is `scale/√n` times the standard score. The root is proven by `t² ≤ s` and `s ≤ t² + 2·t`. No
//! output is beyond `±2·scale`, because `|u_k| ≤ √s < t + 1 ≤ 2·t`.

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::bounds::Bounds;
use super::operands::{entries, malformed, single, tensor};
use super::ratio::{ratio, rounded_ratio, tracked};
use super::share::{over_lanes, width};
use super::{LayerError, Operator, ValueType};
use crate::architecture::{Interval, ParameterSpec};
use crate::parameters::Parameters;
use crate::system::{Definition, IndexMap, SystemBuilder, TensorId, Term};

/// Subtracts the mean of the last axis and divides by its standard deviation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standardize {
    /// What `√n` standard deviations are worth.
    pub scale: i64,
    /// Added to `n³` times the variance, in squares of a unit of the input; at least 1.
    pub epsilon: i64,
}

/// Where the steps of the computation lie.
struct Reach {
    sum: Interval,
    deviation: Interval,
    squares: Interval,
    root: Interval,
}

impl Operator for Standardize {
    fn infer(&self, inputs: &[ValueType], _: &[ParameterSpec]) -> Result<ValueType, LayerError> {
        let x = single(inputs)?;
        let reach = self.reach(x)?;
        tracked(reach.deviation, self.scale, reach.root)?;
        Ok(ValueType { shape: x.shape.clone(), interval: Interval::new(-2 * self.scale, 2 * self.scale) })
    }

    fn evaluate(&self, inputs: &[&ArrayD<i64>], _: &Parameters) -> ArrayD<i64> {
        let (x, shape) = (entries(inputs[0]), inputs[0].shape());
        let n = width(shape) as i64;
        let scores = |lane: &[i64]| {
            let sum: i64 = lane.iter().sum();
            let deviations: Vec<i64> = lane.iter().map(|x| n * x - sum).collect();
            let root = (self.epsilon + deviations.iter().map(|u| u * u).sum::<i64>()).isqrt();
            let score = |&u: &i64| rounded_ratio(u, self.scale, root).expect("the root is at least 1");
            deviations.iter().map(score).collect::<Vec<_>>()
        };
        tensor(shape, x.chunks(width(shape)).flat_map(scores).collect())
    }

    fn relate(&self, system: &mut SystemBuilder<'_>, inputs: &[TensorId]) -> Result<TensorId, LayerError> {
        let x = system.value(inputs[0]);
        let out = self.infer(std::slice::from_ref(&x), &[])?;
        let reach = self.reach(&x)?;
        let (len, width) = (system.len(inputs[0]), width(&x.shape));
        let lanes = len / width;
        let lane = |interval| ValueType { shape: vec![lanes], interval };
        let sum = system.held("sum", lane(reach.sum), 0, over_lanes(inputs[0], len, width));
        let spread = IndexMap::spread(len, lanes);
        let terms = vec![Term::of(inputs[0], width as i64), Term::mapped(sum, -1, spread.clone())];
        let deviation = system.linear("deviation", ValueType { interval: reach.deviation, ..x }, 0, terms);
        let square = system.product("square", [deviation, deviation], IndexMap::Identity)?;
        let squares = system.linear("squares", lane(reach.squares), self.epsilon, over_lanes(square, len, width));
        let root = root(system, squares, lane(reach.root))?;
        ratio(system, (deviation, self.scale), (root, spread), out.interval)
    }
}

impl Standardize {
    fn reach(&self, x: &ValueType) -> Result<Reach, LayerError> {
        if self.epsilon < 1 {
            return Err(malformed(format!("has the epsilon {}, which must be at least 1", self.epsilon)));
        }
        let n = width(&x.shape) as i128;
        let sum = Bounds::from(x.interval).scaled(n).tracked()?;
        let span = i128::from(x.interval.hi) - i128::from(x.interval.lo);
        let deviation = (Bounds::constant(span).hull(Bounds::constant(-span)).scaled(n - 1)).tracked()?;
        let most = Bounds::from(deviation) * deviation.into();
        let squares = most.hull(Bounds::constant(0)).scaled(n) + Bounds::constant(self.epsilon.into());
        let squares = Interval::new(self.epsilon, squares.tracked()?.hi);
        Ok(Reach { sum, deviation, squares, root: Interval::new(squares.lo.isqrt(), squares.hi.isqrt()) })
    }
}

/// A new tensor `t = ⌊√s⌋`: `0 ≤ s − t² ≤ 2·t`.
fn root(system: &mut SystemBuilder<'_>, of: TensorId, value: ValueType) -> Result<TensorId, LayerError> {
    let (interval, slacks) = (value.interval, Interval::new(0, 2 * value.interval.hi));
    let slack = ValueType { interval: slacks, ..value.clone() };
    let root = system.tensor("root", value, Definition::Root { of });
    system.range(root, interval.widened());
    let square = system.product("root_square", [root, root], IndexMap::Identity)?;
    let below = system.linear("below", slack.clone(), 0, vec![Term::of(of, 1), Term::of(square, -1)]);
    system.range(below, slacks.widened());
    let above = system.linear("above", slack, 0, vec![Term::of(root, 2), Term::of(below, -1)]);
    system.range(above, slacks.widened());
    Ok(root)
}
