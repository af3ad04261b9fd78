"""A convolution and an LSTM over a generated series that resembles one lead of an electrocardiogram.

A record is 96 samples at 25 per second, in hundredths of a millivolt. Beats are sums of Gaussian waves, with noise and a
wandering baseline. The rhythms:

* normal: 60 to 100 beats a minute, nearly regular, with P waves;
* fibrillation: irregular, without P waves, over fibrillatory waves of 5 to 8 a second;
* tachycardia: 130 to 180 beats a minute, regular;
* premature: a normal rhythm in which one or two beats come early, wide and without P wave, and a pause follows.

It is made up, and of no clinical use.
"""

import jax
import jax.numpy as jnp
import numpy as np
import onnx

from common import SEED, About, Graph, Records, classifier, conv, count, cross_entropy, fit, glorot, he, max_pool

LABELS = ["normal", "fibrillation", "tachycardia", "premature"]
SAMPLES, RATE = 96, 25
TRAIN, HELD = 2000, 400
FILTERS, HIDDEN = (8, 16), 16
SCALE = 1 / 64  # of the samples, inside the graph

# Waves of a beat: name, seconds after the R wave, width in seconds, height in mV.
NORMAL = [("P", -0.16, 0.03, 0.18), ("Q", -0.04, 0.015, -0.12), ("R", 0, 0.022, 1.1), ("S", 0.04, 0.018, -0.25), ("T", 0.26, 0.06, 0.3)]
WIDE = [("R", 0, 0.06, 1.2), ("S", 0.13, 0.05, -0.5), ("T", 0.32, 0.07, -0.3)]


# --- Data ---------------------------------------------------------------------


def beats(rng, label):
    """Times and kinds of the beats, from before the record to behind it."""
    rate = rng.uniform(130, 180) if label == 2 else rng.uniform(60, 100)
    gap, end = 60 / rate, SAMPLES / RATE + 1
    early = set(rng.choice([2, 3, 4], rng.integers(1, 3), replace=False)) if label == 3 else set()
    time, index = -rng.uniform(0.3, 1) * gap, 0
    while time < end:
        yield time, index in early
        step = gap * (1 + (rng.uniform(-0.4, 0.45) if label == 1 else rng.normal(0, 0.02)))
        if index + 1 in early:
            step = gap * rng.uniform(0.5, 0.68)
        elif index in early:
            step = gap * rng.uniform(1.25, 1.5)
        time, index = time + step, index + 1


def series(rng, label):
    at = np.arange(SAMPLES) / RATE
    value = rng.uniform(0.03, 0.15) * np.sin(2 * np.pi * (rng.uniform(0.1, 0.4) * at + rng.random()))
    value += rng.normal(0, 0.03, SAMPLES)
    if label == 1:
        value += rng.uniform(0.03, 0.1) * np.sin(2 * np.pi * (rng.uniform(5, 8) * at + rng.random()))
    gain = rng.uniform(0.75, 1.2)
    for time, wide in beats(rng, label):
        for name, after, width, height in WIDE if wide else NORMAL:
            if name == "P" and label == 1:
                continue
            height = gain * height * rng.uniform(0.9, 1.1)
            value = value + height * np.exp(-0.5 * ((at - time - after) / width) ** 2)
    return np.round(100 * value)


def load():
    rng = np.random.default_rng(SEED)
    y = rng.integers(0, len(LABELS), TRAIN + HELD)
    x = np.array([series(rng, label) for label in y], np.float32)[:, None]
    return Records(x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:])


# --- Network ------------------------------------------------------------------


