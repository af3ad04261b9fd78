//! Proving keys and registrations as files, and devices that fail.

mod common;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::AffineRepr;
use common::circuits::Diagnosis;
use common::{Fixture, METADATA, SUBJECT, Toy, rng};
use zkdx_circuits::r1cs::{R1cs, shape};
use zkdx_prover::{
    Accelerator, AcceleratorError, Cpu, Pace, ProveError, Prover, ProvingKey, ProvingKeyError, RegisterError,
    Registration, RegistrationError, SetupError, Subgroup, Subject, Trapdoor, register, setup,
};
use zkdx_verifier::file::FileError;
use zkdx_verifier::{DecodeError, KeyError, VerifyError};

fn fixture() -> Fixture<Diagnosis> {
    Fixture::new(Diagnosis::sample(), 1)
}

#[test]
fn a_key_survives_its_bytes() {
    let key = fixture().key;
    assert_eq!(ProvingKey::from_bytes(&key.to_bytes()).unwrap(), key);
    let light = ProvingKey { weights: None, ..key };
    assert_eq!(ProvingKey::from_bytes(&light.to_bytes()).unwrap(), light);
}

#[test]
fn a_key_without_weights_proves_but_does_not_register() {
    let mut fixture = fixture();
    fixture.key.weights = None;
    let proof = fixture.prove(3).unwrap();
    fixture.verify(&fixture.statement(), &proof).unwrap();
    let refusal = register(&fixture.key, &fixture.toy.weights(), METADATA, &Cpu, &mut rng(1)).err();
    assert_eq!(refusal, Some(RegisterError::NoWeightQueries));
}

#[test]
fn damaged_and_truncated_keys_are_refused() {
    let bytes = fixture().key.to_bytes();
    for index in (0..bytes.len()).step_by(61).chain(0..64) {
        let mut bent = bytes.clone();
        bent[index] ^= 1 << (index % 8);
        assert!(matches!(ProvingKey::from_bytes(&bent), Err(ProvingKeyError::File(_))), "byte {index}");
    }
    for length in (0..bytes.len()).step_by(61).chain(0..64) {
        let refusal = ProvingKey::from_bytes(&bytes[..length]).unwrap_err();
        let named = matches!(refusal, ProvingKeyError::File(FileError::Truncated { .. } | FileError::NotZkdx));
        assert!(named, "length {length}: {refusal}");
    }
}

/// The key's file after `bend`, with a checksum that fits.
fn reloaded(bend: impl Fn(&mut ProvingKey)) -> ProvingKeyError {
    let mut key = fixture().key;
    bend(&mut key);
    ProvingKey::from_bytes(&key.to_bytes()).unwrap_err()
}

#[test]
fn keys_with_points_that_are_none_are_refused() {
    let off_curve = G1Affine::new_unchecked(1u64.into(), 1u64.into());
    let decode = |refusal| matches!(refusal, ProvingKeyError::Decode(DecodeError::OffCurve { .. }));
    assert!(decode(reloaded(|key| key.quotient[3] = off_curve)));
    assert!(decode(reloaded(|key| key.left.small.points[1] = off_curve)));
    let outside = reloaded(|key| key.right_g2.field.points[0] = common::outside_subgroup());
    assert!(matches!(outside, ProvingKeyError::Decode(DecodeError::OutsideSubgroup { .. })));
}

#[test]
fn keys_of_the_wrong_shape_are_refused() {
    let shape = |refusal| matches!(refusal, ProvingKeyError::Shape { .. });
    assert!(shape(reloaded(|key| key.second.points[0] = G1Affine::identity())));
    assert!(shape(reloaded(|key| key.second.columns.swap(0, 1))));
    assert!(shape(reloaded(|key| *key.second.columns.last_mut().unwrap() = key.circuit.columns.second as u32)));
    assert!(shape(reloaded(|key| key.quotient.truncate(3))));
    assert!(shape(reloaded(|key| key.circuit.columns.challenges = 1)));
    assert!(shape(reloaded(|key| key.circuit.constraints = u32::MAX as usize)));
}

#[test]
fn keys_whose_halves_differ_are_refused() {
    let halves = |refusal, what| assert_eq!(refusal, ProvingKeyError::Halves { what });
    halves(reloaded(|key| key.beta_g1 = -key.beta_g1), "β");
    halves(reloaded(|key| key.delta_w_g1 = -key.delta_w_g1), "δ_W");
    halves(reloaded(|key| key.delta_1_g1 = -key.delta_1_g1), "δ_1");
    halves(reloaded(|key| key.delta_2_g1 = G1Affine::identity()), "δ_2");
}

