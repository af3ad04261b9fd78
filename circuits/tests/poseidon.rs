//! Poseidon: known answers of circomlib and its ports, commitments, and their constraints.

mod support;

use std::str::FromStr;

use support::{Mutation, assert_rejected};
use zkdx_circuits::gadgets::poseidon::{commit, commit_constraints, commit_in_circuit, hash};
use zkdx_circuits::r1cs::{Circuit, Expression, FirstRound, FirstRoundWitness, SecondRound, shape};
use zkdx_circuits::{Blinding, Fr};

fn numbers<const N: usize>() -> [Fr; N] {
    std::array::from_fn(|i| Fr::from(i as u64 + 1))
}

fn decimal(text: &str) -> Fr {
    Fr::from_str(text).expect("a decimal number below the modulus")
}

fn hexadecimal(text: &str) -> Fr {
    let digits = text.bytes().map(|digit| Fr::from((digit as char).to_digit(16).expect("a digit")));
    digits.fold(Fr::from(0u64), |sum, digit| sum * Fr::from(16u64) + digit)
}

#[test]
fn known_answers_of_circomlibjs() {
    // iden3/circomlibjs, test/poseidon.js
    assert_eq!(hash(&numbers::<2>()), hexadecimal("115cc0f5e7d690413df64c6b9662e9cf2a3617f2743245519e19607a4417189a"));
    assert_eq!(hash(&numbers::<4>()), hexadecimal("299c867db6c1fdd79dcefa40e4510b9837e60ebb1ce0663dbaa525df65250465"));
}

#[test]
fn known_answers_of_go_iden3_crypto() {
    // iden3/go-iden3-crypto, poseidon/poseidon_test.go
    let one = "18586133768512220936620570745912940619677854269274689475585506675881198879027";
    let six = "20400040500897583745843009878988256314335038853985262692600694741116813247201";
    let fourteen = "8354478399926161176778659061636406690034081872658507739535256090879947077494";
    let sixteen = "9989051620750914585850546081941653841776809718687451684622678807385399211877";
    assert_eq!(hash(&numbers::<1>()), decimal(one));
    assert_eq!(hash(&numbers::<6>()), decimal(six));
    assert_eq!(hash(&numbers::<14>()), decimal(fourteen));
    assert_eq!(hash(&numbers::<16>()), decimal(sixteen));
    let padded = [1u64, 2, 0, 0, 0].map(Fr::from);
    let five = "1018317224307729531995786483840663576608797660851238720571059489595066344487";
    assert_eq!(hash(&padded), decimal(five));
}

#[test]
fn known_answers_of_light_poseidon() {
    // Lightprotocol/light-poseidon, light-poseidon/tests/fixtures/reference_vectors.rs
    let zero = Fr::from(0u64);
    assert_eq!(hash(&[zero]), hexadecimal("2a09a9fd93c590c26b91effbb2499f07e8f7aa12e2b4940a3aed2411cb65e11c"));
    assert_eq!(hash(&numbers::<3>()), hexadecimal("0e7732d89e6939c0ff03d5e58dab6302f3230e269dc5b968f725df34ab36d732"));
    assert_eq!(
        hash(&[-Fr::from(1u64); 4]),
        hexadecimal("0f016f2ae58607e93c16a2451c31773bf9807892becb9a3d6aaeed4cfb3af3f3")
    );
}

#[test]
fn a_short_commitment_is_one_hash() {
    let blinding = Blinding::from_field(Fr::from(1u64));
    assert_eq!(commit(&[Fr::from(2u64), Fr::from(3u64)], &blinding), hash(&numbers::<3>()));
    let words: [Fr; 15] = std::array::from_fn(|i| Fr::from(i as u64 + 2));
    assert_eq!(commit(&words, &blinding), hash(&numbers::<16>()));
}

#[test]
fn the_middle_of_a_chain_is_no_commitment() {
    let words: [Fr; 20] = numbers();
    let blinding = Blinding::from_field(Fr::from(99u64));
    let whole = commit(&words, &blinding);
    let mut first = vec![*blinding.expose()];
    first.extend_from_slice(&words[..15]);
    let first: [Fr; 16] = first.try_into().expect("sixteen words");
    let middle = Blinding::from_field(hash(&first));
    assert_ne!(whole, commit(&words[15..], &middle));
    assert_ne!(whole, commit(&words[..19], &blinding));
}

/// `word 0 = commit(words, blinding)`.
struct Opening {
    words: Vec<Fr>,
    blinding: Fr,
}

impl Circuit for Opening {
    type Pending<E: Expression> = ();

    fn words(&self) -> usize {
        1
    }

    fn challenges(&self) -> usize {
        0
    }

    fn first_round<B: FirstRound>(&self, builder: &mut B) {
        let words: Vec<_> = self.words.iter().map(|&word| builder.field(|| word)).collect();
        let blinding = builder.field(|| self.blinding);
        let commitment = commit_in_circuit(builder, &words, &blinding);
        let expected = builder.word(0);
        builder.enforce_zero(&expected.minus(&commitment));
    }

    fn second_round<B: SecondRound>(&self, (): (), _: &mut B) {}
}

#[test]
fn the_circuit_computes_the_commitment() {
    for (length, constraints) in [(0, 216), (2, 264), (15, 612), (16, 612 + 243), (37, 612 + 612 + 405)] {
        let circuit = Opening { words: (0..length).map(|i| Fr::from(i + 7)).collect(), blinding: Fr::from(5u64) };
        let commitment = commit(&circuit.words, &Blinding::from_field(circuit.blinding));
        let r1cs = shape(&circuit);
        let honest = FirstRoundWitness::new(&circuit, vec![commitment]).finish(vec![]).expect("no denominators");
        assert_eq!(r1cs.violated(&honest.assignment()), None);
        assert_eq!(r1cs.constraints(), constraints + 1, "{length} words");
        assert_eq!(commit_constraints(length as usize), constraints, "{length} words");
        let other = FirstRoundWitness::new(&circuit, vec![commitment + Fr::from(1u64)]).finish(vec![]);
        assert!(other.expect("no denominators").violated().is_some());
    }
}

#[test]
fn every_column_matters() {
    let circuit = Opening { words: vec![Fr::from(3u64), Fr::from(4u64)], blinding: Fr::from(5u64) };
    let commitment = commit(&circuit.words, &Blinding::from_field(circuit.blinding));
    let honest = FirstRoundWitness::new(&circuit, vec![commitment]).finish(vec![]).expect("no denominators");
    assert_rejected(&shape(&circuit), &honest.assignment(), &Mutation::all(), |_| false);
}
