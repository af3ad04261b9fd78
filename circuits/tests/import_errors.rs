//! What the importer says about models that it refuses, and that no bytes make it panic.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use zkdx_circuits::onnx::{ImportOptions, Place, Reason, import};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn models(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "onnx")).collect();
    files.sort();
    files
        .iter()
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().into(), std::fs::read(path).unwrap()))
        .collect()
}

/// Imports, and runs what comes out if it is small.
fn exercise(bytes: &[u8]) {
    if let Ok(graph) = import(bytes, &ImportOptions::default()) {
        let values = graph.input_shape().iter().product();
        if values < 1000 && graph.nodes.len() < 100 {
            let _ = graph.evaluate(&vec![0.5; values]);
        }
    }
}

/// `errors.txt` is rewritten where the variable BLESS is set.
#[test]
fn error_texts_are_pinned() {
    let mut text = String::new();
    for (name, bytes) in models(&fixtures().join("broken")) {
        match import(&bytes, &ImportOptions::default()) {
            Ok(_) => panic!("{name} was imported"),
            Err(error) => writeln!(text, "{name}\n{error}\n").unwrap(),
        }
    }
    let pinned = fixtures().join("errors.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&pinned, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&pinned).unwrap());
}

#[test]
fn all_faults_come_at_once_and_dead_nodes_do_not_count() {
    let bytes = std::fs::read(fixtures().join("broken/several.onnx")).unwrap();
    let error = import(&bytes, &ImportOptions::default()).err().unwrap();
    let operators: Vec<_> = error.faults.iter().filter(|fault| fault.reason == Reason::Operator).collect();
    assert_eq!(error.faults.len(), 3);
    assert_eq!(operators.len(), 2);
    assert_eq!(error.faults[0].place, Place::Tensor("nan".into()));
}

#[test]
fn an_unknown_output_lists_those_that_exist() {
    let bytes = std::fs::read(fixtures().join("sk_mlp_three.onnx")).unwrap();
    let options = ImportOptions { output: Some("nothing".into()) };
    let error = import(&bytes, &options).err().unwrap().to_string();
    assert!(error.contains("`output_label`, `output_probability`"), "{error}");
}

/// Places of a file: every one of a small file, and so many of a larger one, at odd distances so that no kind of field is missed.
fn places(len: usize, most: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by((len / most) | 1)
}

/// The masks take turns, beginning with another one in each file. Files that ask for all the work there may be are sampled thinly.
#[test]
fn flipped_bytes_never_panic() {
    let models = models(&fixtures()).into_iter().chain(models(&fixtures().join("broken")));
    for (first, (name, bytes)) in models.enumerate() {
        let most = if name.starts_with("bomb_") { 1 } else { 80 };
        for (turn, at) in places(bytes.len(), most).enumerate() {
            for mask in [[0x01, 0x80], [0x10, 0xff]][(first + turn) % 2] {
                let mut flipped = bytes.clone();
                flipped[at] ^= mask;
                exercise(&flipped);
            }
        }
    }
}

#[test]
fn truncations_never_panic() {
    for (_, bytes) in models(&fixtures()) {
        places(bytes.len(), 400).for_each(|end| exercise(&bytes[..end]));
    }
}

#[test]
fn nesting_is_bounded() {
    // Field 1 as a group inside a group, and a graph that claims to hold itself.
    exercise(&vec![0x0b; 1 << 20]);
    exercise(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f].repeat(1 << 16));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        exercise(&bytes);
    }

    /// Pieces of two models in one file: protocol buffers merge what comes twice.
    #[test]
    fn spliced_models_never_panic(first in 0usize..1000, second in 0usize..1000, cut in any::<prop::sample::Index>()) {
        let models = models(&fixtures());
        let (first, second) = (&models[first % models.len()].1, &models[second % models.len()].1);
        let mut spliced = first[..cut.index(first.len() + 1)].to_vec();
        spliced.extend(second);
        exercise(&spliced);
        exercise(&[first.as_slice(), second].concat());
    }
}
