//! Workloads are what they say, and reports say what results say.

use std::path::{Path, PathBuf};

use ark_bn254::Fr;
use ark_ff::Field;
use zkdx_benches::results::ResultFile;
use zkdx_benches::{Engine, Source, Workload, peers, questions, report};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn assert_satisfied(workload: Workload) {
    let engine = Engine::compile(workload).expect("the workload compiles");
    // Small challenges would meet keys of tables.
    let challenges = [3u64, 5].map(|value| Fr::from(value).pow([1_000_003]));
    let witness = engine.witness(challenges.to_vec()).expect("a witness");
    assert_eq!(witness.violated(), None);
    assert_eq!(engine.facts().expect("facts").constraints, Some(witness.sides()[0].len() as u64));
}

#[test]
fn small_workloads_have_a_witness() {
    for name in ["mlp", "lenet-5"] {
        assert_satisfied(Workload::named(name).expect("a workload"));
    }
}

#[test]
fn workloads_have_as_many_parameters_as_their_layers_say() {
    let counts =
        [("mlp", 4_130), ("lenet-5", 61_706), ("cnn-264k", 259_511), ("dense-1m", 1_054_723), ("dense-4m", 4_206_595)];
    for (name, count) in counts {
        assert_eq!(Workload::named(name).expect("a workload").parameter_count(), count, "{name}");
    }
}

#[test]
fn files_are_imported() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let text = format!("{0}/mlp/model.onnx:{0}/data/calibration.csv", models.display());
    let source: Source = text.parse().expect("a source");
    assert_eq!((source.to_string(), source.label()), (text, "onnx-mlp".into()));
    assert_satisfied(Workload::load(&source).expect("a workload"));
}

#[test]
fn unknown_names_are_refused() {
    assert!("resnet".parse::<Source>().is_err());
    assert!(questions::named("why").is_err());
    assert!((questions::named("msm").expect("a question").answer)("g3-random-2^4", 1).is_err());
    assert!((questions::named("fft").expect("a question").answer)("radix2-2^99", 1).is_err());
}

#[test]
fn kernels_answer() {
    for (question, case) in [("msm", "g1-bytes-2^4"), ("msm", "g2-mixed-2^4"), ("fft", "radix2-2^6")] {
        let answer = (questions::named(question).expect("a question").answer)(case, 2).expect("an answer");
        assert_eq!(answer.samples.len(), 2);
    }
}

#[test]
fn reports_say_what_results_say() {
    let out = tempfile::tempdir().expect("a folder");
    let written = report::write(&fixtures(), out.path()).expect("a report");
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).expect("a file");
    let table = read("report.md");
    for text in [
        "| mlp | 1 | 3 | 66.7 ms |",
        "| lenet-5 | 2 | 3 | 1.37 s |",
        "30,123",
        "wall_ratio 2.50",
        "Fixture 3000",
        "0123456789ab",
    ] {
        assert!(table.contains(text), "{text} is not in\n{table}");
    }
    let svg = read("prove-by-constraints.svg");
    assert!(["66.7 ms", "42.1 ms", "1.37 s"].iter().all(|text| svg.contains(text)), "{svg}");
    assert!(read("prove-by-threads.svg").contains("mlp") && read("rounds-mlp.svg").contains("synthesis"));
    assert!(written.iter().all(|name| out.path().join(name).exists()));
}

#[test]
fn peers_stand_beside_ours() {
    let table = peers::compare(&fixtures().join("peers.jsonl"), &fixtures()).expect("a table");
    assert!(table.contains("| mlp | prove | 2.80 s | 42.1 ms | 66.5 |"), "{table}");
    assert!(table.contains("| vgg16 | prove | 4000 s | – | – |"), "{table}");
}

#[test]
fn results_survive_a_file_and_are_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = ResultFile::load(&fixtures().join("2026-01-02-prove.json")).expect("a result");
    let paths = [file.save(folder.path()).expect("saved"), file.save(folder.path()).expect("saved")];
    assert_ne!(paths[0], paths[1]);
    assert_eq!(ResultFile::load_all(folder.path()).expect("results"), [file.clone(), file]);
}
