//! Linear regression and support vector machines of `ai.onnx.ml`.
//! ```text
//! LinearRegressor   y = x·Wᵀ + b
//! SVMRegressor      y = Σ_v a_v·K(v, x) + rho
//! SVMClassifier     s_ij = Σ_{v of class i or j} a_v·K(v, x) + rho_ij,    for classes i < j
//! ```
//! with `K` linear `v·x`, polynomial `(γ·v·x + c)^d`, sigmoid `tanh(γ·v·x + c)`, or radial `e^(−γ·|x − v|²)`, whose square is spelled
//! `|x|² − 2·v·x + |v|²`. Of two classes ONNX Runtime predicts the first where `s > 0`, and reports the scores `−s` and `s`: the largest
//! names the other class. Of more classes each pair votes, for the first where `s_ij > 0`, and the first class with most votes is predicted;
//! the scores are those of pairs. Such outputs are marked, and refused as the result: the label is proven.

use ndarray::{Array1, Array2, ArrayD, Axis, arr1};

use super::call::{Call, Outputs};
use super::classifier::{as_row, post_transform, required};
use super::error::Reason;
use super::reduction::negated;
use super::registry::Operator;
use super::tensor::array;
use super::value::Value;
use crate::graph::{FloatOp, NodeId, Unary};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::ml("LinearRegressor", (1, 1), linear_regressor),
    Operator::ml("SVMClassifier", (1, 1), classifier),
    Operator::ml("SVMRegressor", (1, 1), regressor),
];

fn linear_regressor(call: &mut Call<'_>) -> Outputs {
    let transform = call.attributes.text("post_transform", "NONE")?;
    let targets = usize::try_from(call.attributes.int("targets", 1)?).unwrap_or(0);
    let weights = required(call, "coefficients")?;
    let bias = call.attributes.floats("intercepts")?;
    let x = row(call)?;
    let features = call.shape(x)[1];
    let weights = matrix("coefficients", targets, features, weights)?;
    let y = layer(call, x, weights.reversed_axes(), bias.unwrap_or_else(|| vec![0.0; targets]))?;
    Ok(vec![Value::Float(post_transform(call, y, &transform)?)])
}

fn row(call: &mut Call<'_>) -> Result<NodeId, Reason> {
    let x = call.float(0)?;
    as_row(call, x)
}

fn matrix(name: &str, rows: usize, columns: usize, entries: Vec<f32>) -> Result<Array2<f32>, Reason> {
    let fits = rows > 0 && rows.checked_mul(columns) == Some(entries.len());
    match Array2::from_shape_vec((rows, columns), entries) {
        Ok(matrix) if fits => Ok(matrix),
        _ => Reason::argument(format!("attribute `{name}`"), format!("has not {rows} rows of {columns} entries")),
    }
}

/// `x·weights + bias`.
fn layer(call: &mut Call<'_>, x: NodeId, weights: Array2<f32>, bias: Vec<f32>) -> Result<NodeId, Reason> {
    if bias.len() != weights.ncols() {
        return Reason::argument("attribute `intercepts` or `rho`", "has not one entry for each result");
    }
    let weights = call.constant(weights.as_standard_layout().into_owned().into_dyn())?;
    let bias = call.constant(Array1::from(bias).into_dyn())?;
    let product = call.push(FloatOp::MatMul, &[x, weights])?;
    call.push(FloatOp::Add, &[product, bias])
}

fn scalar(call: &mut Call<'_>, op: FloatOp, x: NodeId, number: f32) -> Result<NodeId, Reason> {
    let number = call.constant(arr1(&[number]).into_dyn())?;
    call.push(op, &[x, number])
}

