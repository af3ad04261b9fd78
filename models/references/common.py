"""What the reference networks share: training in jax, graphs, files.

Training runs in 64-bit floats, on one thread and with fixed seeds, and learned weights are rounded to multiples of 2^-20,
so that the last bits in which processors differ rarely show.
"""

import json
import os
from math import prod
from pathlib import Path
from typing import NamedTuple

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

jax.config.update("jax_enable_x64", True)

SEED = 0
VERSION = "1.0.0"
CALIBRATION, WRITTEN = 64, 200  # records
OPSET, IR_VERSION = 17, 8
STEP = 2.0**-20
TOLERANCE = 1e-4  # ONNX Runtime (32-bit) against jax (64-bit), in scores


# --- Training -----------------------------------------------------------------


def he(rng, *shape):
    """Variance 2 over the entries that each output reads; outputs come first."""
    return rng.normal(0, np.sqrt(2 / prod(shape[1:])), shape)


def glorot(rng, *shape):
    """Variance 2 over inputs and outputs of a matrix."""
    return rng.normal(0, np.sqrt(2 / sum(shape)), shape)


def to_grid(weights):
    """The nearest multiples of `STEP`; adding zero turns -0 into 0."""
    return jax.tree.map(lambda w: np.round(np.asarray(w) / STEP) * STEP + 0.0, weights)


def fit(loss, weights, x, y, *, epochs, batch=32, rate=2e-3, decay=1e-4):
    """Adam on `loss(weights, x, y)` with a rate that falls to 0 and weight decay; returns rounded weights.

    An epoch leaves out what its last batch lacks.
    """
    weights = jax.tree.map(jnp.asarray, weights)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    total = epochs * (len(x) // batch)

    @jax.jit
    def update(weights, first, second, step, x, y):
        gradient = jax.grad(loss)(weights, x, y)
        gradient = jax.tree.map(lambda g, w: g + decay * w, gradient, weights)
        first = jax.tree.map(lambda m, g: m + 0.1 * (g - m), first, gradient)
        second = jax.tree.map(lambda m, g: m + 0.001 * (g**2 - m), second, gradient)
        a, b = rate * (1 - step / (total + 1)) / (1 - 0.9**step), 1 / (1 - 0.999**step)
        weights = jax.tree.map(lambda w, m, v: w - a * m / (jnp.sqrt(b * v) + 1e-8), weights, first, second)
        return weights, first, second

    rng = np.random.default_rng(SEED)
    first, second, step = zeros, zeros, 0.0
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            step += 1
            rows = order[start : start + batch]
            weights, first, second = update(weights, first, second, step, x[rows], y[rows])
    return to_grid(weights)


def cross_entropy(logits, y):
    """The mean over records, or over whatever else has a label; classes come last."""
    return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[..., None], -1).mean()


