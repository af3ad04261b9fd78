//! Flags that say how many bits a quantised model has: as a whole, and layer by layer.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::Args;
use zkdx_circuits::quantize::{LayerBits, Options, WIDTHS};

use crate::error::{CliError, Kind, Result};

/// Bits of records, weights and activations.
#[derive(Debug, Args)]
pub(crate) struct PrecisionArgs {
    /// Bits of each record entry [default: 12 for tables, 8 for images].
    #[arg(long, value_parser = clap::value_parser!(u32).range(4..=16))]
    pub(crate) input_bits: Option<u32>,
    /// Bits of each weight, 4 to 16, or of the weights of one layer, as the table of costs names it; may be repeated [default: 8].
    #[arg(long, value_name = "[LAYER=]BITS")]
    pub(crate) weight_bits: Vec<Bits>,
    /// Bits of each activation, 4 to 16, or of the activations of one layer and of those that share its scale; may be repeated
    /// [default: 8].
    #[arg(long, value_name = "[LAYER=]BITS")]
    pub(crate) activation_bits: Vec<Bits>,
    /// Share of calibration records, such as 0.995, whose class must stay the same: raises bits layer by layer, where they pay most for each
    /// constraint, until it does and is expected to on records like these.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) target_agreement: Option<f64>,
}

/// Parses a share of records.
fn share(text: &str) -> std::result::Result<f64, String> {
    let value: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if value > 0.0 && value <= 1.0 { Ok(value) } else { Err("not a share of records: above 0 and at most 1".into()) }
}

/// Bits of every layer, or of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    layer: Option<String>,
    bits: u32,
}

impl FromStr for Bits {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        // Names of layers may hold any character.
        let (layer, number) = match text.rsplit_once('=') {
            Some(("", _)) => return Err("there is no name before the `=`".into()),
            Some((layer, number)) => (Some(layer.to_owned()), number),
            None => (None, text),
        };
        let (lo, hi) = (WIDTHS.start(), WIDTHS.end());
        match number.parse() {
            Ok(bits) if WIDTHS.contains(&bits) => Ok(Self { layer, bits }),
            _ => Err(format!("`{number}` is not a number from {lo} to {hi}; write BITS or LAYER=BITS")),
        }
    }
}

impl PrecisionArgs {
    /// The options of quantisation that these flags choose.
    pub(crate) fn options<'a>(&self) -> Result<Options<'a>> {
        let (weight_bits, weights) = settle("--weight-bits", &self.weight_bits)?;
        let (activation_bits, activations) = settle("--activation-bits", &self.activation_bits)?;
        let layers = LayerBits { weights, activations };
        let default = Options::default();
        Ok(Options {
            input_bits: self.input_bits,
            weight_bits: weight_bits.unwrap_or(default.weight_bits),
            activation_bits: activation_bits.unwrap_or(default.activation_bits),
            layers,
            target_agreement: self.target_agreement,
            ..default
        })
    }
}

/// Bits of the graph, if given, and of layers by name.
fn settle(flag: &str, given: &[Bits]) -> Result<(Option<u32>, BTreeMap<String, u32>)> {
    let (mut graph, mut layers) = (None, BTreeMap::new());
    for Bits { layer, bits } in given {
        let before = match layer {
            None => graph.replace(*bits),
            Some(layer) => layers.insert(layer.clone(), *bits),
        };
        if let Some(before) = before.filter(|before| before != bits) {
            let what = layer.as_ref().map_or("all layers".into(), |layer| format!("layer `{layer}`"));
            let message = format!("{flag} gives {what} both {before} and {bits} bits");
            return Err(CliError::new(Kind::Usage, message).next("give each layer one number of bits"));
        }
    }
    Ok((graph, layers))
}
