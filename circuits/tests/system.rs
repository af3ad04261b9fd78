//! Whole systems: programs that differ from the architecture's are refused, and every tensor is bounded.

mod layers_support;

use layers_support::{Case, Sketch, accepted, assert_bounded, blindings, forged, tensor, words};
use zkdx_circuits::architecture::{Interval, ValueId};
use zkdx_circuits::layers::{ValueType, rounded_quotient};
use zkdx_circuits::system::{
    Blindings, ContractForm, Definition, Relation, Sizes, SystemBuilder, SystemWitness, TensorId, TensorSystem,
};
use zkdx_circuits::{Fr, OutcomeKind, Parameters, Record};

const SHIFT: u32 = 4;

/// Two dense layers around a rounding ReLU: `3 → 2 → 2`.
fn network(outcome: OutcomeKind) -> Case {
    let mut sketch = Sketch::new(&[3], Interval::new(-128, 127));
    let (weights, bias) = (Interval::new(-127, 127), Some(Interval::new(-1000, 1000)));
    let hidden = sketch.dense(ValueId::RECORD, [3, 2], weights, bias);
    let active = sketch.clamp(hidden, SHIFT, 0, 127);
    let scores = sketch.dense(active, [2, 2], weights, bias);
    sketch.architecture.outcome = outcome;
    let mut values = [-7i64, 100, 55, 90, -3, 4, 5, -6, 17, -900, 2, 3, 5, -1, 0, 40].into_iter();
    Case::drawn(sketch.finish(scores), |_| values.next().unwrap_or(1))
}

/// Scores that are the record itself, for ties at will.
fn tied(record: Vec<i64>) -> Case {
    let sketch = Sketch::new(&[record.len()], Interval::new(-128, 127));
    let architecture = sketch.finish(ValueId::RECORD);
    Case { architecture, parameters: Parameters::new(Vec::new()), record: Record::new(record) }
}

fn assert_refused(case: &Case, what: &str, lies: impl Fn(&TensorSystem, &SystemWitness) -> Vec<(TensorId, Vec<i64>)>) {
    let system = case.system();
    let honest = case.witness(&system);
    let lies = lies(&system, &honest);
    assert!(lies.iter().any(|(tensor, values)| honest.entries(*tensor)[..] != values[..]), "{what} changes nothing");
    let witness = forged(case, &system, &lies);
    assert!(accepted(&system, &witness, &words(&system, &witness)).is_err(), "{what} is accepted");
}

fn mapped(witness: &SystemWitness, tensor: TensorId, f: impl Fn(i64) -> i64) -> (TensorId, Vec<i64>) {
    (tensor, witness.entries(tensor).iter().map(|&value| f(value)).collect())
}

#[test]
fn completeness_of_every_outcome_kind() {
    for outcome in [OutcomeKind::Class, OutcomeKind::ClassAndScores, OutcomeKind::Commitment] {
        network(outcome).assert_complete();
    }
}

#[test]
fn forging_nothing_is_accepted() {
    let case = network(OutcomeKind::ClassAndScores);
    let system = case.system();
    let witness = forged(&case, &system, &[]);
    assert_eq!(accepted(&system, &witness, &words(&system, &witness)), Ok(()));
}

#[test]
fn soundness_clamp_skipped() {
    assert_refused(&network(OutcomeKind::Class), "a skipped clamp", |system, witness| {
        let quotient = witness.entries(tensor(system, ".quotient")).into_owned();
        vec![(tensor(system, ".activation"), quotient)]
    });
}

#[test]
fn soundness_floor_instead_of_half_up() {
    assert_refused(&network(OutcomeKind::Class), "rounding down", |system, witness| {
        let (dividend, half) = (tensor(system, "layer_0.accumulator"), 1 << (SHIFT - 1));
        let rest = |x: i64| x + half - ((x >> SHIFT) << SHIFT);
        vec![
            mapped2(witness, dividend, tensor(system, ".quotient"), |x| x >> SHIFT),
            mapped2(witness, dividend, tensor(system, ".remainder"), rest),
        ]
    });
}

fn mapped2(witness: &SystemWitness, from: TensorId, to: TensorId, f: impl Fn(i64) -> i64) -> (TensorId, Vec<i64>) {
    (to, mapped(witness, from, f).1)
}

