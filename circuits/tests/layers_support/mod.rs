//! Architectures, inputs and forged witnesses for the tests of layers and systems.
// Each test binary uses its own part.
#![allow(dead_code)]

use std::num::NonZeroUsize;

use ndarray::{ArrayD, IxDyn};
use proptest::prelude::*;
use zkdx_circuits::architecture::{Interval, LayerNode, ParameterId, ParameterSpec, ValueId};
use zkdx_circuits::gadgets::poseidon;
use zkdx_circuits::layers::{
    Activation, Affine, Combine, Concat, Conv, Dense, Embed, Layer, Rearrange, Requantize, Trees,
};
use zkdx_circuits::statement::{SCORE_INTERVAL, SCORE_OFFSET};
use zkdx_circuits::system::{
    Blindings, Definition, PackedEntry, Relation, Role, Solved, SystemWitness, TensorId, TensorInfo, TensorSystem,
    Term, compile,
};
use zkdx_circuits::{
    Architecture, Blinding, Encoding, Feature, Fr, Head, Outcome, OutcomeKind, Parameters, Record, Window, WindowAxis,
};

/// An architecture under construction.
pub(crate) struct Sketch {
    pub(crate) architecture: Architecture,
}

impl Sketch {
    pub(crate) fn new(shape: &[usize], interval: Interval) -> Self {
        let feature = Feature { name: "x".into(), unit: String::new(), zero: 0.0, step: 1.0 };
        let encoding = Encoding::steps(vec![feature], shape.iter().product(), interval);
        let architecture = Architecture {
            encoding,
            input_shape: shape.to_vec(),
            parameters: Vec::new(),
            layers: Vec::new(),
            scores: ValueId::RECORD,
            score_scale: 1.0,
            head: Head::Scores,
            labels: Vec::new(),
            outcome: OutcomeKind::ClassAndScores,
            records: NonZeroUsize::MIN,
            positions: NonZeroUsize::MIN,
        };
        Self { architecture }
    }

    pub(crate) fn parameter(&mut self, shape: &[usize], interval: Interval) -> ParameterId {
        let name = format!("p{}", self.architecture.parameters.len());
        self.architecture.parameters.push(ParameterSpec { name, shape: shape.to_vec(), interval, norm: None });
        ParameterId(self.architecture.parameters.len() - 1)
    }

    pub(crate) fn layer(&mut self, layer: Layer, inputs: &[ValueId]) -> ValueId {
        let name = format!("layer_{}", self.architecture.layers.len());
        self.architecture.layers.push(LayerNode { name, layer, inputs: inputs.to_vec(), step: None });
        ValueId(self.architecture.layers.len())
    }

    pub(crate) fn dense(
        &mut self,
        x: ValueId,
        shape: [usize; 2],
        weights: Interval,
        bias: Option<Interval>,
    ) -> ValueId {
        let weight = self.parameter(&shape, weights);
        let bias = bias.map(|interval| self.parameter(&shape[1..], interval));
        self.layer(Layer::Dense(Dense { weight, bias }), &[x])
    }

    /// A convolution to `outputs` channels; `biased` gives each channel a bias, or each position.
    pub(crate) fn conv(
        &mut self,
        x: ValueId,
        (channels, outputs, groups): (usize, usize, usize),
        window: &Window,
        weights: Interval,
        bias: Option<(bool, Interval)>,
    ) -> ValueId {
        let weight = self.parameter(&[&[outputs, channels / groups], &window.kernel_shape()[..]].concat(), weights);
        let places = |each: bool| if each { window.output_shape() } else { vec![] };
        let bias = bias.map(|(each, interval)| self.parameter(&[&[outputs], &places(each)[..]].concat(), interval));
        self.layer(Layer::Conv(Conv { weight, bias, window: window.clone(), groups }), &[x])
    }

    pub(crate) fn affine(&mut self, x: ValueId, shape: &[usize], weights: Interval, bias: Option<Interval>) -> ValueId {
        let weight = self.parameter(shape, weights);
        let bias = bias.map(|interval| self.parameter(shape, interval));
        self.layer(Layer::Affine(Affine { weight, bias }), &[x])
    }