/// `K(v, x)` for each support vector `v`, a row of the matrix.
fn kernel(call: &mut Call<'_>, x: NodeId, vectors: &Array2<f32>) -> Result<NodeId, Reason> {
    let parameters = call.attributes.floats("kernel_params")?.unwrap_or_default();
    let [gamma, offset, degree] = match parameters[..] {
        [] => [0.0, 0.0, 3.0],
        [gamma, offset, degree] => [gamma, offset, degree],
        _ => return Reason::argument("attribute `kernel_params`", "is not gamma, coef0 and degree"),
    };
    let count = vectors.nrows();
    let linear = |call: &mut Call<'_>, factor: f32, bias: Vec<f32>| {
        layer(call, x, vectors.t().mapv(|entry| factor * entry), bias)
    };
    match call.attributes.text("kernel_type", "LINEAR")?.as_str() {
        "LINEAR" => linear(call, 1.0, vec![0.0; count]),
        "POLY" => {
            let argument = linear(call, gamma, vec![offset; count])?;
            call.push(FloatOp::Unary(Unary::Power(degree.into())), &[argument])
        }
        "SIGMOID" => {
            let argument = linear(call, gamma, vec![offset; count])?;
            call.push(FloatOp::Tanh, &[argument])
        }
        "RBF" => {
            let squares = vectors.map_axis(Axis(1), |v| -gamma * v.dot(&v)).to_vec();
            let nearness = linear(call, 2.0 * gamma, squares)?;
            let square = call.push(FloatOp::Mul, &[x, x])?;
            let column: ArrayD<f32> = array(vec![vectors.ncols(), 1], vec![-gamma; vectors.ncols()])?;
            let column = call.constant(column)?;
            let square = call.push(FloatOp::MatMul, &[square, column])?;
            let argument = call.push(FloatOp::Add, &[nearness, square])?;
            call.push(FloatOp::Unary(Unary::Exp), &[argument])
        }
        _ => Reason::argument("attribute `kernel_type`", "is not LINEAR, POLY, RBF or SIGMOID"),
    }
}

fn no_transform(call: &mut Call<'_>) -> Result<(), Reason> {
    match call.attributes.text("post_transform", "NONE")?.as_str() {
        "NONE" => Ok(()),
        _ => Reason::argument("attribute `post_transform`", "is not NONE"),
    }
}

fn regressor(call: &mut Call<'_>) -> Outputs {
    no_transform(call)?;
    let supports = usize::try_from(call.attributes.int("n_supports", 0)?).unwrap_or(0);
    let (coefficients, rho) = (required(call, "coefficients")?, required(call, "rho")?);
    let x = row(call)?;
    let features = call.shape(x)[1];
    let one_class = call.attributes.flag("one_class", false)?;
    let y = if supports == 0 {
        let weights = matrix("coefficients", 1, features, coefficients)?;
        let product = kernel(call, x, &weights)?;
        scalar(call, FloatOp::Add, product, rho[0])?
    } else {
        let vectors = required(call, "support_vectors")?;
        let vectors = matrix("support_vectors", supports, features, vectors)?;
        let kernel = kernel(call, x, &vectors)?;
        layer(call, kernel, matrix("coefficients", supports, 1, coefficients)?, rho)?
    };
    if !one_class {
        return Ok(vec![Value::Float(y)]);
    }
    let inside = call.push(FloatOp::Unary(Unary::Positive), &[y])?;
    let twice = scalar(call, FloatOp::Mul, inside, 2.0)?;
    Ok(vec![Value::Float(scalar(call, FloatOp::Sub, twice, 1.0)?)])
}

fn classifier(call: &mut Call<'_>) -> Outputs {
    no_transform(call)?;
    let labels = call.attributes.labels("classlabels_ints", "classlabels_strings")?.unwrap_or_default();
    let sizes = call.attributes.ints("vectors_per_class")?.unwrap_or_default();
    let sizes: Vec<usize> = sizes.iter().filter_map(|&size| usize::try_from(size).ok()).collect();
    if sizes.len() != labels.len() || sizes.len() < 2 {
        return Reason::argument("attribute `vectors_per_class`", "has not one number for each of two or more classes");
    }
    let total = sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size)).unwrap_or(usize::MAX);
    let (coefficients, vectors) = (required(call, "coefficients")?, required(call, "support_vectors")?);
    let rho = required(call, "rho")?;
    // Before the pairs are listed: a small file could ask for all memory.
    if sizes.len().checked_mul(sizes.len() - 1).map(|ordered| ordered / 2) != Some(rho.len()) {
        return Reason::argument("attribute `rho`", "has not one entry for each pair of classes");
    }
    let x = row(call)?;
    let vectors = matrix("support_vectors", total, call.shape(x)[1], vectors)?;
    let coefficients = matrix("coefficients", sizes.len() - 1, total, coefficients)?;
    let kernel = kernel(call, x, &vectors)?;
    let votes = layer(call, kernel, pairs(&sizes, &coefficients), rho)?;
    let platt = (call.attributes.floats("prob_a")?, call.attributes.floats("prob_b")?);
    match (sizes.len(), platt) {
        (2, (None, None)) => undecided(call, votes, labels),
        (2, (Some(a), Some(b))) if a.len() == 1 && b.len() == 1 => probable(call, votes, [a[0], b[0]], labels),
        (_, (None, None)) => elected(call, votes, labels),
        _ => Reason::argument(
            "attribute `prob_a`",
            "asks for probabilities of more than two classes, which are found step by step: train with probability=False",
        ),
    }
}

