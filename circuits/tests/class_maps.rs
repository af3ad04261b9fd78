//! Class maps: a class for each position, the first largest of its scores, packed in one way only.

mod layers_support;

use std::num::NonZeroUsize;

use layers_support::{
    Case, Sketch, accepted, assert_bounded, assert_expressible, assert_solutions, assert_sound, forged, tensor, words,
};
use proptest::prelude::*;
use zkdx_circuits::architecture::{Interval, ValueId};
use zkdx_circuits::field::{from_int, power_of_two};
use zkdx_circuits::statement::{OutcomeError, OutcomeForm};
use zkdx_circuits::system::{TensorId, compile};
use zkdx_circuits::{Architecture, Fr, Head, Outcome, OutcomeKind, Parameters, Record};

const RECORD: ValueId = ValueId::RECORD;
const KINDS: [OutcomeKind; 2] = [OutcomeKind::Class, OutcomeKind::Commitment];

/// Scores that are the record itself, `width` for each position.
fn identity(record: &[i64], width: usize, kind: OutcomeKind) -> Case {
    let positions = record.len() / width;
    let mut sketch = Sketch::new(&[1, positions, width], Interval::new(-8, 7));
    sketch.architecture.outcome = kind;
    let architecture = sketch.finish_map(RECORD, positions);
    Case { architecture, parameters: Parameters::new(Vec::new()), record: Record::new(record.to_vec()) }
}

