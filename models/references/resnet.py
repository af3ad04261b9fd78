"""ResNet-8 on handwritten digits of 8 x 8 pixels.

A stem of 3 x 3, then three stages of 8, 16 and 32 channels with one basic block each; the later two halve the image and
reach it through a 1 x 1 convolution. Batch normalisation stays in the graph, as separate nodes. Its statistics are those of
the whole training set under the final weights.
"""

import jax.numpy as jnp
import numpy as np

import digits
from common import SEED, Graph, classifier, conv, count, cross_entropy, fit, he, to_grid

STEM, STAGES = 8, (8, 16, 32)
EPSILON = 1e-5


def convolutions():
    """Name, channels, filters, kernel and stride of each."""
    yield "conv1", 1, STEM, 3, 1
    channels = STEM
    for stage, filters in enumerate(STAGES, 1):
        stride = 1 if stage == 1 else 2
        yield f"layer{stage}.conv1", channels, filters, 3, stride
        yield f"layer{stage}.conv2", filters, filters, 3, 1
        if stride > 1:
            yield f"layer{stage}.downsample", channels, filters, 1, stride
        channels = filters


STRIDES = {name: stride for name, _, _, _, stride in convolutions()}


def initial():
    rng = np.random.default_rng(SEED)
    weights = {}
    for name, channels, filters, kernel, _ in convolutions():
        weights[f"{name}.weight"] = he(rng, filters, channels, kernel, kernel)
        weights |= {f"{name}.bn.weight": np.ones(filters), f"{name}.bn.bias": np.zeros(filters)}
    return weights | {"fc.weight": he(rng, 10, STAGES[-1]), "fc.bias": np.zeros(10)}


def forward(weights, x, statistics=None):
    """Logits, and the means and variances used: those of the batch, where none are given."""
    used = {}

    def layer(name, x):
        weight = weights[f"{name}.weight"]
        x = conv(x, weight, stride=STRIDES[name], pad=weight.shape[2] // 2)
        mean, variance = (x.mean((0, 2, 3)), x.var((0, 2, 3))) if statistics is None else statistics[name]
        used[name] = mean, variance
        factor = weights[f"{name}.bn.weight"] / jnp.sqrt(variance + EPSILON)
        return x * factor[:, None, None] + (weights[f"{name}.bn.bias"] - mean * factor)[:, None, None]

    relu = lambda x: jnp.maximum(x, 0)
    x = relu(layer("conv1", x))
    for stage in range(1, len(STAGES) + 1):
        name = f"layer{stage}"
        value = layer(f"{name}.conv2", relu(layer(f"{name}.conv1", x)))
        x = relu(value + (layer(f"{name}.downsample", x) if f"{name}.downsample" in STRIDES else x))
    return x.mean((2, 3)) @ weights["fc.weight"].T + weights["fc.bias"], used


def export(weights, statistics):
    graph = Graph("resnet-8", weights)
    graph.constant("scale", 1 / 16)
    for name, (mean, variance) in statistics.items():
        graph.constant(f"{name}.bn.running_mean", mean)
        graph.constant(f"{name}.bn.running_var", variance)

    def layer(name, value):
        scope, kernel = name.replace(".", "/"), weights[f"{name}.weight"].shape[2]
        attributes = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [STRIDES[name]] * 2}
        value = graph.node("Conv", scope, value, f"{name}.weight", dilations=[1, 1], group=1, **attributes)
        inputs = [f"{name}.bn.{part}" for part in ["weight", "bias", "running_mean", "running_var"]]
        return graph.node("BatchNormalization", f"{scope}/bn", value, *inputs, epsilon=EPSILON, momentum=0.9)

    value = graph.node("Mul", "scale", "pixels", "scale")
    value = graph.node("Relu", "relu", layer("conv1", value))
    for stage in range(1, len(STAGES) + 1):
        name, skipped = f"layer{stage}", value
        value = graph.node("Relu", f"{name}/relu1", layer(f"{name}.conv1", value))
        value = layer(f"{name}.conv2", value)
        if f"{name}.downsample" in STRIDES:
            skipped = layer(f"{name}.downsample", skipped)
        value = graph.node("Relu", f"{name}/relu2", graph.node("Add", name, value, skipped))
    value = graph.node("GlobalAveragePool", "avgpool", value)
    value = graph.node("Flatten", "flatten", value, axis=1)
    graph.node("Gemm", "fc", value, "fc.weight", "fc.bias", output="logits", transB=1)
    graph.node("Softmax", "softmax", "logits", output="probabilities", axis=1)
    return graph.model(("pixels", [1, 8, 8]), {"probabilities": [10]})


def generate(root):
    records = digits.load()
    x_train, x_held = (x.astype(np.float64) / 16 for x in (records.x_train, records.x_held))
    loss = lambda weights, x, y: cross_entropy(forward(weights, x)[0], y)
    weights = fit(loss, initial(), x_train, records.y_train, epochs=20, rate=5e-3, decay=3e-4)
    statistics = to_grid(forward(weights, x_train)[1])
    about = digits.about("resnet-8", "ResNet-8, with batch normalisation in the graph.")
    expected = forward(weights, x_held, statistics)[0]
    proto = export(weights, statistics)
    return classifier(root, "resnet-8", proto, about, records, expected, size=count(weights), least=0.97)
