//! Values over what is computed of them: softmax and standard scores, both along the last axis.

use ndarray::{ArrayD, IxDyn};

use super::{Draft, Lazy};
use crate::quantize::network::{Function, Op};
use crate::window::{Window, WindowAxis};

/// Most entries whose standard scores are computed of fine integers: more would make sums of squares too wide.
const MAX_FINE: usize = 128;

impl Draft {
    /// Softmax along an axis: the largest entry is subtracted, which changes nothing but keeps exponents at most 0.
    pub(in crate::quantize) fn softmax(&mut self, name: &str, value: &Lazy, axis: usize) -> Lazy {
        let shape = self.shape(value).to_vec();
        let (to, back, lanes, width) = lanes(&shape, axis);
        let flat = vec![1, lanes, width];
        let x = self.movement(name, value, to, flat.clone());
        let x = self.apply(&format!("{name}/fine"), Function::Fine, &x);
        let window = Window { axes: vec![WindowAxis::new(width, width)] };
        let largest = self.max_pool(&format!("{name}/largest"), &x, &window, vec![1, lanes, 1]);
        let spread = (0..lanes * width).map(|k| Some((k / width) as u32)).collect();
        let largest = self.movement(&format!("{name}/spread"), &largest, Some(spread), flat.clone());
        let below = self.add(&format!("{name}/below"), &x, &largest, -1);
        let weights = self.apply(&format!("{name}/exp"), Function::Decay, &below);
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

type Order = Option<super::Picks>;

/// How to bring an axis last and back, the number of stretches along it, and their length.
fn lanes(shape: &[usize], axis: usize) -> (Order, Order, usize, usize) {
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
