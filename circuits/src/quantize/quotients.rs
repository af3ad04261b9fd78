//! What quotients multiply with, as tables: `1/y`, or `f(u)/g(u)`, for the arguments that calibration found. Lengths are tables of the same kind.
//!
//! Keys reach from the smallest argument to the largest, an eighth further out on both sides but not to 0 or across it, and are rounded outward to
//! `m·2^e` with `m` from 8 to 15, because they are public. An argument further out has the value at the end. A divisor that
//! is 0 or has either sign on calibration records has no such table, nor has one so small on some of them that the table would be off by a good part of
//! its largest value; both are refused by name.

use ndarray::Array2;

use super::error::QuantizeError;
use super::forms::{Fixed, Form, ROOM, fine_top, power_above, round};
use super::fuse::Refusal;
use super::network::{Function, Network, Op};
use crate::architecture::Interval;
use crate::graph::Composed;
use crate::layers::Activation;

/// Binary logarithm of the largest key: one less than what a quotient may be.
const KEY_BITS: i32 = 22;

/// Refuses quotients whose divisors come near 0 on calibration records, for so many bits of each node.
pub(super) fn check(network: &Network, floats: &[Array2<f64>], bits: &[u32]) -> Result<(), QuantizeError> {
    let factors = network.nodes.iter().zip(bits).filter_map(|(node, bits)| match &node.op {
        Op::Apply(Function::Factor(program)) if program.divides() => {
            Some((node, program, (&floats[node.inputs[0]], *bits)))
        }
        _ => None,
    });
    let refusals: Vec<Refusal> = factors
        .filter_map(|(node, program, (arguments, bits))| {
            let (reason, advice) = refused(program, arguments, bits)?;
            let name = node.name.trim_end_matches("/factor").to_owned();
            Some(Refusal { node: name, operator: "Div", reason, advice })
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(QuantizeError::Unsupported(refusals)) }
}

fn refused(program: &Composed, arguments: &Array2<f64>, bits: u32) -> Option<(&'static str, &'static str)> {
    let mut signs: Vec<f64> = Vec::new();
    for &x in counted(program, arguments) {
        let divisors = program.divisors(x);
        signs.resize(divisors.len(), 0.0);
        for (sign, divisor) in signs.iter_mut().zip(divisors) {
            if divisor == 0.0 || divisor * *sign < 0.0 {
                return Some((
                    "divides by values that are 0 or have both signs on calibration records",
                    "add an epsilon to the divisor or clip it, so that it stays on one side of 0",
                ));
            }
            *sign = divisor.signum();
        }
    }
    (!fits(program, arguments, bits)).then_some((
        "divides by values that are far closer to 0 on some calibration records than on others, so that no table holds the quotients",
        "add a larger epsilon to the divisor or clip it, or use more bits for activations",
    ))
}

/// Arguments that have to be in the table. A vector of norm zero stays as it is, whatever it is multiplied with.
fn counted<'a>(program: &Composed, arguments: &'a Array2<f64>) -> impl Iterator<Item = &'a f64> + use<'a> {
    let guarded = program.is_guarded();
    arguments.iter().filter(move |x| !guarded || **x != 0.0)
}

/// Whether no value of the table that is more than half of the largest is off by more than an eighth. What small values are off by counts
/// little: a squash has them where the vector is small, too.
fn fits(program: &Composed, arguments: &Array2<f64>, bits: u32) -> bool {
    let Form { activation: Activation::Table { clamp, values }, fixed: Some(fixed), .. } =
        form(program, arguments, bits, 1.0)
    else {
        return false;
    };
    let tabulated = |x: f64| values[(round(x / fixed.key).clamp(clamp.lo, clamp.hi) - clamp.lo) as usize];
    let off = |x: &f64| (tabulated(*x) as f64 * fixed.value - program.at(*x)).abs();
    let largest = counted(program, arguments).fold(0f64, |max, &x| max.max(program.at(x).abs()));
    counted(program, arguments).all(|x| program.at(*x).abs() < largest / 2.0 || off(x) <= largest / 8.0)
}

