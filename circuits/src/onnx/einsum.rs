//! `Einsum`: sums of products over named axes, as the equation says. Several factors are multiplied from left to right.
//!
//! A name that an operand has twice stands for its diagonal. Without an arrow, the output has the axes of the ellipsis and then the
//! names that occur once, in the order of the alphabet.

use std::collections::BTreeMap;

use super::call::{Call, Outputs};
use super::contraction::{Label, Named, contract};
use super::error::Reason;
use super::registry::Operator;
use super::value::Value;

pub(super) const OPERATORS: &[Operator] = &[Operator::onnx("Einsum", 12, (1, usize::MAX), einsum)];

/// Labels from here on are axes of an ellipsis, the last one being the greatest.
const ELLIPSIS: Label = 1 << 16;

fn einsum(call: &mut Call<'_>) -> Outputs {
    let text: String = call.attributes.text("equation", "")?.split_whitespace().collect();
    let (inputs, output) = text.split_once("->").map_or((text.as_str(), None), |(from, to)| (from, Some(to)));
    let terms: Vec<&str> = inputs.split(',').collect();
    if terms.len() != call.inputs.len() {
        return bad("has not one term for each input");
    }
    let ids = (0..terms.len()).map(|index| call.float(index)).collect::<Result<Vec<_>, _>>()?;
    let mut labels = Vec::with_capacity(terms.len());
    for (term, id) in terms.iter().zip(&ids) {
        labels.push(named(term, call.builder.shape(*id).len())?);
    }
    let shapes = ids.iter().map(|id| call.builder.shape(*id));
    check_sizes(labels.iter().zip(shapes))?;
    let output = match output {
        Some(term) => explicit(term, &labels)?,
        None => implicit(&labels),
    };
    let mut factors = labels.iter().zip(ids);
    let Some((first, id)) = factors.next() else { return bad("is empty") };
    let mut product = Named::new(call, id, first)?;
    for (index, (own, id)) in factors.enumerate() {
        let factor = Named::new(call, id, own)?;
        let later = &labels[index + 2..];
        let kept = |label| output.contains(&label) || later.iter().any(|term| term.contains(&label));
        product = contract(call, product, factor, kept)?;
    }
    let sum = product.summed(call, |label| output.contains(&label))?;
    Ok(vec![Value::Float(sum.arranged(call, &output)?)])
}

fn bad<T>(problem: &str) -> Result<T, Reason> {
    Reason::argument("attribute `equation`", problem)
}

/// The labels of a term, for an operand of this rank.
fn named(term: &str, rank: usize) -> Result<Vec<Label>, Reason> {
    let Some((before, behind)) = term.split_once("...") else {
        let labels = letters(term)?;
        return if labels.len() == rank { Ok(labels) } else { bad("names not every axis of an input, or too many") };
    };
    let (before, behind) = (letters(before)?, letters(behind)?);
    let Some(between) = rank.checked_sub(before.len() + behind.len()) else {
        return bad("names more axes than an input has");
    };
    let ellipsis: Vec<Label> = (0..between).rev().map(|from_last| ELLIPSIS + MAX - from_last as Label).collect();
    Ok([before, ellipsis, behind].concat())
}

/// More axes than any ellipsis stands for.
const MAX: Label = 64;

fn letters(term: &str) -> Result<Vec<Label>, Reason> {
    if !term.chars().all(|letter| letter.is_ascii_alphabetic()) {
        return bad("holds something else than letters, commas, one arrow and one ellipsis for each term");
    }
    Ok(term.chars().map(Label::from).collect())
}

/// Axes of one name have one size; an ellipsis broadcasts.
fn check_sizes<'a>(terms: impl Iterator<Item = (&'a Vec<Label>, &'a [usize])>) -> Result<(), Reason> {
    let mut sizes: BTreeMap<Label, usize> = BTreeMap::new();
    for (labels, shape) in terms {
        for (&label, &dim) in labels.iter().zip(shape) {
            let known = sizes.entry(label).or_insert(dim);
            if *known != dim && *known != 1 && dim != 1 || *known != dim && label < ELLIPSIS {
                return bad("gives one name to axes of different sizes");
            }
            *known = dim.max(*known);
        }
    }
    Ok(())
}

fn explicit(term: &str, inputs: &[Vec<Label>]) -> Result<Vec<Label>, Reason> {
    let ellipsis = ellipsis(inputs);
    let output = match term.split_once("...") {
        Some((before, behind)) => [letters(before)?, ellipsis, letters(behind)?].concat(),
        None if ellipsis.is_empty() => letters(term)?,
        None => return bad("drops the axes of the ellipsis"),
    };
    let mut seen = output.clone();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() < output.len() || !output.iter().all(|label| inputs.iter().any(|term| term.contains(label))) {
        return bad("gives the output an axis twice, or one that no input has");
    }
    Ok(output)
}

fn implicit(inputs: &[Vec<Label>]) -> Vec<Label> {
    let all = inputs.concat();
    let once = |label: &Label| all.iter().filter(|other| *other == label).count() == 1;
    let mut letters: Vec<Label> = all.iter().copied().filter(|label| *label < ELLIPSIS && once(label)).collect();
    letters.sort_unstable();
    [ellipsis(inputs), letters].concat()
}

/// The axes that the ellipsis stands for.
fn ellipsis(inputs: &[Vec<Label>]) -> Vec<Label> {
    let mut labels: Vec<Label> = inputs.concat().into_iter().filter(|label| *label >= ELLIPSIS).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}
