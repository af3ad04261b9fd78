//! Values over what is computed of them: softmax and standard scores, both along the last axis.

use ndarray::{Array1, ArrayD, IxDyn};

use super::{Draft, Lazy};
use crate::quantize::network::{Function, Op, Picks};
use crate::window::{Window, WindowAxis};

/// Most entries whose standard scores are computed of fine integers: more would make sums of squares too wide.
const MAX_FINE: usize = 128;

impl Draft {
    /// Softmax along an axis: the largest entry is subtracted, which changes nothing but keeps exponents at most 0. Entries that a mask
    /// takes out have weight 0, and another entry in their place before.
    pub(in crate::quantize) fn softmax(&mut self, name: &str, value: &Lazy, axis: usize) -> Lazy {
        let shape = self.shape(value).to_vec();
        let (to, back, lanes, width) = lanes(&shape, axis);
        let flat = vec![1, lanes, width];
        let x = self.movement(name, value, to, flat.clone());
        let mask = masked(&x.shift, width);
        let x = match &mask {
            Some(mask) => self.movement(name, &x, Some(mask.stand_ins.clone()), flat.clone()),
            None => x,
        };
        let x = self.apply(&format!("{name}/fine"), Function::Fine, &x);
        let window = Window { axes: vec![WindowAxis::new(width, width)] };
        let largest = self.max_pool(&format!("{name}/largest"), &x, &window, vec![1, lanes, 1]);
        let spread = (0..lanes * width).map(|k| Some((k / width) as u32)).collect();
        let largest = self.movement(&format!("{name}/spread"), &largest, Some(spread), flat.clone());
        let below = self.add(&format!("{name}/below"), &x, &largest, -1);
        let weights = self.apply(&format!("{name}/exp"), Function::Decay, &below);
        let weights = match mask {
            Some(mask) => self.movement(&format!("{name}/mask"), &weights, Some(mask.kept), flat.clone()),
            None => weights,
        };
        let weights = self.settle(name, &weights);
        let shares = self.push(name, Op::Share, vec![weights], flat);
        self.movement(name, &shares, back, shape)
    }

    /// Standard scores over the last axis.
    pub(in crate::quantize) fn standardize(&mut self, name: &str, value: &Lazy, epsilon: f64) -> Lazy {
        let shape = self.shape(value).to_vec();
        let fine = shape.last().is_none_or(|&width| width <= MAX_FINE);
        let function = if fine { Function::Fine } else { Function::Identity };
        let x = self.apply(&format!("{name}/fine"), function, value);
        let base = self.settle(name, &x);
        self.push(name, Op::Standardize(epsilon), vec![base], shape)
    }
}

/// What a constant added to the entries before a softmax takes out.
pub(in crate::quantize) struct Mask {
    /// Each entry, or one of its lane that is kept.
    pub(in crate::quantize) stand_ins: Picks,
    /// Each entry that is kept.
    pub(in crate::quantize) kept: Picks,
}

/// How much an exporter's mask subtracts at least: 10⁴, 10⁹ or the largest float. The exponential of the difference to any other entry is 0
/// in 32-bit floats.
pub(in crate::quantize) const MASKING: f64 = -9999.0;

/// The mask in what is pending on lanes of `width` entries; none where a lane would be empty.
pub(in crate::quantize) fn masked(shift: &Array1<f64>, width: usize) -> Option<Mask> {
    let keeps = |k: &usize| shift[*k] > MASKING;
    if (0..shift.len()).all(|k| keeps(&k)) {
        return None;
    }
    let stand_in = |k: usize| {
        let lane = k - k % width;
        let other = || (lane..lane + width).find(keeps);
        Some(Some(k).filter(keeps).or_else(other)? as u32)
    };
    let stand_ins = (0..shift.len()).map(|k| stand_in(k).map(Some)).collect::<Option<Vec<_>>>()?;
    let kept: Vec<Option<u32>> = (0..shift.len()).map(|k| Some(k).filter(keeps).map(|k| k as u32)).collect();
    Some(Mask { stand_ins: stand_ins.into(), kept: kept.into() })
}

pub(in crate::quantize) type Order = Option<Picks>;

/// How to bring an axis last and back, the number of stretches along it, and their length.
pub(in crate::quantize) fn lanes(shape: &[usize], axis: usize) -> (Order, Order, usize, usize) {
    let (len, width) = (shape.iter().product::<usize>(), shape[axis]);
    let lanes = len / width;
    if axis + 1 == shape.len() {
        return (None, None, lanes, width);
    }
    let places =
        ArrayD::from_shape_vec(IxDyn(shape), (0..len as u32).collect()).expect("as many entries as the shape has");
    let mut order: Vec<usize> = (0..shape.len()).filter(|&other| other != axis).collect();
    order.push(axis);
    let to: Vec<u32> = places.permuted_axes(order).iter().copied().collect();
    let mut back = vec![None; len];
    to.iter().enumerate().for_each(|(place, &from)| back[from as usize] = Some(place as u32));
    (Some(to.into_iter().map(Some).collect()), Some(back.into()), lanes, width)
}
