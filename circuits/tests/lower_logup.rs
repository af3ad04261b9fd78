//! Lookups against provers that cheat.

mod support;

use ark_ff::Field;
use support::sandbox::{Sandbox, challenges};
use support::{Mutation, assert_rejected};
use zkdx_circuits::Fr;
use zkdx_circuits::architecture::Interval;
use zkdx_circuits::field::from_int;
use zkdx_circuits::gadgets::logup::Rows;
use zkdx_circuits::r1cs::{FirstRoundWitness, Group, shape};

fn squares() -> Rows {
    Rows::pairs(Interval::new(-2, 2), |key| key * key)
}

#[test]
fn lookups_hold_for_rows_alone() {
    assert!(Sandbox::rows(squares(), vec![(-2, Some(4), -2), (1, Some(1), 1), (1, Some(1), 1)]).holds());
    assert!(Sandbox::rows(squares(), vec![]).holds());
    for (key, value) in [(3, 9), (2, 2), (-1, -1), (4, 2), (0, 4)] {
        for counted in -3..=3 {
            let lookups = vec![(-2, Some(4), -2), (key, Some(value), counted)];
            assert!(!Sandbox::rows(squares(), lookups).holds(), "({key}, {value}) counted as {counted}");
        }
    }
}

#[test]
fn multiplicities_do_not_compensate() {
    // A row counted twice for one looked up once, another not at all; and a count taken from elsewhere.
    assert!(!Sandbox::rows(squares(), vec![(1, Some(1), 1), (2, Some(4), 1)]).holds());
    assert!(!Sandbox::rows(squares(), vec![(1, Some(1), -1)]).holds());
    let sandbox = Sandbox::rows(squares(), vec![(1, Some(1), 1), (2, Some(4), 2)]);
    assert_rejected(&shape(&sandbox), &sandbox.prove(challenges()).assignment(), &Mutation::all(), |_| false);
}

/// A key counted by a multiplicity of −1 cancels nothing: two poles with opposite signs on one side stay two poles.
#[test]
fn a_multiplicity_of_minus_one_hides_no_lookup() {
    let rows = Rows::keys(Interval::new(0, 3));
    let sandbox = Sandbox::rows(rows, vec![(7, None, 0), (1, None, 1)]);
    let r1cs = shape(&sandbox);
    let start = r1cs.columns.start(Group::Small) + 2;
    let honest = sandbox.prove(challenges()).assignment();
    let second = r1cs.columns.start(Group::Second) + 2;
    for row in 0..4 {
        let mut assignment = honest.clone();
        assignment[start + row] = -Fr::from(1u64);
        assignment[second + row] = -(assignment[1] - Fr::from(row as u64)).inverse().expect("random");
        assert!(r1cs.violated(&assignment).is_some());
    }
}

/// Multiplicities chosen after the challenge prove anything; sealed before it, they do not.
#[test]
fn multiplicities_must_precede_the_challenge() {
    let sandbox = Sandbox::rows(Rows::keys(Interval::new(0, 3)), vec![(7, None, 0)]);
    let r1cs = shape(&sandbox);
    let multiplicity = r1cs.columns.start(Group::Small) + 1;
    let second = r1cs.columns.start(Group::Second);
    let forge = |at: Fr, sealed: Option<Fr>| {
        let mut assignment = sandbox.prove(vec![at, Fr::from(1u64)]).assignment();
        let pole = (at - Fr::from(7u64)).inverse().expect("random");
        assignment[multiplicity] = sealed.unwrap_or(pole * at);
        assignment[second + 1] = assignment[multiplicity] * at.inverse().expect("random");
        (r1cs.violated(&assignment), assignment[multiplicity])
    };
    let [first, second] = [challenges()[0], challenges()[1]];
    let (violated, chosen) = forge(first, None);
    assert_eq!(violated, None);
    assert!(forge(second, Some(chosen)).0.is_some());
}

/// `1/((Y−1)(Y−2)) + 1/((Y−2)(Y−3)) = 2/((Y−1)(Y−3))`: with `X = Y²` two pairs outside a table pass for one row twice.
#[test]
fn dependent_challenges_forge_pairs() {
    let rows = Rows::pairs(Interval::new(-3, -3), |_| 4);
    let sandbox = Sandbox::rows(rows, vec![(-2, Some(3), -3), (-6, Some(5), -3)]);
    let y = challenges()[1];
    assert_eq!(sandbox.prove(vec![y * y, y]).violated(), None, "the forgery works");
    assert!(sandbox.prove(challenges()).violated().is_some(), "independent challenges stop it");
}

#[test]
fn a_challenge_on_a_row_is_refused() {
    let sandbox = Sandbox::rows(Rows::keys(Interval::new(0, 3)), vec![(2, None, 2)]);
    for row in 0..4 {
        assert!(FirstRoundWitness::new(&sandbox, Vec::new()).finish(vec![from_int(row), from_int(9)]).is_err());
    }
}
