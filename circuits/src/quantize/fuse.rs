//! From a float graph to a fused network: constants are folded, what cannot be quantised is refused, all at once.

pub(super) mod refusal;
mod windows;

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayD, Axis, Ix2, IxDyn, Zip, concatenate};

pub use refusal::Refusal;
use refusal::{CONSTANT, HALF_OPEN, LEFT, NAMES, QUOTIENT, Reason, VECTOR};
pub(super) use refusal::{misplaced, norms, operator};

use super::draft::{Draft, Lazy, Readout};
use super::network::{Function, Linear, Op};
use crate::graph::{FloatGraph, FloatNode, FloatOp, NodeId};

/// What a graph's node is during the walk.
#[derive(Clone)]
enum Value {
    Constant(Arc<ArrayD<f64>>),
    Lazy(Lazy),
}

/// A draft, its output, and the refused nodes.
pub(super) struct Fused {
    pub(super) draft: Draft,
    pub(super) output: Option<Lazy>,
    pub(super) refusals: Vec<Refusal>,
}

/// Walks the nodes that the output needs.
pub(super) fn fuse(graph: &FloatGraph) -> Fused {
    let draft = Draft::default();
    let mut walk = Walk { names: names(graph), draft, values: BTreeMap::new(), refusals: Vec::new() };
    let needed = needed(graph);
    let mut readers = vec![0; graph.nodes.len()];
    let used = graph.nodes.iter().zip(&needed).filter(|(_, needed)| **needed);
    used.flat_map(|(node, _)| &node.inputs).for_each(|id| readers[id.0] += 1);
    for (index, node) in graph.nodes.iter().enumerate() {
        if needed[index] {
            let value = walk.visit(node).unwrap_or_else(|reason| walk.refuse(node, reason));
            if readers[index] > 1
                && let Value::Lazy(lazy) = &value
            {
                walk.draft.pin(lazy.base);
            }
            walk.values.insert(NodeId(index), value);
        }
    }
    let output = match walk.values.remove(&graph.output) {
        Some(Value::Lazy(lazy)) => Some(lazy),
        _ => None,
    };
    Fused { draft: walk.draft, output, refusals: walk.refusals }
}

/// Most rows of a table.
pub(super) const MAX_NAMES: usize = 4096;

/// Rows of the longest table, up to a power of two.
pub(super) fn names(graph: &FloatGraph) -> usize {
    let tables = graph.nodes.iter().filter(|node| matches!(node.op, FloatOp::Embed)).map(|node| node.inputs[0]);
    let rows = tables.filter_map(|table| graph.nodes[table.0].shape.first().copied()).max();
    rows.unwrap_or_default().max(2).next_power_of_two()
}

fn needed(graph: &FloatGraph) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    let mut open = vec![graph.output, NodeId(0)];
    while let Some(NodeId(id)) = open.pop() {
        if let Some(node) = graph.nodes.get(id).filter(|_| !needed[id]) {
            needed[id] = true;
            open.extend(&node.inputs);
        }
    }
    needed
}

struct Walk {
    /// How many names an entry of the record may be: rows of the longest table, up to a power of two.
    names: usize,
    draft: Draft,
    values: BTreeMap<NodeId, Value>,
    refusals: Vec<Refusal>,
}

impl Walk {
    fn visit(&mut self, node: &FloatNode) -> Result<Value, Reason> {
        let inputs: Vec<Value> = node.inputs.iter().filter_map(|id| self.values.get(id).cloned()).collect();
        match (&node.op, inputs.as_slice()) {
            (FloatOp::Input, _) => Ok(self.push(node, Op::Input, vec![])),
            (FloatOp::Constant(value), _) => Ok(Value::Constant(value.mapv(f64::from).into())),
            (FloatOp::Levels(levels), _) => Ok(Value::Constant(levels.floats().mapv(f64::from).into())),
            (FloatOp::Add | FloatOp::Sub | FloatOp::Mul | FloatOp::Div, [left, right]) => {
                self.binary(node, left, right)
            }
            (FloatOp::Embed, [Value::Constant(table), Value::Lazy(value)]) => self.embed(node, table, value),
            (FloatOp::Embed, _) => Err(NAMES),
            (FloatOp::MatMul, [left, right]) => self.matmul(node, left, right),
            (FloatOp::Softmax { .. } | FloatOp::Normalize { .. }, [Value::Lazy(value)]) => {
                Ok(self.readout(node, value))
            }
            (FloatOp::Standardize { epsilon }, [Value::Lazy(value)]) => {
                Ok(Value::Lazy(self.draft.standardize(&node.name, value, f64::from(*epsilon))))
            }
            (FloatOp::Softmax { .. } | FloatOp::Normalize { .. } | FloatOp::Standardize { .. }, _) => Err(CONSTANT),
            (FloatOp::Concat { axis }, values) => self.concat(node, values, *axis),
            (FloatOp::Reshape | FloatOp::Transpose { .. } | FloatOp::Slice { .. }, [value]) => {
                Ok(self.movement(node, value))
            }
            (FloatOp::Gather { indices, fill }, [value]) => Ok(self.gather(node, value, indices, f64::from(*fill))),
            (FloatOp::Conv { .. } | FloatOp::MaxPool { .. } | FloatOp::AveragePool { .. }, values) => {
                self.window(node, values)
            }
            (_, [value]) => self.activation(node, value),
            _ => Err(CONSTANT),
        }
    }

