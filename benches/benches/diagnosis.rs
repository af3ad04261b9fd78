//! How long does each step of a diagnosis take?
#![allow(missing_docs)]

use std::path::PathBuf;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use zkdx_benches::{Engine, Ready, Source, Workload};

/// Names of the reference models, as in `models/`.
const MODELS: [&str; 2] = ["logreg", "mlp"];

fn engine(name: &str) -> Engine {
    let models = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../models");
    let (model, calibration) = (models.join(name).join("model.onnx"), models.join("data/calibration.csv"));
    let workload = Workload::load(&Source::Files { model, calibration }).expect("the models are checked in");
    Engine::compile(workload).expect("the model compiles")
}

fn steps(criterion: &mut Criterion) {
    for name in MODELS {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        let compiled = engine(name);
        group.bench_function("setup", |bencher| {
            bencher.iter_batched(|| (), |()| compiled.setup(), BatchSize::PerIteration)
        });
        let ready: Ready = compiled.ready().expect("keys");
        let prover = ready.prover().expect("a sound key");
        group.bench_function("prove", |bencher| bencher.iter(|| ready.prove(&prover)));
        let (key, proven) = (ready.verifier().expect("a sound key"), ready.prove(&prover).expect("a proof"));
        group.bench_function("verify", |bencher| bencher.iter(|| ready.verify(&key, &proven).expect("it verifies")));
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
