//! Ranges and clamps against provers that cheat.

mod support;

use ark_ff::Field;
use support::sandbox::{Claim, KEY, Sandbox, challenges};
use support::{Mutation, assert_rejected, is_idle, violated};
use zkdx_circuits::Fr;
use zkdx_circuits::architecture::Interval;
use zkdx_circuits::field::from_int;
use zkdx_circuits::gadgets::clamp::{Clamp, Method};
use zkdx_circuits::gadgets::logup;
use zkdx_circuits::gadgets::range::Chunks;
use zkdx_circuits::r1cs::{Group, shape};

/// Intervals of all kinds: powers of two and others, of either sign, of one integer.
const INTERVALS: [(i64, i64); 7] = [(0, 1), (0, 7), (-8, 7), (-3, 3), (5, 17), (-9, -9), (-32, 31)];
const CHUNKS: [&[u32]; 4] = [&[], &[2], &[3], &[2, 5]];

#[test]
fn a_range_holds_its_integers_alone() {
    for (lo, hi) in INTERVALS {
        for chunks in CHUNKS {
            for key in lo - 70..=hi + 70 {
                let sandbox = Sandbox::range(Interval::new(lo, hi), chunks, key);
                assert_eq!(sandbox.holds(), lo <= key && key <= hi, "{key} in {lo} to {hi} by {chunks:?}");
            }
        }
    }
}

#[test]
fn the_cost_of_a_range_is_what_it_says() {
    for (lo, hi) in INTERVALS {
        for chunks in CHUNKS {
            let sandbox = Sandbox::range(Interval::new(lo, hi), chunks, lo);
            let tables: u64 = chunks.iter().map(|bits| logup::table_constraints(1 << bits)).sum();
            let expected = sandbox.chunks.constraints(Interval::new(lo, hi)) + tables;
            assert_eq!(shape(&sandbox).constraints() as u64, expected, "{lo} to {hi} by {chunks:?}");
        }
    }
}

#[test]
fn every_column_of_a_range_matters() {
    for (lo, hi) in INTERVALS {
        for chunks in CHUNKS {
            let sandbox = Sandbox::range(Interval::new(lo, hi), chunks, hi);
            let assignment = sandbox.prove(challenges()).assignment();
            // The key alone may be any other integer of the interval with the same higher parts.
            // Challenges go unread where nothing is looked up.
            let free = |column| column <= KEY;
            assert_rejected(&shape(&sandbox), &assignment, &Mutation::all(), free);
        }
    }
}

/// Of the two lookups of a scrap, `2·key` alone would let `key = 1/2` pass.
#[test]
fn a_scrap_is_no_fraction() {
    let sandbox = Sandbox::range(Interval::new(0, 3), &[3], 2);
    let r1cs = shape(&sandbox);
    let mut assignment = sandbox.prove(challenges()).assignment();
    let [multiplicities, lookups] = [Group::Small, Group::Second].map(|group| r1cs.columns.start(group));
    let (x, half) = (assignment[1], Fr::from(2u64).inverse().expect("2 is not 0"));
    let pole = |value: Fr| (x - value).inverse().expect("a random challenge");
    assignment[KEY] = half;
    assignment[lookups..lookups + 2].copy_from_slice(&[pole(half), pole(Fr::from(1u64))]);
    for row in 0..8 {
        let count = Fr::from(u64::from(row == 1));
        assignment[multiplicities + 1 + row] = count;
        assignment[lookups + 2 + row] = count * pole(Fr::from(row as u64));
    }
    assert_eq!(violated(&r1cs, &assignment), [r1cs.constraints() - 1], "all but the sum of the lookups holds");
}

/// Domains and images: int8 and ReLU, ends that agree, images outside the domain, a single integer.
const CLAMPS: [((i64, i64), (i64, i64)); 9] = [
    ((-16, 15), (-4, 3)),
    ((-16, 15), (0, 7)),
    ((-16, 15), (0, 3)),
    ((-16, 15), (-3, 3)),
    ((0, 15), (0, 3)),
    ((-16, 15), (-16, 3)),
    ((-16, 15), (-20, 20)),
    ((-16, 15), (20, 30)),
    ((-5, 6), (2, 2)),
];