    /// Rows of a table, by entries of the record.
    fn embed(&mut self, node: &FloatNode, table: &ArrayD<f64>, names: &Lazy) -> Result<Value, Reason> {
        let mut source = names.base;
        while let Op::Move(_) = self.draft.nodes[source].op {
            source = self.draft.nodes[source].inputs[0];
        }
        let (rows, width) = (table.shape()[0], table.shape()[1]);
        if !names.is_settled() || !matches!(self.draft.nodes[source].op, Op::Input) || rows > MAX_NAMES {
            return Err(NAMES);
        }
        let shape = [self.draft.shape(names), &[self.names]].concat();
        let one_hot = self.draft.push(&format!("{}/names", node.name), Op::OneHot(self.names), vec![names.base], shape);
        let entry = |(row, column): (usize, usize)| if row < rows { table[[row, column]] } else { 0.0 };
        let linear = Linear { weight: Array2::from_shape_fn((self.names, width), entry), bias: Array1::zeros(width) };
        Ok(Value::Lazy(self.draft.dense(&node.name, &one_hot, linear, node.shape.clone())))
    }

    fn push(&mut self, node: &FloatNode, op: Op, inputs: Vec<usize>) -> Value {
        Value::Lazy(self.draft.push(&node.name, op, inputs, node.shape.clone()))
    }

    /// Notes the refusal and goes on with a stand-in of the right shape.
    fn refuse(&mut self, node: &FloatNode, (reason, advice): Reason) -> Value {
        self.refusals.push(Refusal { node: node.name.clone(), operator: operator(&node.op), reason, advice });
        let stand_in = self.draft.push(&node.name, Op::Input, vec![], node.shape.clone());
        self.draft.readouts.insert(stand_in.base, (Readout::Refused, stand_in.clone()));
        Value::Lazy(stand_in)
    }

    fn readout(&mut self, node: &FloatNode, value: &Lazy) -> Value {
        let (kind, stand_in) = match node.op {
            FloatOp::Softmax { axis } => {
                (Readout::Softmax { axis, entries: node.shape[axis] }, self.draft.softmax(&node.name, value, axis))
            }
            _ => {
                let op = Op::Apply(Function::Identity);
                let entries = if let FloatOp::Normalize { axis, .. } = node.op { node.shape[axis] } else { 0 };
                (Readout::Normalize(entries), self.draft.push(&node.name, op, vec![value.base], node.shape.clone()))
            }
        };
        self.draft.readouts.insert(stand_in.base, (kind, value.clone()));
        Value::Lazy(stand_in)
    }

    fn activation(&mut self, node: &FloatNode, value: &Value) -> Result<Value, Reason> {
        let function = match node.op {
            FloatOp::Relu => Function::Relu,
            FloatOp::LeakyRelu { alpha } => Function::LeakyRelu(f64::from(alpha)),
            FloatOp::Clip { lo, hi } => clip(f64::from(lo), f64::from(hi))?,
            FloatOp::Sigmoid => Function::Sigmoid,
            FloatOp::Unary(function) => Function::Other(function),
            FloatOp::Composed(ref function) => Function::Factor(function.clone()),
            FloatOp::Fine => Function::Fine,
            _ => Function::Tanh,
        };
        match value {
            Value::Constant(value) => Ok(Value::Constant(value.mapv(|x| function.at(x)).into())),
            Value::Lazy(value) if function == Function::Identity => Ok(Value::Lazy(value.clone())),
            Value::Lazy(value) => Ok(Value::Lazy(self.draft.apply(&node.name, function, value))),
        }
    }

    fn movement(&mut self, node: &FloatNode, value: &Value) -> Value {
        match value {
            Value::Constant(value) => Value::Constant(moved(&node.op, value, &node.shape).into()),
            Value::Lazy(lazy) => {
                let shape = self.draft.shape(lazy).to_vec();
                let indices = (!matches!(node.op, FloatOp::Reshape))
                    .then(|| moved(&node.op, &positions(&shape), &node.shape).into_iter().map(Some).collect());
                Value::Lazy(self.draft.movement(&node.name, lazy, indices, node.shape.clone()))
            }
        }
    }