/// The table for these arguments, with keys `coarser` times as far apart as they could be.
pub(super) fn form(program: &Composed, arguments: &Array2<f64>, bits: u32, coarser: f64) -> Form {
    let (mut lo, mut hi, mut largest) = (f64::INFINITY, f64::NEG_INFINITY, 0f64);
    for &x in counted(program, arguments) {
        (lo, hi, largest) = (lo.min(x), hi.max(x), largest.max(program.at(x).abs()));
    }
    let (lo, hi) = if lo <= hi { (-outer(-lo), outer(hi)) } else { (0.0, 0.0) };
    let rows = 2f64.powi(bits.max(13.min(bits + 1)) as i32 + 2);
    let least = lo.abs().max(hi.abs()) * 0.5f64.powi(KEY_BITS);
    let key = power_above(((hi - lo) / rows).max(least)) * coarser;
    let keys = Interval::new((lo / key).floor() as i64, (hi / key).ceil() as i64);
    let value = power_above(ROOM * largest / fine_top(bits) as f64);
    Form::factor(program, bits, keys, Fixed { key, value })
}

/// An upper end with room: further from 0 if it is above, nearer if it is below; rounded up to `m·2^e`.
fn outer(end: f64) -> f64 {
    if end == 0.0 {
        return 0.0;
    }
    let size = if end > 0.0 { end * ROOM } else { -end / ROOM };
    let unit = 2f64.powi(size.log2().floor() as i32 - 3);
    if end > 0.0 { (size / unit).ceil() * unit } else { -(size / unit).floor() * unit }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    fn keys(form: &Form) -> (f64, f64) {
        let (keys, fixed) = (form.keys(), form.fixed.unwrap());
        (keys.lo as f64 * fixed.key, keys.hi as f64 * fixed.key)
    }

    #[test]
    fn keys_reach_beyond_what_calibration_found_but_not_to_zero() {
        let inverse = Composed::argument().reciprocal().unwrap();
        for (lo, hi) in [(0.5, 3.0), (0.01, 0.07), (100.0, 101.0), (2.0, 2.0)] {
            let form = form(&inverse, &arr2(&[[lo, hi]]), 8, 1.0);
            let (least, most) = keys(&form);
            assert!(least > 0.7 * lo && least < lo / 1.1 && most > 1.1 * hi && most < 1.3 * hi, "{least} {most}");
            assert!(form.keys().size() <= 1 << 12);
        }
        let below = form(&inverse, &arr2(&[[-3.0, -0.5]]), 8, 1.0);
        assert!(keys(&below).1 < 0.0);
    }

    #[test]
    fn tables_hold_quotients_to_a_part_in_a_hundred() {
        let inverse = Composed::argument().reciprocal().unwrap();
        let arguments = Array2::from_shape_fn((1, 300), |(_, k)| 0.5 + k as f64 / 50.0);
        let form = form(&inverse, &arguments, 8, 1.0);
        let (Activation::Table { clamp, values }, Some(fixed)) = (&form.activation, form.fixed) else { panic!() };
        for &x in &arguments {
            let value = values[(round(x / fixed.key) - clamp.lo) as usize] as f64 * fixed.value;
            assert!((value * x - 1.0).abs() < 0.01, "{x}: {value}");
        }
    }

    #[test]
    fn divisors_near_zero_are_refused() {
        let inverse = Composed::argument().reciprocal().unwrap();
        let refused = |row: [f64; 2]| refused(&inverse, &arr2(&[row]), 8).map(|(reason, _)| reason);
        assert_eq!(refused([0.1, 5.0]), None);
        assert!(refused([0.0, 5.0]).unwrap().contains("0 or have both signs"));
        assert!(refused([-1.0, 5.0]).unwrap().contains("0 or have both signs"));
        assert!(refused([1e-6, 5.0]).unwrap().contains("far closer to 0"));
    }
}