#[test]
fn a_clamp_holds_its_pairs_alone() {
    for ((lo, hi), (image_lo, image_hi)) in CLAMPS {
        let clamp = Clamp { domain: Interval::new(lo, hi), image: Interval::new(image_lo, image_hi) };
        for (method, chunks) in [
            (Method::Split, CHUNKS[0]),
            (Method::Split, CHUNKS[2]),
            (Method::Complement, CHUNKS[1]),
            (Method::Sides, CHUNKS[3]),
        ] {
            for key in lo - 3..=hi + 3 {
                for value in image_lo - 3..=image_hi + 3 {
                    let claim = Claim::Clamp(clamp, method);
                    let sandbox = Sandbox { claim, chunks: Chunks::new(chunks.to_vec()), key, value };
                    let expected = clamp.domain.contains(key) && value == clamp.apply(key);
                    assert_eq!(sandbox.holds(), expected, "{key} ↦ {value} in {clamp:?} by {method:?}");
                }
            }
        }
    }
}

/// Hints for any other key and value prove no wrong value.
#[test]
fn a_clamp_is_not_proven_by_other_hints() {
    let clamp = Clamp { domain: Interval::new(-6, 7), image: Interval::new(-2, 1) };
    let pairs = |low: i64, high: i64| (low..=high).flat_map(|key| (-3..=2).map(move |value| [key, value]));
    for method in [Method::Split, Method::Complement, Method::Sides] {
        for [key, value] in pairs(-6, 7).filter(|&[key, value]| value != clamp.apply(key)) {
            for told in pairs(-7, 8) {
                let claim = Claim::Misled(clamp, method, told);
                let sandbox = Sandbox { claim, chunks: Chunks::new(vec![2]), key, value };
                assert!(!sandbox.holds(), "{key} ↦ {value} by {method:?} with hints for {told:?}");
            }
        }
    }
}

#[test]
fn every_column_of_a_clamp_matters() {
    for ((lo, hi), (image_lo, image_hi)) in CLAMPS {
        let clamp = Clamp { domain: Interval::new(lo, hi), image: Interval::new(image_lo, image_hi) };
        for method in [Method::Split, Method::Complement, Method::Sides] {
            for key in [lo, hi] {
                let (claim, value) = (Claim::Clamp(clamp, method), clamp.apply(key));
                let sandbox = Sandbox { claim, chunks: Chunks::new(vec![2]), key, value };
                let assignment = sandbox.prove(challenges()).assignment();
                // Where every key has the same value, the key alone may be another.
                let constant = clamp.apply(lo) == clamp.apply(hi);
                let r1cs = shape(&sandbox);
                let free = |column| column < KEY || constant && column == KEY || is_idle(&r1cs, &assignment, column);
                assert_rejected(&r1cs, &assignment, &Mutation::all(), free);
            }
        }
    }
}

/// Hints that call a distance zero which is not: `q` passes unclamped but for the constraint that forbids it.
#[test]
fn a_distance_is_not_zero_by_claim() {
    let clamp = |image| Clamp { domain: Interval::new(-16, 15), image };
    for (image, [hint, product]) in [(Interval::new(0, 7), [0, 1]), (Interval::new(-4, 3), [1, 2])] {
        let claim = Claim::Clamp(clamp(image), Method::Split);
        let sandbox = Sandbox { claim, chunks: Chunks::new(vec![]), key: 15, value: image.hi };
        let r1cs = shape(&sandbox);
        let mut assignment = sandbox.prove(challenges()).assignment();
        let field = r1cs.columns.start(Group::Field);
        [hint, product].into_iter().for_each(|column| assignment[field + column] = from_int(0));
        if image.lo == 0 {
            assignment[field + 2] = from_int(15 - image.hi);
        }
        assignment[KEY + 1] = from_int(15);
        assert_eq!(violated(&r1cs, &assignment).len(), 1, "{image:?}");
    }
}