#[test]
fn soundness_quotient_off_by_one_with_compensating_remainder() {
    for step in [-1, 1] {
        assert_refused(&network(OutcomeKind::Class), "a shifted quotient", |system, witness| {
            let (quotient, remainder) = (tensor(system, ".quotient"), tensor(system, ".remainder"));
            vec![mapped(witness, quotient, |q| q + step), mapped(witness, remainder, |r| r - (step << SHIFT))]
        });
    }
}

#[test]
fn soundness_remainder_at_the_divisor() {
    let mut sketch = Sketch::new(&[2], Interval::new(-128, 127));
    let scores = sketch.clamp(ValueId::RECORD, SHIFT, -8, 7);
    let on_the_edge = |_| 5 * (1 << SHIFT) - (1 << (SHIFT - 1));
    let case = Case::drawn(sketch.finish(scores), on_the_edge);
    assert_refused(&case, "a remainder at the divisor", |system, witness| {
        assert_eq!(witness.entry(tensor(system, ".remainder"), 0), 0);
        vec![
            mapped(witness, tensor(system, ".quotient"), |q| q - 1),
            mapped(witness, tensor(system, ".remainder"), |_| 1 << SHIFT),
        ]
    });
}

#[test]
fn soundness_channel_dropped() {
    assert_refused(&network(OutcomeKind::Class), "a dropped channel", |system, witness| {
        let record = witness.entries(tensor(system, "record"));
        let weight = witness.entries(tensor(system, "p0"));
        let without_last = |o: usize| (0..2).map(|i| record[i] * weight[2 * i + o]).sum();
        vec![(tensor(system, "layer_0.products"), (0..2).map(without_last).collect())]
    });
}

#[test]
fn soundness_bias_dropped() {
    assert_refused(&network(OutcomeKind::Class), "a dropped bias", |system, witness| {
        let products = witness.entries(tensor(system, "layer_0.products")).into_owned();
        vec![(tensor(system, "layer_0.accumulator"), products)]
    });
}

#[test]
fn soundness_record_beyond_its_range() {
    for entry in [-129, 128, 1 << 20] {
        assert_refused(&tied(vec![3, 7, 100]), "a record out of range", |system, _| {
            vec![(tensor(system, "record"), vec![entry, 7, 100])]
        });
    }
}

#[test]
fn soundness_of_the_class() {
    let wrong =
        [vec![0, 0, 1, 0], vec![1, 0, 0, 0], vec![0, 0, 0, 0], vec![0, 1, 1, 0], vec![0, 2, -1, 0], vec![-1, 1, 1, 0]];
    for winner in wrong {
        assert_refused(&tied(vec![3, 7, 7, -1]), "a wrong winner", |system, _| {
            vec![(tensor(system, ".winner"), winner.clone())]
        });
    }
    for (score, wrong) in [(0, [0, 1]), (-5, [0, 1]), (1, [1, 0])] {
        assert_refused(&tied(vec![score]), "a wrong side of zero", |system, _| {
            vec![(tensor(system, ".winner"), wrong.to_vec())]
        });
    }
}

#[test]
fn the_first_of_equal_scores_wins() {
    for (record, class) in [(vec![7, 7], 0), (vec![-128, 127, 127], 1), (vec![0], 0), (vec![1], 1), (vec![-1], 0)] {
        let case = tied(record);
        case.assert_complete();
        assert_eq!(case.architecture.evaluate(&case.record, &case.parameters).map(|run| run.class()), Ok(class));
    }
}

#[test]
fn soundness_of_every_statement_word_and_blinding() {
    for outcome in [OutcomeKind::Class, OutcomeKind::ClassAndScores, OutcomeKind::Commitment] {
        let case = network(outcome);
        let system = case.system();
        let witness = case.witness(&system);
        let honest = words(&system, &witness);
        for index in 0..honest.len() {
            let mut words = honest.clone();
            words[index] += Fr::from(1u64);
            assert!(accepted(&system, &witness, &words).is_err(), "word {index} is free");
        }
        let [record, other] = blindings();
        assert!(system.check(&witness, &honest, Blindings::single(&other, &other)).is_err());
        assert_eq!(
            system.check(&witness, &honest, Blindings::single(&record, &record)).is_err(),
            outcome == OutcomeKind::Commitment
        );
        assert!(system.check(&witness, &honest[1..], Blindings::single(&record, &other)).is_err());
    }
}