    fn concat(&mut self, node: &FloatNode, values: &[Value], axis: usize) -> Result<Value, Reason> {
        let constants: Option<Vec<_>> = values
            .iter()
            .map(|value| match value {
                Value::Constant(value) => Some(value.view()),
                Value::Lazy(_) => None,
            })
            .collect();
        if let Some(constants) = constants {
            return Ok(Value::Constant(concatenate(Axis(axis), &constants).map_err(|_| CONSTANT)?.into()));
        }
        let source = values.iter().find_map(|value| match value {
            Value::Lazy(lazy) => Some(lazy.base),
            Value::Constant(_) => None,
        });
        let source = source.ok_or(CONSTANT)?;
        let part = |value: &Value| match value {
            Value::Lazy(lazy) => lazy.clone(),
            Value::Constant(constant) => self.draft.constant(&node.name, source, constant),
        };
        let lazies: Vec<Lazy> = values.iter().map(part).collect();
        Ok(Value::Lazy(self.draft.concat(&node.name, &lazies, axis, node.shape.clone())))
    }

    fn matmul(&mut self, node: &FloatNode, left: &Value, right: &Value) -> Result<Value, Reason> {
        match (left, right) {
            (Value::Lazy(value), Value::Constant(weight)) if weight.ndim() == 2 => {
                let weight = ArrayD::clone(weight).into_dimensionality().map_err(|_| LEFT)?;
                let bias = Array1::zeros(weight.ncols());
                Ok(Value::Lazy(self.draft.dense(&node.name, value, Linear { weight, bias }, node.shape.clone())))
            }
            (Value::Lazy(left), Value::Lazy(right)) => self.matrices(node, left, right),
            (Value::Constant(weight), Value::Lazy(value)) if weight.ndim() == 2 => self.weighted(node, weight, value),
            (Value::Constant(left), Value::Constant(right)) => {
                Ok(Value::Constant(constant_product(left, right)?.into()))
            }
            _ => Err(LEFT),
        }
    }

    /// `W·x = (xᵀ·Wᵀ)ᵀ`, in the last two axes of a value of the rank of the result.
    fn weighted(&mut self, node: &FloatNode, weight: &ArrayD<f64>, value: &Lazy) -> Result<Value, Reason> {
        let rank = node.shape.len();
        let weight = weight.t().to_owned().into_dimensionality::<Ix2>().map_err(|_| LEFT)?;
        if rank < 2 || self.draft.shape(value).len() != rank {
            return Err(LEFT);
        }
        let bias = Array1::zeros(weight.ncols());
        let turned = self.turned(node, value);
        let shape = [&self.draft.shape(&turned)[..rank - 1], &[weight.ncols()]].concat();
        let product = self.draft.dense(&node.name, &turned, Linear { weight, bias }, shape);
        Ok(Value::Lazy(self.turned(node, &product)))
    }

    /// A value with its last two axes swapped.
    fn turned(&mut self, node: &FloatNode, value: &Lazy) -> Lazy {
        let mut positions = positions(self.draft.shape(value));
        let rank = positions.ndim();
        positions.swap_axes(rank - 2, rank - 1);
        let shape = positions.shape().to_vec();
        let indices = positions.iter().map(|&index| Some(index)).collect();
        self.draft.movement(&node.name, value, Some(indices), shape)
    }

    /// A matrix product of two values, with the axes before the matrices spread out.
    fn matrices(&mut self, node: &FloatNode, left: &Lazy, right: &Lazy) -> Result<Value, Reason> {
        let matrix = |shape: &[usize]| shape.last_chunk::<2>().copied();
        let (a, b) = (matrix(self.draft.shape(left)), matrix(self.draft.shape(right)));
        let (Some(a), Some(b)) = (a, b) else { return Err(VECTOR) };
        let batch = &node.shape[..node.shape.len().saturating_sub(2)];
        let (left, right) =
            (self.spread_to(node, left, &[batch, &a].concat()), self.spread_to(node, right, &[batch, &b].concat()));
        Ok(Value::Lazy(self.draft.product(&node.name, Op::MatMul, [&left, &right], node.shape.clone())))
    }

    fn binary(&mut self, node: &FloatNode, left: &Value, right: &Value) -> Result<Value, Reason> {
        match (left, right) {
            (Value::Constant(a), Value::Constant(b)) => {
                Ok(Value::Constant(arithmetic(&node.op, a, b, &node.shape).into()))
            }
            (Value::Lazy(value), Value::Constant(constant)) => self.with_constant(node, value, constant, false),
            (Value::Constant(constant), Value::Lazy(value)) => self.with_constant(node, value, constant, true),
            (Value::Lazy(a), Value::Lazy(b)) => self.between(node, a, b),
        }
    }

