//! Small architectures with parameters and records.

use std::num::NonZeroUsize;

use ark_std::rand::{Rng, SeedableRng, rngs::StdRng};
use ndarray::{ArrayD, IxDyn};
use zkdx_circuits::architecture::{
    Architecture, Encoding, Feature, Head, Interval, LayerNode, OutcomeKind, ParameterId, ParameterSpec, ValueId,
};
use zkdx_circuits::layers::{Activation, Dense, Layer, Requantize};
use zkdx_circuits::system::{Blindings, SystemWitness, TensorSystem, compile};
use zkdx_circuits::{Blinding, Fr, Parameters, Record};

/// A compiled network with everything a proof needs.
pub(crate) struct Network {
    pub(crate) system: TensorSystem,
    pub(crate) parameters: Parameters,
    pub(crate) witness: SystemWitness,
    pub(crate) record: Blinding,
    pub(crate) outcome: Blinding,
    pub(crate) words: Vec<Fr>,
}

impl Network {
    pub(crate) fn random(architecture: &Architecture, seed: u64) -> Self {
        let system = compile(architecture).expect("a sound architecture");
        let Encoding { len, interval, .. } = architecture.encoding;
        Self::random_values(system, &architecture.parameters, len, interval, seed)
    }

    /// `system` with random parameters and a random record of `len` entries.
    pub(crate) fn random_values(
        system: TensorSystem,
        specs: &[ParameterSpec],
        len: usize,
        entries: Interval,
        seed: u64,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let parameters = Parameters::new(specs.iter().map(|spec| tensor(spec, &mut rng)).collect());
        let record = Record::new((0..len).map(|_| rng.gen_range(entries.lo..=entries.hi)).collect());
        Self::new(system, parameters, &record)
    }

    pub(crate) fn new(system: TensorSystem, parameters: Parameters, record: &Record) -> Self {
        let witness = system.witness(record, &parameters).expect("an honest witness");
        let [record, outcome] = [11u64, 12].map(|value| Blinding::from_field(Fr::from(value)));
        let words = system.words(&witness, Blindings::single(&record, &outcome));
        Self { system, parameters, witness, record, outcome, words }
    }
}

fn tensor(spec: &ParameterSpec, rng: &mut StdRng) -> ArrayD<i64> {
    let len = spec.shape.iter().product();
    let entries = (0..len).map(|_| rng.gen_range(spec.interval.lo..=spec.interval.hi)).collect();
    ArrayD::from_shape_vec(IxDyn(&spec.shape), entries).expect("as many entries as the shape has")
}

/// Dense layers of the given sizes, each but the last followed by a requantisation to `activation`.
pub(crate) fn mlp(
    sizes: &[usize],
    inputs: Interval,
    shift: u32,
    activation: &Activation,
    outcome: OutcomeKind,
) -> Architecture {
    let mut parameters = Vec::new();
    let mut layers = Vec::new();
    for (index, pair) in sizes.windows(2).enumerate() {
        let (weight, bias) = (ParameterId(parameters.len()), ParameterId(parameters.len() + 1));
        parameters.push(parameter("weight", vec![pair[0], pair[1]], Interval::new(-128, 127)));
        parameters.push(parameter("bias", vec![pair[1]], Interval::new(-(1 << 15), (1 << 15) - 1)));
        layers.push(node("dense", Layer::Dense(Dense { weight, bias: Some(bias) }), layers.len()));
        if index + 2 < sizes.len() {
            let layer = Requantize { shift, activation: activation.clone() };
            layers.push(node("requantize", Layer::Requantize(layer), layers.len()));
        }
    }
    Architecture {
        encoding: encoding(sizes[0], inputs),
        input_shape: vec![sizes[0]],
        parameters,
        scores: ValueId(layers.len()),
        layers,
        score_scale: 1.0,
        head: Head::Scores,
        labels: (0..sizes[sizes.len() - 1].max(2)).map(|class| format!("class {class}")).collect(),
        outcome,
        records: NonZeroUsize::MIN,
        positions: NonZeroUsize::MIN,
    }
}

fn parameter(name: &str, shape: Vec<usize>, interval: Interval) -> ParameterSpec {
    ParameterSpec { name: name.into(), shape, interval, norm: None }
}

fn node(name: &str, layer: Layer, index: usize) -> LayerNode {
    LayerNode { name: format!("{name}_{index}"), layer, inputs: vec![ValueId(index)], step: None }
}

fn encoding(len: usize, interval: Interval) -> Encoding {
    let feature = Feature { name: "value".into(), unit: String::new(), zero: 0.0, step: 1.0 };
    Encoding::steps(vec![feature], len, interval)
}
