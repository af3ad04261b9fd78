//! Networks as people train them, with random weights: residual stages, and many weights.

use std::time::Instant;

use zkdx_circuits::graph::{FloatGraph, FloatOp};
use zkdx_circuits::quantize::{Labelled, Options, Report, quantize};

use crate::builder::{Builder, ConvSizes, noise, noisy_records, same};
use crate::patterns::logits;

fn report(graph: &FloatGraph, records: usize) -> Report {
    let len = graph.nodes[0].shape.iter().product();
    let (calibration, held_out) = (noisy_records(1, records, len), noisy_records(2, records, len));
    let classes = vec![0; records];
    let labelled = Labelled { records: &held_out, classes: &classes };
    let start = Instant::now();
    let (model, report) = quantize(graph, &calibration, Some(labelled), &Options::default()).unwrap();
    println!("{report}\n{:?}", start.elapsed());
    let types = model.architecture.infer_all().unwrap();
    println!("bits {:?}", types.iter().map(|value| value.interval.size().ilog2()).collect::<Vec<_>>());
    report
}

/// Convolution, then a scale and a shift per channel, as after training: scales differ, some are negative.
fn normalised(b: &mut Builder, x: usize, sizes: ConvSizes, seed: u64) -> usize {
    let x = b.conv(&format!("conv_{seed}"), x, sizes, seed);
    let scale: Vec<f32> = noise(seed + 2, sizes.outputs).iter().map(|&g| g.signum() * (0.3 + g.abs())).collect();
    let x = b.per_channel(FloatOp::Mul, x, &scale);
    let shift: Vec<f32> = noise(seed + 3, sizes.outputs).iter().map(|b| b * 0.3).collect();
    b.per_channel(FloatOp::Add, x, &shift)
}

fn basic_block(b: &mut Builder, x: usize, outputs: usize, stride: usize, seed: u64) -> usize {
    let y = normalised(b, x, ConvSizes { stride, ..same(outputs, 3) }, seed);
    let y = b.map("relu", FloatOp::Relu, y);
    let y = normalised(b, y, same(outputs, 3), seed + 10);
    let shortcut = match b.shape(x)[1] == outputs {
        true => x,
        false => normalised(b, x, ConvSizes { stride, ..same(outputs, 1) }, seed + 20),
    };
    let shape = b.shape(y);
    let z = b.node("residual", FloatOp::Add, &[y, shortcut], &shape);
    b.map("relu", FloatOp::Relu, z)
}

fn resnet(width: usize, side: usize) -> FloatGraph {
    let mut b = Builder::new(&[1, 3, side, side]);
    let mut x = normalised(&mut b, 0, same(width, 3), 100);
    x = b.map("relu", FloatOp::Relu, x);
    for (stage, outputs) in [width, 2 * width, 4 * width, 8 * width].into_iter().enumerate() {
        for index in 0..2 {
            let stride = if stage > 0 && index == 0 { 2 } else { 1 };
            x = basic_block(&mut b, x, outputs, stride, 1000 * (2 * stage + index) as u64 + 200);
        }
    }
    let kernel = b.shape(x)[2];
    let x = b.pool(x, kernel, kernel, 0, Some(true));
    let x = b.flatten(x);
    let x = logits(&mut b, x, 10, 9);
    b.graph(x)
}

#[test]
fn residual_stages_lose_little() {
    let report = report(&resnet(8, 16), 32);
    let found = report.held_out.as_ref().unwrap();
    let relative = report.layers.last().unwrap().relative_error;
    assert!(relative < 0.03, "{report}");
    assert!(found.disagreements.iter().all(|changed| changed.within_rounding));
    assert!(report.layers.iter().all(|layer| layer.saturated < 0.01));
}

#[test]
#[ignore = "takes half a minute"]
fn fifteen_million_weights_take_half_a_minute() {
    let mut b = Builder::new(&[1, 3, 32, 32]);
    let mut x = 0;
    for (index, size) in
        [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0].into_iter().enumerate()
    {
        x = match size {
            0 => b.pool(x, 2, 2, 0, None),
            _ => {
                let y = normalised(&mut b, x, same(size, 3), 100 * index as u64 + 7);
                b.map("relu", FloatOp::Relu, y)
            }
        };
    }
    let x = b.flatten(x);
    let x = logits(&mut b, x, 10, 9);
    let graph = b.graph(x);
    let len = 3 * 32 * 32;
    let start = Instant::now();
    let (model, report) = quantize(&graph, &noisy_records(1, 16, len), None, &Options::default()).unwrap();
    println!("{report}\n{:?}", start.elapsed());
    drop(model);
}