#[test]
fn accumulators_cost_no_columns() {
    let system = network(OutcomeKind::Class).system();
    let columns: Vec<_> = system.columns().iter().map(|&id| system.tensor(id).name.clone()).collect();
    let chosen = ["outcome.winner", "outcome.chosen"];
    let layers = ["layer_1.quotient", "layer_1.remainder", "layer_1.activation", "layer_2.accumulator"];
    assert_eq!(columns, [&["record"][..], &layers, &chosen].concat());
}

/// Activations times activations: the product bounds nothing by itself, since packing it relies on a bound.
#[test]
fn contractions_do_not_bound_themselves() {
    let mut builder = SystemBuilder::new(&[]);
    let value = ValueType { shape: vec![2, 2], interval: Interval::new(-8, 7) };
    let record = builder.record(value);
    let sizes = Sizes { batch: 1, rows: 2, inner: 2, columns: 2, form: ContractForm::Matrices };
    let value = ValueType { shape: vec![2, 2], interval: Interval::new(-112, 128) };
    let square = builder.contract("square", value, [record, record], sizes).unwrap();
    assert_eq!(builder.system().enforced(square), None);
    let system = builder.finish();
    assert_eq!(system.looked_up(square), Some(Interval::new(-256, 255)));
    assert_bounded(&system);
}

#[test]
fn dividends_are_enforced_to_quotient_times_remainder() {
    let system = network(OutcomeKind::Class).system();
    let quotient = system.enforced(tensor(&system, ".quotient")).unwrap();
    let half = 1i64 << (SHIFT - 1);
    let dividend = Interval::new((quotient.lo << SHIFT) - half, ((quotient.hi + 1) << SHIFT) - 1 - half);
    assert_eq!(system.enforced(tensor(&system, "layer_0.accumulator")), Some(dividend));
    assert_eq!(system.enforced(tensor(&system, "layer_0.products")), Some(dividend));
    assert!(dividend.size().is_power_of_two());
}

#[test]
fn definitions_read_only_earlier_tensors() {
    let system = network(OutcomeKind::Class).system();
    for (index, info) in system.tensors.iter().enumerate() {
        let earlier = |id: TensorId| id.0 < index;
        assert!(match info.definition {
            Definition::Given => true,
            Definition::Largest { of, .. } => earlier(of),
            Definition::Quotient { of, .. } | Definition::Remainder { of, .. } | Definition::ArgMax { of, .. } =>
                earlier(of),
            Definition::TableValue { key, .. } => earlier(key),
            Definition::Ratio { numerator, denominator, .. } => earlier(numerator) && earlier(denominator),
            Definition::Root { of } => earlier(of),
            Definition::Selected { source, key, .. } => earlier(source) && earlier(key),
            Definition::Relation(relation) | Definition::Held(relation) => match &system.relations[relation] {
                Relation::Linear(linear) => linear.terms.iter().all(|term| earlier(term.tensor)),
                Relation::Contract(contract) => earlier(contract.left) && earlier(contract.right),
                Relation::Product(product) => earlier(product.left) && earlier(product.right),
                _ => false,
            },
        });
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let case = network(OutcomeKind::Class);
    let system = case.system();
    let short = Record::new(vec![1, 2]);
    let wide = Record::new(vec![1, 2, 128]);
    let none = Parameters::new(Vec::new());
    let mut tensors = case.parameters.tensors().to_vec();
    tensors[0][[0, 0]] = 128;
    let heavy = Parameters::new(tensors.clone());
    tensors[0] = tensors[2].clone();
    let misshapen = Parameters::new(tensors);
    let attempts = [
        (&short, &case.parameters),
        (&wide, &case.parameters),
        (&case.record, &none),
        (&case.record, &heavy),
        (&case.record, &misshapen),
    ];
    for (record, parameters) in attempts {
        assert!(case.architecture.evaluate(record, parameters).is_err());
        assert!(system.witness(record, parameters).is_err());
    }
}

#[test]
fn rounding_examples() {
    let halves: Vec<_> = [-24i64, -9, -8, -7, 7, 8, 9, 24].iter().map(|&x| rounded_quotient(x, 4)).collect();
    assert_eq!(halves, [-1, -1, 0, 0, 0, 1, 1, 2]);
}