def conv(x, weight, bias=None, stride=1, pad=0):
    """[records, channels, rows, columns], as a product with the windows; `pad` zeros around the rows and columns."""
    kernel = weight.shape[2:]
    x = jnp.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = ((n - k) // stride + 1 for n, k in zip(x.shape[2:], kernel))
    shifted = [
        x[:, :, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    windows = jnp.stack(shifted, 2).reshape(len(x), -1, rows * columns)
    out = jnp.einsum("ok,nkp->nop", weight.reshape(len(weight), -1), windows)
    out = out.reshape(len(x), -1, rows, columns)
    return out if bias is None else out + bias[:, None, None]


def max_pool(x, rows, columns):
    """The largest of each block of rows x columns."""
    records, channels, height, width = x.shape
    return x.reshape(records, channels, height // rows, rows, width // columns, columns).max((3, 5))


# --- Graphs -------------------------------------------------------------------


class Graph:
    """A graph under construction, with names as PyTorch's exporter gives them."""

    def __init__(self, name, weights):
        self.name, self.nodes, self.constants = name, [], []
        for key, values in weights.items():
            self.constant(key, values)

    def constant(self, name, values, dtype=np.float32):
        """A named tensor; whole numbers that say how (axes, shapes) are int64."""
        self.constants.append(numpy_helper.from_array(np.array(values, dtype, order="C"), name))
        return name

    def node(self, op, scope, *inputs, output=None, **attributes):
        """Adds `/scope/Op` and returns the name of its output."""
        name = f"/{scope}/{op}"
        output = output or f"{name}_output_0"
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def model(self, record, outputs, dtype=TensorProto.FLOAT):
        """`record`: name and shape of the input; `outputs`: shapes by name. The batch dimension N is added."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info(record[0], dtype, ["N", *record[1]])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]) for name, shape in outputs.items()],
            self.constants,
        )
        proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(proto, full_check=True)
        return proto


def run(proto, x, outputs=None):
    """What ONNX Runtime answers, without its optimiser and on one thread; `outputs` may be any values of the graph."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    shown = onnx.ModelProto.FromString(proto.SerializeToString())
    known = {output.name for output in shown.graph.output}
    for name in outputs or []:
        if name not in known:
            shown.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = ort.InferenceSession(shown.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(outputs, {session.get_inputs()[0].name: x})


# --- Files --------------------------------------------------------------------


class Records(NamedTuple):
    """Training and held-out records, shaped as the model takes them, and their labels."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_held: np.ndarray
    y_held: np.ndarray


class About(NamedTuple):
    """What the card says."""

    name: str
    description: str
    labels: list
    features: list  # pairs of name and unit


def cell(value):
    """The shortest decimal that gives back this number."""
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e6 else str(value)


def write_table(path, header, rows):
    lines = [",".join(header), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_records(path, about, x, y=None):
    """One line for each record: its features, then its label, if any."""
    header = [*(name for name, _ in about.features), *([] if y is None else ["label"])]
    labels = [[]] * len(x) if y is None else [[label] for label in y]
    write_table(path, header, ([*map(cell, record.ravel()), *label] for record, label in zip(x, labels)))


def write_card(path, about):
    features = ",\n".join(f"    {json.dumps({'name': name, 'unit': unit})}" for name, unit in about.features)
    head = {"name": about.name, "version": VERSION, "description": about.description, "labels": about.labels}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    path.write_text("\n".join(["{", *lines, f'  "features": [\n{features}\n  ]', "}"]) + "\n", encoding="utf-8")


def write_model(folder, proto, about):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(proto.SerializeToString(deterministic=True))
    write_card(folder / "card.json", about)


def classifier(root, name, proto, about, records, expected, *, size, least, shown=("probabilities", "logits")):
    """Writes the folder of a classifier and returns its row in the README.

    `expected` are the last of the `shown` values on the held-out records, computed by jax; `size` counts learned values.
    """
    answers = run(proto, records.x_held, list(shown))
    apart = np.abs(answers[-1] - expected).max()
    assert apart < TOLERANCE, f"{name}: ONNX Runtime and jax are {apart:.1e} apart"
    predicted = answers[-1].argmax(1)
    return publish(root, name, proto, about, records, predicted, dict(zip(shown, answers)), size=size, least=least)


def publish(root, name, proto, about, records, predicted, answers, *, size, least):
    """Writes a folder from what ONNX Runtime answers on the held-out records, and returns its row in the README."""
    right, total = int((predicted == records.y_held).sum()), len(predicted)
    assert right >= least * total, f"{name}: only {right} of {total}"
    folder = root / name
    write_model(folder, proto, about)
    write_records(folder / "calibration.csv", about, records.x_train[:CALIBRATION], records.y_train[:CALIBRATION])
    write_records(folder / "held_out.csv", about, records.x_held[:WRITTEN], records.y_held[:WRITTEN])
    singular = {"probabilities": "probability", "logits": "logit", "lengths": "length"}
    header = ["predicted", *(f"{singular[key]}_{label}" for key in answers for label in about.labels)]
    values = np.concatenate(list(answers.values()), 1)[:WRITTEN]
    write_table(folder / "reference.csv", header, ([p, *v] for p, v in zip(predicted, values)))
    return row(name, size, f"{right} of {total}", right / total)


def row(name, size, count, accuracy):
    return f"| [`{name}/`]({name}/) | {size:,} | {count} | {accuracy:.4f} |"


def count(weights):
    """Learned values."""
    return sum(int(np.size(w)) for w in weights.values())