    fn with_constant(
        &mut self,
        node: &FloatNode,
        value: &Lazy,
        constant: &ArrayD<f64>,
        constant_first: bool,
    ) -> Result<Value, Reason> {
        let value = self.broadcast(node, value);
        let c: Array1<f64> = spread(constant, &node.shape).into_iter().collect();
        let (ones, zeros) = (Array1::ones(c.len()), Array1::zeros(c.len()));
        let (scale, shift) = match (&node.op, constant_first) {
            (FloatOp::Add, _) => (ones, c),
            (FloatOp::Mul, _) => (c, zeros),
            (FloatOp::Sub, false) => (ones, -c),
            (FloatOp::Sub, true) => (-ones, c),
            (FloatOp::Div, false) => (ones / c, zeros),
            _ => return Err(QUOTIENT),
        };
        let shifted = value.shifted || matches!(node.op, FloatOp::Add | FloatOp::Sub);
        Ok(Value::Lazy(self.draft.affine(&Lazy { shifted, ..value }, &scale, &shift)))
    }

    fn between(&mut self, node: &FloatNode, left: &Lazy, right: &Lazy) -> Result<Value, Reason> {
        let sign = match node.op {
            FloatOp::Add => 1,
            FloatOp::Sub => -1,
            FloatOp::Mul => 0,
            _ => return Err(QUOTIENT),
        };
        let (left, right) = (self.broadcast(node, left), self.broadcast(node, right));
        if sign == 0 {
            return Ok(Value::Lazy(self.draft.product(&node.name, Op::Multiply, [&left, &right], node.shape.clone())));
        }
        Ok(Value::Lazy(self.draft.add(&node.name, &left, &right, sign)))
    }

    fn broadcast(&mut self, node: &FloatNode, value: &Lazy) -> Lazy {
        self.spread_to(node, value, &node.shape)
    }

    fn spread_to(&mut self, node: &FloatNode, value: &Lazy, shape: &[usize]) -> Lazy {
        let own = self.draft.shape(value).to_vec();
        if own == shape {
            return value.clone();
        }
        let indices: Vec<Option<u32>> = spread(&positions(&own), shape).into_iter().map(Some).collect();
        let reshape = indices.len() == value.scale.len();
        self.draft.movement(&node.name, value, (!reshape).then(|| indices.into()), shape.to_vec())
    }
}

fn constant_product(left: &ArrayD<f64>, right: &ArrayD<f64>) -> Result<ArrayD<f64>, Reason> {
    let matrix = |value: &ArrayD<f64>| {
        value.view().into_dimensionality::<Ix2>().map(|view| view.to_owned()).map_err(|_| CONSTANT)
    };
    Ok(matrix(left)?.dot(&matrix(right)?).into_dyn())
}

fn clip(lo: f64, hi: f64) -> Result<Function, Reason> {
    // Exporters write the ends of the 32-bit floats for "no end".
    let open = |end: f64| end.abs() >= f64::from(f32::MAX);
    match (open(lo), open(hi)) {
        (true, true) => Ok(Function::Identity),
        (false, true) if lo == 0.0 => Ok(Function::Relu),
        (false, false) => Ok(Function::Clip(lo, hi)),
        _ => Err(HALF_OPEN),
    }
}

fn positions(shape: &[usize]) -> ArrayD<u32> {
    let len = shape.iter().product::<usize>() as u32;
    ArrayD::from_shape_vec(IxDyn(shape), (0..len).collect()).expect("as many entries as the shape has")
}

fn spread<T: Clone>(value: &ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    value.broadcast(IxDyn(shape)).map_or_else(|| value.clone(), |view| view.to_owned())
}

fn moved<T: Clone>(op: &FloatOp, value: &ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    match op {
        FloatOp::Transpose { perm } => value.view().permuted_axes(perm.as_slice()).as_standard_layout().into_owned(),
        FloatOp::Slice { axis, start, step, len } => {
            let picked: Vec<usize> = (0..*len).map(|k| start.wrapping_add_signed(k as isize * step)).collect();
            value.select(Axis(*axis), &picked)
        }
        _ => value.to_shape(shape).expect("a reshape keeps the entries").into_owned(),
    }
}

fn arithmetic(op: &FloatOp, a: &ArrayD<f64>, b: &ArrayD<f64>, shape: &[usize]) -> ArrayD<f64> {
    let (mut out, b) = (spread(a, shape), spread(b, shape));
    Zip::from(&mut out).and(&b).for_each(|a, &b| match op {
        FloatOp::Add => *a += b,
        FloatOp::Sub => *a -= b,
        FloatOp::Mul => *a *= b,
        _ => *a /= b,
    });
    out
}
