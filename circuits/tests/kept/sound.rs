//! What is proven of kept models: honest integers pass, and no tensor of any layer can hold others.

#[path = "../layers_support/mod.rs"]
mod layers_support;

use layers_support::{accepted, set, splitmix, try_forged, words};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::system::{Definition, Role, TensorId, TensorSystem};

use crate::case::Case;

/// What is added to an entry.
const CHANGES: [i64; 4] = [1, -1, 1 << 9, -(1 << 12)];

fn proven(case: &Case) -> layers_support::Case {
    let model = case.quantized();
    let record = model.architecture.encoding.encode(&case.calibration[0], Policy::Saturate).expect("a record");
    layers_support::Case { architecture: model.architecture, parameters: model.parameters, record }
}

/// Tensors that are neither the model's nor the record.
fn made(system: &TensorSystem) -> impl Iterator<Item = usize> + '_ {
    (0..system.tensors.len()).filter(|&index| matches!(system.tensors[index].role, Role::Witness))
}

#[test]
fn honest_integers_are_accepted() {
    for case in Case::all() {
        proven(&case).assert_complete();
    }
}

/// Some entry of every tensor, and nothing else.
#[test]
fn changed_entries_are_refused() {
    let (mut state, mut tried) = (1, 0);
    for case in Case::all() {
        let case = proven(&case);
        let system = case.system();
        let mut witness = case.witness(&system);
        let words = words(&system, &witness);
        for index in made(&system) {
            let entry = splitmix(&mut state) as usize % system.tensors[index].len();
            let honest = witness.entry(TensorId(index), entry);
            set(&mut witness, index, entry, honest + CHANGES[tried % CHANGES.len()]);
            let name = &system.tensors[index].name;
            assert!(accepted(&system, &witness, &words).is_err(), "entry {entry} of {name} can be something else");
            set(&mut witness, index, entry, honest);
            tried += 1;
        }
    }
    assert!(tried > 1000, "{tried}");
}

/// Some entry of every tensor that a prover chooses, and all that follows from it.
#[test]
fn forged_entries_are_refused() {
    let (mut state, mut tried) = (2, 0);
    for case in Case::all() {
        let case = proven(&case);
        let system = case.system();
        let honest = case.witness(&system);
        let hint =
            |definition: &Definition| definition.is_chosen() || matches!(definition, Definition::Remainder { .. });
        for index in made(&system).filter(|&index| hint(&system.tensors[index].definition)) {
            let mut entries = honest.entries(TensorId(index)).into_owned();
            let entry = splitmix(&mut state) as usize % entries.len();
            entries[entry] += CHANGES[tried % CHANGES.len()];
            let Some(witness) = try_forged(&case, &system, &[(TensorId(index), entries)]) else { continue };
            let name = &system.tensors[index].name;
            assert!(accepted(&system, &witness, &words(&system, &witness)).is_err(), "{name} can be forged");
            tried += 1;
        }
    }
    assert!(tried > 500, "{tried}");
}