    /// Rows of `width` entries for values in `names`.
    pub(crate) fn embed(
        &mut self,
        x: ValueId,
        names: Interval,
        width: usize,
        entries: Interval,
        bias: Option<Interval>,
    ) -> ValueId {
        let table = self.parameter(&[names.size() as usize, width], entries);
        let bias = bias.map(|interval| self.parameter(&[width], interval));
        self.layer(Layer::Embed(Embed { table, bias, first: names.lo }), &[x])
    }

    /// Trees whose nodes may follow one another in any order, every one a leaf as well.
    pub(crate) fn trees(
        &mut self,
        x: ValueId,
        features: usize,
        [trees, depth, nodes, outputs]: [usize; 4],
        thresholds: Interval,
    ) -> ValueId {
        let any = Interval::new(0, nodes as i64 - 1);
        let feature = self.parameter(&[nodes], Interval::new(0, features as i64 - 1));
        let threshold = self.parameter(&[nodes], thresholds);
        let [left, right] = [any, any].map(|interval| self.parameter(&[nodes], interval));
        let leaf = self.parameter(&[nodes, outputs], Interval::new(-90, 200));
        let bias = self.parameter(&[outputs], Interval::new(-50, 50));
        let layer = Trees { feature, threshold, left, right, leaf, bias, first_leaf: 0, trees, depth };
        self.layer(Layer::Trees(layer), &[x])
    }

    pub(crate) fn requantize(&mut self, x: ValueId, shift: u32, activation: Activation) -> ValueId {
        self.layer(Layer::Requantize(Requantize { shift, activation }), &[x])
    }

    pub(crate) fn clamp(&mut self, x: ValueId, shift: u32, lo: i64, hi: i64) -> ValueId {
        self.requantize(x, shift, Activation::Clamp(Interval::new(lo, hi)))
    }

    pub(crate) fn combine(&mut self, inputs: &[ValueId], factors: Vec<i64>, constant: i64) -> ValueId {
        self.layer(Layer::Combine(Combine { factors, constant }), inputs)
    }

    pub(crate) fn concat(&mut self, inputs: &[ValueId], axis: usize) -> ValueId {
        self.layer(Layer::Concat(Concat { axis }), inputs)
    }

    pub(crate) fn rearrange(
        &mut self,
        x: ValueId,
        shape: &[usize],
        indices: Option<Vec<Option<u32>>>,
        fill: i64,
    ) -> ValueId {
        self.layer(Layer::Rearrange(Rearrange { shape: shape.to_vec(), indices, fill }), &[x])
    }

    /// Names the scores and as many labels as they need.
    pub(crate) fn finish(self, scores: ValueId) -> Architecture {
        self.finish_map(scores, 1)
    }

    /// The same for a class map.
    pub(crate) fn finish_map(mut self, scores: ValueId, positions: usize) -> Architecture {
        self.architecture.scores = scores;
        self.architecture.positions = NonZeroUsize::new(positions).expect("positions");
        let values = self.architecture.infer_all().expect("the sketch makes sense");
        let len = values[scores.0].shape.iter().product::<usize>() / positions;
        self.architecture.labels = (0..len.max(2)).map(|class| format!("class {class}")).collect();
        self.architecture
    }
}

/// An architecture with a model and a record that fit it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) architecture: Architecture,
    pub(crate) parameters: Parameters,
    pub(crate) record: Record,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:?}", self.architecture)?;
        writeln!(f, "parameters {:?}", self.parameters.tensors())?;
        writeln!(f, "record {:?}", self.record.entries())
    }
}

impl Case {
    /// Draws integers with `draw`, given their interval.
    pub(crate) fn drawn(architecture: Architecture, mut draw: impl FnMut(Interval) -> i64) -> Self {
        let encoding = &architecture.encoding;
        let record = (0..encoding.len).map(|_| draw(encoding.interval)).collect();
        let tensor = |spec: &ParameterSpec, draw: &mut dyn FnMut(Interval) -> i64| {
            ArrayD::from_shape_simple_fn(IxDyn(&spec.shape), || draw(spec.interval))
        };
        let parameters = architecture.parameters.iter().map(|spec| tensor(spec, &mut draw)).collect();
        Self { record: Record::new(record), parameters: Parameters::new(parameters), architecture }
    }

