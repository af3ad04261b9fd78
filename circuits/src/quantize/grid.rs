//! What the integers of a value stand for: `zero + step·integer`, entry by entry.

use ndarray::{Array1, ArrayView1, Axis, concatenate};

use super::network::{Node, Op};

/// Zero and step of each entry. Secret, but for record and scores. A step of 0 is that of an entry that always is the integer 0.
#[derive(Clone)]
pub(super) struct Grid {
    pub(super) zero: Array1<f64>,
    pub(super) step: Array1<f64>,
    /// Whether the zeros may be other than 0, whatever they are.
    pub(super) shifted: bool,
}

impl Grid {
    pub(super) fn steps(step: Array1<f64>) -> Self {
        Self { zero: Array1::zeros(step.len()), step, shifted: false }
    }

    /// Zero and step of each entry of the last axis, if they are the same at every position.
    pub(super) fn channels(&self, channels: usize) -> Option<(Array1<f64>, Array1<f64>)> {
        let zero = self.zero.slice(ndarray::s![..channels]).to_owned();
        let same = self.zero.exact_chunks(channels).into_iter().all(|position| position == zero);
        let step = |channel: usize| common(self.step.iter().skip(channel).step_by(channels));
        Some((same.then_some(zero)?, (0..channels).map(step).collect::<Option<_>>()?))
    }

    /// The step of each plane of `plane` entries, if each has one.
    pub(super) fn planes(&self, plane: usize) -> Option<Array1<f64>> {
        self.step.exact_chunks(plane).into_iter().map(|plane| common(plane.iter())).collect()
    }

    /// Whether every entry that has a step has the same.
    pub(super) fn is_even(&self) -> bool {
        common(self.step.iter()).is_some()
    }

    /// The step of some entry that has one.
    pub(super) fn any_step(&self) -> f64 {
        self.step.iter().copied().find(|&step| step > 0.0).unwrap_or(1.0)
    }

    /// The grid of a node that moves, picks or averages values of the given grids.
    pub(super) fn passed(node: &Node, inputs: &[(&Self, &[usize])]) -> Self {
        let Some(&(input, _)) = inputs.first() else { return Self::steps(Array1::ones(node.len())) };
        match &node.op {
            Op::Concat { axis } => joined(inputs, *axis),
            Op::Move(Some(picks)) => {
                let pick = |part: &Array1<f64>| picks.iter().map(|i| i.map_or(0.0, |i| part[i as usize])).collect();
                Self { zero: pick(&input.zero), step: pick(&input.step), shifted: input.shifted }
            }
            Op::MaxPool(window) => {
                let (zero, step) = (first_of(&input.zero, window.entries()), input.plane_steps(window.entries()));
                let each =
                    |part: &[f64]| part.iter().flat_map(|&x| std::iter::repeat_n(x, window.positions())).collect();
                Self { zero: each(&zero), step: each(&step), shifted: input.shifted }
            }
            Op::Average(mean) => {
                let row = input.zero.clone().insert_axis(Axis(0));
                let steps = input.plane_steps(mean.window.entries());
                let unit = |step: &f64| std::iter::repeat_n(step / mean.denominator as f64, mean.window.positions());
                let step = steps.iter().flat_map(unit).collect();
                Self { zero: mean.run(&row).remove_axis(Axis(0)), step, shifted: input.shifted }
            }
            _ => input.clone(),
        }
    }

    fn plane_steps(&self, plane: usize) -> Vec<f64> {
        let any = |plane: ArrayView1<'_, f64>| plane.iter().copied().find(|&step| step > 0.0).unwrap_or(0.0);
        self.step.exact_chunks(plane).into_iter().map(any).collect()
    }
}

fn first_of(entries: &Array1<f64>, plane: usize) -> Vec<f64> {
    entries.iter().copied().step_by(plane).collect()
}

/// The step that all have, but for entries without any.
fn common<'a>(steps: impl Iterator<Item = &'a f64>) -> Option<f64> {
    let mut steps = steps.copied().filter(|&step| step > 0.0);
    let first = steps.next().unwrap_or(0.0);
    steps.all(|step| step == first).then_some(first)
}

fn joined(grids: &[(&Grid, &[usize])], axis: usize) -> Grid {
    let join = |part: fn(&Grid) -> &Array1<f64>| {
        let shaped =
            |(grid, shape): &(&Grid, &[usize])| part(grid).to_shape(*shape).expect("one entry each").into_owned();
        let parts: Vec<_> = grids.iter().map(shaped).collect();
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        concatenate(Axis(axis), &views).expect("shapes agree but for the axis").iter().copied().collect()
    };
    let shifted = grids.iter().any(|(grid, _)| grid.shifted);
    Grid { zero: join(|grid| &grid.zero), step: join(|grid| &grid.step), shifted }
}
