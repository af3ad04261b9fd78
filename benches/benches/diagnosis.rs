//! How long does each step of a diagnosis take?
#![allow(missing_docs)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use zkdx_benches::{MODELS, Workload};
use zkdx_circuits::OutcomeKind;

fn steps(criterion: &mut Criterion) {
    for name in MODELS {
        let workload = Workload::new(name, OutcomeKind::Class);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20);
        group.bench_function("setup", |bencher| {
            bencher.iter_batched(|| (), |()| workload.setup(), BatchSize::PerIteration)
        });
        group.bench_function("prove", |bencher| bencher.iter(|| workload.prove()));
        let (key, proven) = (workload.verifier(), workload.prove());
        group.bench_function("verify", |bencher| bencher.iter(|| assert!(workload.verify(&key, &proven))));
        group.finish();
    }
}

criterion_group!(benches, steps);
criterion_main!(benches);