    /// Integers from a seed: a third of them ends of their interval, so that ties and extremes happen.
    pub(crate) fn seeded(architecture: Architecture, seed: u64) -> Self {
        let mut state = seed;
        Self::drawn(architecture, |interval| {
            let random = splitmix(&mut state);
            match random % 6 {
                0 => interval.lo,
                1 => interval.hi,
                _ => interval.lo + (splitmix(&mut state) % interval.size()) as i64,
            }
        })
    }

    pub(crate) fn system(&self) -> TensorSystem {
        compile(&self.architecture).expect("the architecture compiles")
    }

    pub(crate) fn witness(&self, system: &TensorSystem) -> SystemWitness {
        system.witness(&self.record, &self.parameters).expect("honest inputs have a witness")
    }

    /// The words of the witness are those of the reference interpreter's outcome, and the check accepts them.
    pub(crate) fn assert_complete(&self) {
        let (system, evaluation) = (self.system(), self.architecture.evaluate(&self.record, &self.parameters));
        let evaluation = evaluation.expect("honest inputs evaluate");
        let witness = self.witness(&system);
        let words = words(&system, &witness);
        let form = self.architecture.outcome_form(evaluation.scores.len());
        let scores = evaluation.scores[..form.scores].to_vec();
        let packed = form.pack(&Outcome { classes: evaluation.classes.clone(), scores });
        let expected = match self.architecture.outcome {
            OutcomeKind::Commitment => vec![poseidon::commit(&packed, &blindings()[1])],
            _ => packed,
        };
        assert_eq!(words[1..], expected, "witness and reference interpreter disagree");
        assert_eq!(accepted(&system, &witness, &words), Ok(()));
    }
}

/// Fixed blinding values.
pub(crate) fn blindings() -> [Blinding; 2] {
    [7u64, 8].map(|value| Blinding::from_field(Fr::from(value)))
}

pub(crate) fn words(system: &TensorSystem, witness: &SystemWitness) -> Vec<Fr> {
    let [record, outcome] = blindings();
    system.words(witness, Blindings::single(&record, &outcome))
}

pub(crate) fn accepted(system: &TensorSystem, witness: &SystemWitness, words: &[Fr]) -> Result<(), String> {
    let [record, outcome] = blindings();
    system.check(witness, words, Blindings::single(&record, &outcome)).map_err(|violation| violation.to_string())
}

/// The tensor whose name ends in `name`.
pub(crate) fn tensor(system: &TensorSystem, name: &str) -> TensorId {
    let found = system.tensors.iter().position(|info| info.name.ends_with(name));
    TensorId(found.unwrap_or_else(|| panic!("there is a tensor {name}")))
}

/// A witness in which some tensors hold what a dishonest prover wants and all later ones follow from them.
pub(crate) fn forged(case: &Case, system: &TensorSystem, lies: &[(TensorId, Vec<i64>)]) -> SystemWitness {
    try_forged(case, system, lies).expect("lies compute")
}

/// The same; none where nothing follows from the lies, as from a key that is in no table.
pub(crate) fn try_forged(case: &Case, system: &TensorSystem, lies: &[(TensorId, Vec<i64>)]) -> Option<SystemWitness> {
    let mut system = system.clone();
    let mut parameters = case.parameters.tensors().to_vec();
    for (tensor, values) in lies {
        let info = &mut system.tensors[tensor.0];
        (info.role, info.definition) = (Role::Weight(ParameterId(parameters.len())), Definition::Given);
        parameters.push(ArrayD::from_shape_vec(IxDyn(&info.shape), values.clone()).expect("values fit"));
    }
    system.tensors.iter_mut().for_each(|info| info.interval = Interval::new(-(1 << 60), 1 << 60));
    system.witness(&case.record, &Parameters::new(parameters)).ok()
}

/// Every single-entry mutation of every tensor but the parameters is refused.
pub(crate) fn assert_sound(case: &Case, seed: u64) {
    let system = case.system();
    let mut witness = case.witness(&system);
    let words = words(&system, &witness);
    let mut state = seed;
    for index in 0..system.tensors.len() {
        if matches!(system.tensors[index].role, Role::Weight(_)) {
            continue;
        }
        for entry in 0..system.tensors[index].len() {
            let honest = witness.entry(TensorId(index), entry);
            for lie in mutations(honest, &mut state) {
                set(&mut witness, index, entry, lie);
                let name = &system.tensors[index].name;
                assert!(
                    accepted(&system, &witness, &words).is_err(),
                    "entry {entry} of {name} is {honest} but {lie} is accepted"
                );
            }
            set(&mut witness, index, entry, honest);
        }
    }
}