#[test]
fn degenerate_keys_are_refused_everywhere() {
    let mut trapdoor = Trapdoor::sample(&mut rng(1));
    trapdoor.delta_1 = trapdoor.delta_2;
    let toy = Diagnosis::sample();
    let key = trapdoor.generate(&shape(&toy), SUBJECT).unwrap();
    let expected = KeyError::Related { first: "δ_1", second: "δ_2" };
    assert_eq!(ProvingKey::from_bytes(&key.to_bytes()).unwrap_err(), ProvingKeyError::VerifyingKey(expected));
    assert_eq!(register(&key, &toy.weights(), METADATA, &Cpu, &mut rng(1)).err(), Some(RegisterError::Key(expected)));
    assert_eq!(Prover::new(&key, &fixture().registration, &Cpu).err(), Some(ProveError::Key(expected)));
}

#[test]
fn setup_refuses_what_no_key_can_hold() {
    let with = |free: usize, challenges| Diagnosis::with(vec![], vec![], vec![Fr::from(0u64); free], challenges);
    let refusal = |toy: &Diagnosis| setup(&shape(toy), SUBJECT, &mut rng(1)).err();
    assert_eq!(refusal(&with(0, 9)), Some(SetupError::Challenges { got: 9 }));
    assert_eq!(refusal(&with(63, 1)), Some(SetupError::Words { got: 65 }));
    assert_eq!(setup(&R1cs::default(), SUBJECT, &mut rng(1)).err(), Some(SetupError::Challenges { got: 0 }));
    assert_eq!(refusal(&with(0, 2)), None);
    let about = |free, records| setup(&shape(&with(free, 2)), Subject { records, ..SUBJECT }, &mut rng(1)).err();
    let wrong = |words, got| Some(SetupError::Degenerate(KeyError::Records { words, got }));
    assert_eq!((about(4, 3), about(4, 2)), (None, None));
    assert_eq!((about(4, 0), about(4, 6), about(4, 4)), (wrong(6, 0), wrong(6, 6), wrong(6, 4)));
}

#[test]
fn a_registration_survives_its_bytes() {
    let mut fixture = fixture();
    let bytes = fixture.registration.to_secret_bytes();
    fixture.registration = Registration::from_secret_bytes(&bytes).unwrap();
    assert_eq!(*fixture.registration.to_secret_bytes(), *bytes);
    let proof = fixture.prove(3).unwrap();
    fixture.verify(&fixture.statement(), &proof).unwrap();
}

#[test]
fn damaged_and_truncated_registrations_are_refused() {
    let bytes = fixture().registration.to_secret_bytes();
    for index in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[index] ^= 1 << (index % 8);
        assert!(
            matches!(Registration::from_secret_bytes(&bent).err(), Some(RegistrationError::File(_))),
            "byte {index}"
        );
        assert!(Registration::from_secret_bytes(&bytes[..index]).is_err(), "length {index}");
    }
}

