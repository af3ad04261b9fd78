//! The architectures, with the shapes of `models/workloads.py`.

use zkdx_circuits::Architecture;

use super::sketch::Sketch;
use crate::error::{BenchError, refuse};

/// Filters of VGG16's convolutions; 0 is a pooling.
const VGG16: [usize; 18] = [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0];

/// The architecture called `name`.
pub(super) fn architecture(name: &str) -> Result<Architecture, BenchError> {
    match name {
        "mlp" => dense(&[30, 64, 32, 2]),
        "lenet-5" => lenet_5(),
        "cnn-264k" => cnn_264k(),
        "dense-1m" => dense(&[4, 512, 512, 512, 512, 512, 3]),
        "dense-4m" => dense(&[4, 1024, 1024, 1024, 1024, 1024, 3]),
        "vgg16" => vgg16(),
        other => refuse(format!("there is no workload `{other}`")),
    }
}

fn dense(sizes: &[usize]) -> Result<Architecture, BenchError> {
    let mut sketch = Sketch::new(&[sizes.first().copied().unwrap_or_default()])?;
    sketch.stack(sizes)?;
    sketch.finish()
}

/// 28×28 in grey.
fn lenet_5() -> Result<Architecture, BenchError> {
    let mut sketch = Sketch::new(&[1, 1, 28, 28])?;
    sketch.conv(6, 5, 2)?.pool()?.relu()?;
    sketch.conv(16, 5, 0)?.pool()?.relu()?;
    sketch.flatten()?.stack(&[400, 120, 84, 10])?;
    sketch.finish()
}

/// The convolutional network of the published comparison of DeepProve with EZKL; 32×32 in colour.
fn cnn_264k() -> Result<Architecture, BenchError> {
    let mut sketch = Sketch::new(&[1, 3, 32, 32])?;
    sketch.conv(12, 5, 0)?.pool()?.relu()?;
    sketch.conv(33, 5, 0)?.pool()?.relu()?;
    sketch.flatten()?.stack(&[825, 247, 173, 10])?;
    sketch.finish()
}

/// VGG16 for 32×32 in colour, one dense layer behind it.
fn vgg16() -> Result<Architecture, BenchError> {
    let mut sketch = Sketch::new(&[1, 3, 32, 32])?;
    for (index, &filters) in VGG16.iter().enumerate() {
        match filters {
            0 => sketch.pool()?.relu()?,
            _ if VGG16.get(index + 1) == Some(&0) => sketch.conv(filters, 3, 1)?,
            _ => sketch.conv(filters, 3, 1)?.relu()?,
        };
    }
    sketch.flatten()?.stack(&[512, 10])?;
    sketch.finish()
}
