//! Geometry of `Conv`, `ConvTranspose` and the pools: from attributes to a [`Window`].
//!
//! ONNX's rule for the padding of one axis of `n` entries, where the kernel spans `s = dilation·(kernel − 1) + 1`:
//! ```text
//! NOTSET      as `pads` says, all fronts before all backs
//! VALID       none
//! SAME_*      max((⌈n/stride⌉ − 1)·stride + s − n, 0) in all; the odd one is behind (UPPER) or in front (LOWER)
//! ```
//! With `ceil_mode`, but not beside SAME_*, positions are counted with ⌈·⌉, but one that would start behind the entries is dropped, as in ONNX Runtime.

use super::call::Call;
use super::error::Reason;
use crate::graph::ShapeError;
use crate::window::{MAX_WINDOW_AXES, Window, WindowAxis};

/// Largest size in an attribute.
const LARGEST: usize = 1 << 20;

/// What the attribute `auto_pad` says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Auto {
    /// The attribute `pads` counts.
    Given,
    /// No padding.
    Valid,
    /// Padding keeps ⌈n/stride⌉ positions; the odd one goes behind.
    SameUpper,
    /// The same; the odd one goes in front.
    SameLower,
}

impl Auto {
    /// Whether padding follows from the sizes.
    pub(super) fn same(self) -> bool {
        matches!(self, Self::SameUpper | Self::SameLower)
    }
}

/// The attributes that all of these operators have.
pub(super) struct Sliding {
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    /// Front and back of each axis, where given.
    pub(super) pads: Vec<[usize; 2]>,
    pub(super) auto: Auto,
}

impl Sliding {
    /// Takes the attributes; dilations only where the operator has them.
    pub(super) fn take(call: &mut Call<'_>, axes: usize, dilates: bool) -> Result<Self, Reason> {
        let strides = sizes(call, "strides", axes, 1)?.unwrap_or_else(|| vec![1; axes]);
        let dilations = if dilates { sizes(call, "dilations", axes, 1)? } else { None };
        let pads = sizes(call, "pads", 2 * axes, 0)?;
        let auto = auto(call, pads.as_deref())?;
        let pads = pads.unwrap_or_else(|| vec![0; 2 * axes]);
        let (front, back) = pads.split_at(axes);
        let pads = front.iter().zip(back).map(|(front, back)| [*front, *back]).collect();
        Ok(Self { strides, dilations: dilations.unwrap_or_else(|| vec![1; axes]), pads, auto })
    }

    /// The window of this kernel on axes of these sizes. ONNX Runtime has no `SAME_*` for dilated kernels.
    pub(super) fn window(&self, input: &[usize], kernel: &[usize]) -> Result<Window, Reason> {
        if self.auto.same() && self.dilations.iter().any(|dilation| *dilation > 1) {
            return Reason::argument("attribute `auto_pad`", "is SAME beside `dilations`; give `pads` instead");
        }
        let axes = self.given(input, kernel).axes.into_iter().map(|axis| padded(axis, self.auto));
        Ok(Window { axes: axes.collect() })
    }

    /// The window with the padding of `pads`, whatever `auto_pad` says.
    pub(super) fn given(&self, input: &[usize], kernel: &[usize]) -> Window {
        let axes = input.iter().zip(kernel).zip(&self.strides).zip(&self.dilations).zip(&self.pads);
        let axes = axes.map(|((((&input, &kernel), &stride), &dilation), &[before, after])| WindowAxis {
            input,
            kernel,
            stride,
            dilation,
            before,
            after,
        });
        Window { axes: axes.collect() }
    }
}

/// The axis with the padding of `auto_pad`.
fn padded(axis: WindowAxis, auto: Auto) -> WindowAxis {
    let last = axis.input.div_ceil(axis.stride).saturating_sub(1);
    let needed = (last * axis.stride + span(&axis)).saturating_sub(axis.input);
    let (less, more) = (needed / 2, needed.div_ceil(2));
    match auto {
        Auto::Given | Auto::Valid => axis,
        Auto::SameUpper => WindowAxis { before: less, after: more, ..axis },
        Auto::SameLower => WindowAxis { before: more, after: less, ..axis },
    }
}

/// The axis with so much padding behind that ⌈·⌉ positions fit.
pub(super) fn ceil(axis: WindowAxis) -> WindowAxis {
    let (span, front) = (span(&axis), axis.input + axis.before);
    let Some(rest) = (front + axis.after).checked_sub(span) else { return axis };
    let last = rest.div_ceil(axis.stride);
    let last = if last * axis.stride >= front { last.saturating_sub(1) } else { last };
    WindowAxis { after: (last * axis.stride + span).saturating_sub(front), ..axis }
}

/// Entries that the kernel spans.
pub(super) fn span(axis: &WindowAxis) -> usize {
    axis.dilation * (axis.kernel - 1) + 1
}

/// Sizes of the axes behind the channels of an input.
pub(super) fn spatial(call: &Call<'_>, index: usize) -> Result<Vec<usize>, Reason> {
    let shape = call.input_shape(index)?;
    match shape.get(2..) {
        Some(axes) if (1..=MAX_WINDOW_AXES).contains(&axes.len()) => Ok(axes.to_vec()),
        _ => Ok(ShapeError::new(format!(
            "input {index} has shape {shape:?}, where a batch axis, channels and 1 to {MAX_WINDOW_AXES} axes behind them are \
             supported"
        ))?),
    }
}

/// An attribute that holds a size for each axis.
pub(super) fn sizes(call: &mut Call<'_>, name: &str, count: usize, least: usize) -> Result<Option<Vec<usize>>, Reason> {
    let subject = || format!("attribute `{name}`");
    let Some(values) = call.attributes.ints(name)? else { return Ok(None) };
    if values.len() != count {
        return Reason::argument(subject(), format!("has {} entries, where {count} are due", values.len()));
    }
    let sizes = values.iter().map(|value| match usize::try_from(*value) {
        Ok(size) if (least..=LARGEST).contains(&size) => Ok(size),
        _ => Reason::argument(subject(), format!("holds {value}, where {least} to {LARGEST} is supported")),
    });
    sizes.collect::<Result<_, _>>().map(Some)
}

fn auto(call: &mut Call<'_>, pads: Option<&[usize]>) -> Result<Auto, Reason> {
    let given = pads.is_some_and(|pads| pads.iter().any(|pad| *pad > 0));
    let auto = match call.attributes.text("auto_pad", "NOTSET")?.as_str() {
        "NOTSET" => return Ok(Auto::Given),
        "VALID" => Auto::Valid,
        "SAME_UPPER" => Auto::SameUpper,
        "SAME_LOWER" => Auto::SameLower,
        _ => return Reason::argument("attribute `auto_pad`", "is not NOTSET, VALID, SAME_UPPER or SAME_LOWER"),
    };
    if given {
        return Reason::argument("attribute `auto_pad`", "is given beside `pads`; only one of them can count");
    }
    Ok(auto)
}