/// A device with one wrong answer.
struct Broken(&'static str);

impl Accelerator for Broken {
    fn name(&self) -> String {
        format!("a device with a broken {}", self.0)
    }

    fn msm_g1(&self, bases: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, AcceleratorError> {
        let right = Cpu.msm_g1(bases, scalars)?;
        Ok(if self.0 == "g1" { right + G1Affine::generator() } else { right })
    }

    fn msm_g2(&self, bases: &[G2Affine], scalars: &[Fr]) -> Result<G2Projective, AcceleratorError> {
        let right = Cpu.msm_g2(bases, scalars)?;
        Ok(if self.0 == "g2" { right + G2Affine::generator() } else { right })
    }

    fn transform(&self, values: &mut Vec<Fr>) -> Result<(), AcceleratorError> {
        if self.0 == "absent" {
            return Err(AcceleratorError::Device { device: self.name(), reason: "no memory".into() });
        }
        Cpu.transform(values)?;
        values[0] += Fr::from(u64::from(self.0 == "ntt"));
        Ok(())
    }
}

#[test]
fn a_device_that_computes_wrongly_costs_a_proof_and_leaks_none() {
    let fixture = fixture();
    for part in ["g1", "g2", "ntt"] {
        let device = Broken(part);
        let prover = Prover::new(&fixture.key, &fixture.registration, &device).unwrap();
        let refusal = prover.prove(fixture.toy.witness(), &fixture.statement(), &mut rng(1)).unwrap_err();
        assert_eq!(refusal, ProveError::Invalid(VerifyError::Refused), "{part}");
    }
    let device = Broken("absent");
    let prover = Prover::new(&fixture.key, &fixture.registration, &device).unwrap();
    let refusal = prover.prove(fixture.toy.witness(), &fixture.statement(), &mut rng(1)).unwrap_err();
    assert!(matches!(refusal, ProveError::Accelerator(AcceleratorError::Device { .. })));
}

#[test]
fn the_cpu_refuses_what_does_not_fit() {
    let length = AcceleratorError::Length { bases: 1, scalars: 0 };
    assert_eq!(Cpu.msm_g1(&[G1Affine::generator()], &[]), Err(length));
    let transform = AcceleratorError::TransformLength { length: 3 };
    assert_eq!(Cpu.transform(&mut vec![Fr::from(0u64); 3]), Err(transform));
}

/// `bytes` with a checksum that fits again.
fn resealed(mut bytes: Vec<u8>, bend: impl Fn(&mut [u8])) -> ProvingKeyError {
    let body = bytes.len() - 32;
    bend(&mut bytes[..body]);
    let checksum = blake3::hash(&bytes[..body]);
    bytes[body..].copy_from_slice(checksum.as_bytes());
    ProvingKey::from_bytes(&bytes).unwrap_err()
}

#[test]
fn what_a_file_must_not_hold_is_refused_under_a_right_checksum() {
    let key = fixture().key;
    let light = ProvingKey { weights: None, ..key };
    let bytes = light.to_bytes();
    assert_eq!(bytes.len() as u64, light.file_bytes());
    let flag = bytes.len() - 64;
    assert_eq!(flag % 32, 0, "sections are aligned");
    let shape = |what| ProvingKeyError::Shape { what };
    assert_eq!(resealed(bytes.clone(), |bytes| bytes[16 + 7] = b'1'), ProvingKeyError::Layout);
    assert_eq!(resealed(bytes.clone(), |bytes| bytes[flag] = 2), shape("the weights"));
    assert_eq!(resealed(bytes.clone(), |bytes| bytes[flag + 31] = 1), shape("the padding"));
    assert_eq!(resealed(bytes.clone(), |bytes| bytes[flag - 64..flag].fill(0)), shape("the points"));
    let large = resealed(bytes, |bytes| bytes[flag - 32..flag].fill(0xff));
    assert!(matches!(large, ProvingKeyError::Decode(DecodeError::NotCanonical { .. })));
}

#[test]
fn a_point_outside_the_subgroup_is_found_among_many_but_not_asked_for_by_the_quick_reader() {
    let (mut fixture, many) = (fixture(), 200);
    let points: Vec<G2Affine> = (1..=many).map(|i| (G2Affine::generator() * Fr::from(i)).into()).collect();
    fixture.key.circuit.columns.weight = many as usize;
    let weights = fixture.key.weights.as_mut().unwrap();
    weights.right_g2.columns = (0..many as u32).collect();
    weights.right_g2.points = points;
    fixture.key.check_subgroups().unwrap();
    fixture.key.weights.as_mut().unwrap().right_g2.points[77] = common::outside_subgroup();
    let bytes = fixture.key.to_bytes();
    let refusal = ProvingKey::from_bytes(&bytes).unwrap_err();
    assert!(matches!(refusal, ProvingKeyError::Decode(DecodeError::OutsideSubgroup { .. })));
    assert_eq!(ProvingKey::read(&bytes, Subgroup::OnProof).unwrap(), fixture.key);
}

#[test]
fn a_key_outside_the_subgroup_costs_a_proof_and_leaks_none() {
    let mut fixture = fixture();
    let columns = fixture.key.right_g2.field.columns.clone();
    let one = columns.iter().position(|column| *column == 0).unwrap_or(0);
    fixture.key.right_g2.field.points[one] = common::outside_subgroup();
    let refusal = fixture.prove(3).unwrap_err();
    assert!(matches!(refusal, ProveError::Invalid(_)), "{refusal}");
}

#[test]
fn a_full_disk_is_an_error() {
    let key = fixture().key;
    let mut room = [0; 100];
    assert!(key.write(&mut &mut room[..]).is_err());
}

#[test]
fn a_proof_does_not_depend_on_the_pace() {
    let fixture = fixture();
    let prover = |pace| Prover::new(&fixture.key, &fixture.registration, &Cpu).unwrap().at(pace);
    let prove = |pace| prover(pace).prove(fixture.toy.witness(), &fixture.statement(), &mut rng(5)).unwrap();
    let ((one, timings), (other, _)) = (prove(Pace::OneByOne), prove(Pace::Overlapped));
    assert_eq!(one.to_bytes(), other.to_bytes());
    let steps = timings.steps();
    let (total, parts) = steps.split_last().unwrap();
    assert!(parts.iter().map(|(_, step)| step.wall).sum::<std::time::Duration>() <= total.1.wall);
}