prop_compose! {
    /// A dense layer at each position, or the record itself; few integers, so that scores tie.
    fn map()(
        positions in 2usize..7, inner in 1usize..4, width in 1usize..5, layer in any::<bool>(), seed: u64,
        kind in prop::sample::select(&KINDS[..]),
    ) -> Case {
        let few = Interval::new(-2, 1);
        let mut sketch = Sketch::new(&[positions, if layer { inner } else { width }], few);
        sketch.architecture.outcome = kind;
        let scores = if layer { sketch.dense(RECORD, [inner, width], few, Some(few)) } else { RECORD };
        Case::seeded(sketch.finish_map(scores, positions), seed)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn completeness_each_position_has_its_first_largest_class(case in map()) {
        case.assert_complete();
        let evaluation = case.architecture.evaluate(&case.record, &case.parameters).unwrap();
        let positions = case.architecture.positions.get();
        prop_assert_eq!(evaluation.classes.len(), positions);
        for (scores, class) in evaluation.scores.chunks(evaluation.scores.len() / positions).zip(&evaluation.classes) {
            let scores = if let [z] = scores { vec![0, *z] } else { scores.to_vec() };
            let (before, after) = scores.split_at(*class);
            prop_assert!(before.iter().all(|&score| score < after[0]) && after.iter().all(|&score| score <= after[0]));
        }
    }

    #[test]
    fn soundness_every_changed_entry_is_refused(case in map(), seed: u64) {
        assert_sound(&case, seed);
    }

    #[test]
    fn soundness_every_tensor_is_bounded(case in map()) {
        let system = case.system();
        assert_expressible(&system);
        assert_bounded(&system);
        assert_solutions(&system, &case.witness(&system));
    }

    #[test]
    fn soundness_every_word_counts(case in map(), bit in 0u32..254) {
        let system = case.system();
        let witness = case.witness(&system);
        let honest = words(&system, &witness);
        for index in 0..honest.len() {
            let mut words = honest.clone();
            words[index] += power_of_two(bit);
            prop_assert!(accepted(&system, &witness, &words).is_err());
        }
    }

    /// What is not packed exactly so is no outcome: one map has one list of words.
    #[test]
    fn malleability_maps_have_one_encoding(
        positions in 2usize..700, classes in 2usize..70, picks in any::<u64>(), bit in 0u32..253,
    ) {
        let form = OutcomeForm { positions, classes, scores: 0 };
        let pick = |index: usize| (picks.rotate_left(index as u32 % 64) >> 3) as usize % classes;
        let outcome = Outcome { classes: (0..positions).map(pick).collect(), scores: Vec::new() };
        let words = form.pack(&outcome);
        prop_assert_eq!(words.len(), form.words());
        prop_assert_eq!(form.unpack(&words), Ok(outcome.clone()));
        for index in 0..words.len() {
            let mut other = words.clone();
            other[index] += power_of_two(bit);
            match form.unpack(&other) {
                Ok(found) => prop_assert!(found != outcome && form.pack(&found) == other),
                Err(error) => prop_assert_eq!(error, OutcomeError::Malformed { word: index }),
            }
        }
    }
}

fn assert_refused(case: &Case, lies: &[(&str, Vec<i64>)]) {
    let system = case.system();
    let honest = case.witness(&system);
    let lies: Vec<(TensorId, Vec<i64>)> =
        lies.iter().map(|(name, values)| (tensor(&system, name), values.clone())).collect();
    assert!(lies.iter().any(|(tensor, values)| honest.entries(*tensor)[..] != values[..]), "nothing is changed");
    let witness = forged(case, &system, &lies);
    assert!(accepted(&system, &witness, &words(&system, &witness)).is_err(), "{lies:?} is accepted");
}

/// Two winners, none, another one's, the last of equals, and one that is at another position.
#[test]
fn soundness_of_the_winners() {
    let case = identity(&[3, 7, 7, -1, -1, -8], 3, OutcomeKind::Class);
    let wrong = [
        [0, 0, 1, 1, 0, 0],
        [0, 1, 0, 0, 1, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 1, 0, 1, 1, -1],
        [1, 0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0, -1],
    ];
    wrong.iter().for_each(|winner| assert_refused(&case, &[(".winner", winner.to_vec())]));
}

/// A class that the rest makes up for, on either side of zero and on it.
#[test]
fn soundness_of_the_signs() {
    // Of z from −8 to 7, class·16 + rest is z + 15.
    for (width, record) in [(1, vec![0, 1, -1, 7, -8]), (2, vec![3, 3, 4, 5, 5, 4, 0, 7, 0, -8])] {
        let case = identity(&record, width, OutcomeKind::Class);
        let system = case.system();
        let witness = case.witness(&system);
        let (class, rest) = (tensor(&system, ".class"), tensor(&system, ".rest"));
        assert_eq!(witness.entries(class)[..], [0, 1, 0, 1, 0]);
        let honest = [witness.entries(class).into_owned(), witness.entries(rest).into_owned()];
        let power = system.tensor(rest).interval.size() as i64;
        for position in 0..5 {
            for step in [1, -1] {
                let [mut class, mut rest] = honest.clone();
                class[position] += step;
                rest[position] -= step * power;
                assert_refused(&case, &[(".class", class), (".rest", rest)]);
            }
        }
    }
}

/// The bits of each class, from the lowest on, as many as fit 248.
#[test]
fn encodings_are_those_of_the_book() {
    let form = |positions, classes| OutcomeForm { positions, classes, scores: 0 };
    let map = |classes: &[usize]| Outcome { classes: classes.to_vec(), scores: Vec::new() };
    assert_eq!(form(4, 2).pack(&map(&[1, 0, 1, 1])), [Fr::from(0b1101u64)]);
    assert_eq!(form(3, 5).pack(&map(&[4, 1, 3])), [Fr::from(0b011_001_100u64)]);
    let mut long = vec![0; 249];
    (long[247], long[248]) = (1, 1);
    assert_eq!(form(249, 2).pack(&map(&long)), [power_of_two(247), Fr::from(1u64)]);
    assert_eq!(
        [form(248, 2).words(), form(1024, 2).words(), form(1024, 3).words(), form(1024, 256).words()],
        [1, 5, 9, 34]
    );
    // One position is what it always was: 16 bits of class, then scores.
    let single = OutcomeForm { positions: 1, classes: 3, scores: 2 };
    let outcome = Outcome { classes: vec![2], scores: vec![-1, 5] };
    let word =
        Fr::from(2u64) + from_int((1i64 << 31) - 1) * power_of_two(16) + from_int((1i64 << 31) + 5) * power_of_two(48);
    assert_eq!(single.pack(&outcome), [word]);
    assert_eq!(single.unpack(&[word]), Ok(outcome));
    assert_eq!(form(2, 3).unpack(&[Fr::from(0b1100u64)]), Err(OutcomeError::Malformed { word: 0 }));
    assert_eq!(form(2, 3).unpack(&[]), Err(OutcomeError::Length { expected: 1, got: 0 }));
}

/// A commitment takes maps of any size: more words than one permutation takes.
#[test]
fn long_maps_are_committed() {
    let record: Vec<i64> = (0..5000).map(|k| (k * 7 % 13) - 6).collect();
    let case = identity(&record, 1, OutcomeKind::Commitment);
    case.assert_complete();
    let disclosed = identity(&record[..4000], 1, OutcomeKind::Class);
    assert_eq!(disclosed.system().words, 18);
    disclosed.assert_complete();
}

fn refusal(change: impl Fn(&mut Architecture)) -> String {
    let mut architecture = identity(&[0; 12], 3, OutcomeKind::Class).architecture;
    assert!(compile(&architecture).is_ok());
    change(&mut architecture);
    compile(&architecture).expect_err("refused").to_string()
}

#[test]
fn architectures_that_contradict_their_map_are_refused() {
    let positions = |count: usize| move |a: &mut Architecture| a.positions = NonZeroUsize::new(count).unwrap();
    for count in [2, 3, 5, 12, 13, 1 << 40, usize::MAX] {
        let error = refusal(positions(count));
        assert_eq!(error, format!("the scores have shape [1, 4, 3], whose last axis is not that of {count} positions"));
    }
    assert!(refusal(positions(1)).contains("tell 12 classes apart, but there are 3 labels"));
    assert!(
        refusal(|a| a.outcome = OutcomeKind::ClassAndScores).contains("are not disclosed: choose the class map alone")
    );
    assert!(refusal(|a| a.labels.truncate(2)).contains("tell 3 classes apart, but there are 2 labels"));
    assert!(refusal(|a| a.head = Head::Sigmoid).contains("a sigmoid head reads one"));
    let large = |records: usize| {
        let mut architecture = identity(&vec![0; 16_000], 1, OutcomeKind::Class).architecture;
        architecture.records = NonZeroUsize::new(records).unwrap();
        architecture
    };
    let error = compile(&large(1)).expect_err("more words than a key has").to_string();
    assert!(error.ends_with(
        "decide a class map of 65 words, but a statement has room for 63: disclose a commitment to it instead"
    ));
    let committed = |records| Architecture { outcome: OutcomeKind::Commitment, ..large(records) };
    assert!(committed(1).validate().is_ok() && committed(32).validate().is_ok() && committed(33).validate().is_err());
    let mut sketch = Sketch::new(&[(1 << 22) + 1, 1], Interval::new(0, 1));
    sketch.architecture.outcome = OutcomeKind::Commitment;
    let error = sketch.finish_map(RECORD, (1 << 22) + 1).validate().expect_err("too large").to_string();
    assert!(error.contains("of a class map are 4194305, at most 4194304"), "{error}");
    let mut sketch = Sketch::new(&[1 << 20, 2], Interval::new(0, 1));
    sketch.architecture.outcome = OutcomeKind::Commitment;
    let mut maps = sketch.finish_map(RECORD, 1 << 20);
    for (records, fits) in [(1, true), (2, true), (3, false), (16, false)] {
        maps.records = NonZeroUsize::new(records).unwrap();
        assert_eq!(maps.validate().is_ok(), fits, "{records} records");
    }
}

/// Differences of scores, and what the class is made of, would leave the range that integers are tracked in.
#[test]
fn scores_that_are_too_wide_are_refused() {
    let wide = |width: usize, bits: u32| {
        let mut sketch = Sketch::new(&[2, width], Interval::new(-2, 1));
        sketch.architecture.outcome = OutcomeKind::Class;
        let scores = sketch.affine(RECORD, &[width], Interval::new(-(1 << bits), 1 << bits), None);
        sketch.finish_map(scores, 2)
    };
    for width in [1, 2, 3] {
        Case::seeded(wide(width, 40), 3).assert_complete();
        let error = compile(&wide(width, 47)).expect_err("too wide").to_string();
        assert!(error.starts_with("the class: "), "{error}");
    }
}

/// Existing architectures keep their digests: a single position is not written down.
#[test]
fn one_position_is_not_written() {
    let json = |positions: usize| {
        let mut architecture = identity(&[0; 6], 3, OutcomeKind::Class).architecture;
        architecture.positions = NonZeroUsize::new(positions).unwrap();
        serde_json::to_string(&architecture).unwrap()
    };
    assert!(!json(1).contains("positions"));
    assert!(json(2).ends_with(r#""outcome":"class","positions":2}"#));
    assert!(serde_json::from_str::<Architecture>(&json(2).replace("\"positions\":2", "\"positions\":0")).is_err());
}