pub(crate) fn set(witness: &mut SystemWitness, tensor: usize, entry: usize, value: i64) {
    witness.tensors[tensor].as_slice_mut().expect("row-major")[entry] = value;
}

fn mutations(honest: i64, state: &mut u64) -> Vec<i64> {
    let power = 1i64 << (splitmix(state) % 49);
    let random = splitmix(state) as i64 >> 20;
    let all = [honest + 1, honest - 1, -honest, 0, random, honest + power, honest - power];
    all.into_iter().filter(|&lie| lie != honest).collect()
}

pub(crate) fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A small interval around or beside zero.
pub(crate) fn interval(magnitude: i64) -> impl Strategy<Value = Interval> {
    (-magnitude..=magnitude, -magnitude..=magnitude).prop_map(|(a, b)| Interval::new(a.min(b), a.max(b)))
}

/// Record intervals: a power of two of integers, signed, unsigned or shifted.
pub(crate) fn encoding_interval() -> impl Strategy<Value = Interval> {
    (1u32..=8, -300i64..=100).prop_map(|(bits, lo)| Interval::new(lo, lo + (1 << bits) - 1))
}

/// Each expression reads only columns and earlier expressions, and every tensor is one or the other.
pub(crate) fn assert_expressible(system: &TensorSystem) {
    let is_weight = |info: &TensorInfo| matches!(info.role, Role::Weight(_));
    let mut known: Vec<bool> = system.tensors.iter().map(is_weight).collect();
    system.columns().iter().for_each(|id| known[id.0] = true);
    for solved in system.expressions() {
        assert!(matches!(system.relations[solved.relation], Relation::Linear(_)));
        assert!(solved.linear.terms.iter().all(|term| known[term.tensor.0]));
        assert!(!std::mem::replace(&mut known[solved.linear.out.0], true));
    }
    assert!(known.into_iter().all(|known| known));
}

/// Solved relations say the same as the ones they come from.
pub(crate) fn assert_solutions(system: &TensorSystem, witness: &SystemWitness) {
    for Solved { linear, .. } in system.expressions() {
        for k in 0..system.tensor(linear.out).len() {
            let term = |term: &Term| term.map.get(k).map_or(0, |i| term.coefficient * witness.entry(term.tensor, i));
            let sum: i64 = linear.terms.iter().map(term).sum();
            assert_eq!(witness.entry(linear.out, k), linear.constant + sum);
        }
    }
}

/// Columns, contractions and their left factors have enforced intervals; disclosed entries come from tables.
pub(crate) fn assert_bounded(system: &TensorSystem) {
    let enforced = system.enforced_intervals();
    for id in system.columns() {
        let interval = enforced[id.0].unwrap_or_else(|| panic!("{} is free", system.tensor(id).name));
        assert!(interval.encloses(&system.tensor(id).interval), "{}", system.tensor(id).name);
    }
    for relation in &system.relations {
        match relation {
            Relation::Contract(contract) => {
                assert!(enforced[contract.out.0].is_some() && enforced[contract.left.0].is_some());
            }
            Relation::Publish(publish) => {
                let scores = publish.packing.words.iter().flatten().filter(|entry| entry.offset == SCORE_OFFSET);
                let looked_up = |entry: &PackedEntry| system.looked_up(entry.tensor);
                assert!(scores.map(looked_up).all(|found| found.is_some_and(|i| SCORE_INTERVAL.encloses(&i))));
            }
            _ => {}
        }
    }
}

/// Axes with strides, dilations, paddings and remainders of all kinds, up to `rank` of them.
pub(crate) fn window(rank: usize) -> impl Strategy<Value = Window> {
    let axis = (1usize..6, 1usize..4, 1usize..4, 1usize..3, 0usize..3, 0usize..3).prop_filter_map(
        "a kernel that fits",
        |(input, kernel, stride, dilation, before, after)| {
            let axis = WindowAxis { input, kernel, stride, dilation, before, after };
            Window { axes: vec![axis] }.validate().ok().map(|()| axis)
        },
    );
    proptest::collection::vec(axis, 1..=rank).prop_map(|axes| Window { axes })
}