def initial():
    rng = np.random.default_rng(SEED)
    first, second = FILTERS
    bias = np.zeros((1, 8 * HIDDEN))
    bias[0, 2 * HIDDEN : 3 * HIDDEN] = 1  # remember at first
    return {
        "conv1.weight": he(rng, first, 1, 5),
        "conv1.bias": np.zeros(first),
        "conv2.weight": he(rng, second, first, 3),
        "conv2.bias": np.zeros(second),
        "lstm.weight": np.concatenate([glorot(rng, HIDDEN, second) for _ in range(4)])[None],
        "lstm.recurrence": np.concatenate([glorot(rng, HIDDEN, HIDDEN) for _ in range(4)])[None],
        "lstm.bias": bias,
        "fc.weight": glorot(rng, len(LABELS), HIDDEN),
        "fc.bias": np.zeros(len(LABELS)),
    }


def forward(weights, x):
    relu = lambda x: jnp.maximum(x, 0)
    padded = jnp.pad(x[:, :, None], ((0, 0), (0, 0), (0, 0), (2, 2)))
    x = relu(conv(padded, weights["conv1.weight"][:, :, None], weights["conv1.bias"], stride=2))
    x = jnp.pad(max_pool(x, 1, 2), ((0, 0), (0, 0), (0, 0), (1, 1)))
    x = relu(conv(x, weights["conv2.weight"][:, :, None], weights["conv2.bias"]))[:, :, 0]
    bias = weights["lstm.bias"][0].reshape(2, -1).sum(0)

    def step(state, value):
        hidden, memory = state
        gates = value @ weights["lstm.weight"][0].T + hidden @ weights["lstm.recurrence"][0].T + bias
        entry, leave, forget, new = jnp.split(gates, 4, 1)  # ONNX's order
        memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(entry) * jnp.tanh(new)
        return (jax.nn.sigmoid(leave) * jnp.tanh(memory), memory), None

    zeros = jnp.zeros((len(x), HIDDEN))
    (hidden, _), _ = jax.lax.scan(step, (zeros, zeros), x.transpose(2, 0, 1))
    return hidden @ weights["fc.weight"].T + weights["fc.bias"]


def export(weights):
    graph = Graph("ecg", weights)
    value = graph.node("Mul", "scale", "samples", graph.constant("scale", SCALE))
    value = graph.node("Conv", "conv1", value, "conv1.weight", "conv1.bias", kernel_shape=[5], pads=[2, 2], strides=[2])
    value = graph.node("Relu", "relu1", value)
    value = graph.node("MaxPool", "pool", value, kernel_shape=[2], strides=[2])
    value = graph.node("Conv", "conv2", value, "conv2.weight", "conv2.bias", kernel_shape=[3], pads=[1, 1], strides=[1])
    value = graph.node("Relu", "relu2", value)
    value = graph.node("Transpose", "steps", value, perm=[2, 0, 1])  # [steps, N, channels]
    graph.nodes.append(
        onnx.helper.make_node(
            "LSTM",
            [value, "lstm.weight", "lstm.recurrence", "lstm.bias"],
            ["", "/lstm/LSTM_output_1"],
            name="/lstm/LSTM",
            hidden_size=HIDDEN,
        )
    )
    value = graph.node("Squeeze", "last", "/lstm/LSTM_output_1", graph.constant("last.axes", [0], np.int64))
    graph.node("Gemm", "fc", value, "fc.weight", "fc.bias", output="logits", transB=1)
    graph.node("Softmax", "softmax", "logits", output="probabilities", axis=1)
    return graph.model(("samples", [1, SAMPLES]), {"probabilities": [len(LABELS)]})


def generate(root):
    records = load()
    x_train, x_held = (x.astype(np.float64) * SCALE for x in (records.x_train, records.x_held))
    loss = lambda weights, x, y: cross_entropy(forward(weights, x), y)
    weights = fit(loss, initial(), x_train, records.y_train, epochs=40, rate=5e-3, decay=1e-4)
    about = About(
        "ecg",
        "The rhythm of a generated one-lead electrocardiogram of 96 samples: two convolutions and an LSTM of 16 units.",
        LABELS,
        [(f"s{i}", "0.01 mV") for i in range(1, SAMPLES + 1)],
    )
    expected = forward(weights, x_held)
    return classifier(root, "ecg", export(weights), about, records, expected, size=count(weights), least=0.9)