/// The weight of each vector for each pair of classes.
fn pairs(sizes: &[usize], coefficients: &Array2<f32>) -> Array2<f32> {
    let classes: Vec<usize> = sizes.iter().enumerate().flat_map(|(class, &size)| vec![class; size]).collect();
    let pairs: Vec<(usize, usize)> = (0..sizes.len()).flat_map(|i| (i + 1..sizes.len()).map(move |j| (i, j))).collect();
    Array2::from_shape_fn((classes.len(), pairs.len()), |(vector, pair)| {
        let (i, j) = pairs[pair];
        match classes[vector] {
            class if class == i => coefficients[[j - 1, vector]],
            class if class == j => coefficients[[i, vector]],
            _ => 0.0,
        }
    })
}

/// `[−z, z]`.
fn both(call: &mut Call<'_>, z: NodeId) -> Result<NodeId, Reason> {
    let other = negated(call, z)?;
    call.push(FloatOp::Concat { axis: 1 }, &[other, z])
}

/// The scores `−s` and `s`, and the class that is their opposites'.
fn undecided(call: &mut Call<'_>, s: NodeId, labels: Vec<String>) -> Outputs {
    let scores = both(call, s)?;
    let opposite = negated(call, s)?;
    let class = both(call, opposite)?;
    call.builder.labels.extend([(class, labels.clone()), (scores, labels)]);
    call.builder.contrary.insert(scores);
    Ok(vec![Value::Class(class), Value::Float(scores)])
}

/// The scores of pairs, and the class with most votes: of class `c`, `Σ_{j > c} [s_cj > 0] + Σ_{i < c} (1 − [s_ic > 0])`.
fn elected(call: &mut Call<'_>, pairs: NodeId, labels: Vec<String>) -> Outputs {
    let classes = labels.len();
    let sides = (0..classes).flat_map(|i| (i + 1..classes).map(move |j| (i, j))).collect::<Vec<_>>();
    let sign = |(pair, class): (usize, usize)| match sides[pair] {
        (first, _) if first == class => 1.0,
        (_, second) if second == class => -1.0,
        _ => 0.0,
    };
    let first = call.push(FloatOp::Unary(Unary::Positive), &[pairs])?;
    let signs = Array2::from_shape_fn((sides.len(), classes), sign);
    let votes = layer(call, first, signs, (0..classes).map(|lower| lower as f32).collect())?;
    call.builder.labels.push((votes, labels));
    call.builder.contrary.insert(pairs);
    Ok(vec![Value::Class(votes), Value::Float(pairs)])
}

/// Platt's probabilities: `σ(a·s + b)` for the second class.
fn probable(call: &mut Call<'_>, s: NodeId, [a, b]: [f32; 2], labels: Vec<String>) -> Outputs {
    let scaled = scalar(call, FloatOp::Mul, s, a)?;
    let z = scalar(call, FloatOp::Add, scaled, b)?;
    let logits = both(call, z)?;
    let probabilities = call.push(FloatOp::Sigmoid, &[logits])?;
    call.builder.labels.push((probabilities, labels));
    Ok(vec![Value::Class(probabilities), Value::Float(probabilities)])
}
