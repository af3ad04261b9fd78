"""Train and export `digits/`, a small convolutional network, with its data and reference outputs.

    python models/train_digits.py    write models/digits/ and its lines of SHA256SUMS

The data is scikit-learn's bundled `load_digits`: 1797 handwritten digits as images of 8 x 8 pixels from 0 to 16. The
network is trained here in plain numpy and 64-bit floats: im2col, cross-entropy, Adam, fixed seeds, one thread. As in
`train.py`, which also makes and checks this folder, learned weights are rounded to multiples of 2^-20.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

HERE = Path(__file__).resolve().parent
SEED = 0
HELD_OUT, WRITTEN, CALIBRATION = 360, 200, 64
EPOCHS, BATCH, RATE, DECAY = 30, 32, 2e-3, 1e-4
STEP = 2.0**-20
NAMES = [f"x{i}" for i in range(1, 65)]  # row by row
CLASSES = [str(digit) for digit in range(10)]


# --- Network: conv 8, relu, pool, conv 16, relu, pool, dense 10 ---------------


def patches(x):
    """The 3 x 3 neighbourhoods, zeros around: [records, channels, n, n] to [records, n, n, channels * 9]."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(*windows.shape[:1], *windows.shape[2:4], -1)


def unpatched(gradient, channels):
    """The transpose of `patches`."""
    records, n = gradient.shape[:2]
    gradient = gradient.reshape(records, n, n, channels, 3, 3).transpose(0, 3, 1, 2, 4, 5)
    padded = np.zeros((records, channels, n + 2, n + 2))
    for row in range(3):
        for column in range(3):
            padded[:, :, row : row + n, column : column + n] += gradient[..., row, column]
    return padded[:, :, 1:-1, 1:-1]


def squares(x):
    """The 2 x 2 squares: [records, channels, n, n] to [records, channels, n/2, n/2, 4]."""
    records, channels, n, _ = x.shape
    x = x.reshape(records, channels, n // 2, 2, n // 2, 2)
    return x.transpose(0, 1, 2, 4, 3, 5).reshape(records, channels, n // 2, n // 2, 4)


def unsquared(x):
    records, channels, n = x.shape[:3]
    x = x.reshape(records, channels, n, n, 2, 2).transpose(0, 1, 2, 4, 3, 5)
    return x.reshape(records, channels, 2 * n, 2 * n)


def initial(rng):
    """He initialisation."""
    shapes = {"conv1": (8, 9), "conv2": (16, 72), "dense": (10, 64)}
    weights = {name: rng.normal(0, np.sqrt(2 / shape[1]), shape) for name, shape in shapes.items()}
    return weights | {f"{name}_bias": np.zeros(shape[0]) for name, shape in shapes.items()}


def forward(parameters, x):
    """Logits, and what the way back needs."""
    kept = []
    for name in ["conv1", "conv2"]:
        seen = patches(x)
        value = (seen @ parameters[name].T + parameters[f"{name}_bias"]).transpose(0, 3, 1, 2)
        blocks = squares(np.maximum(value, 0))
        kept.append((name, seen, value, blocks.argmax(-1), x.shape[1]))
        x = blocks.max(-1)
    flat = x.reshape(len(x), -1)
    return flat @ parameters["dense"].T + parameters["dense_bias"], (kept, flat, x.shape)


def backward(parameters, gradient, memory):
    """Gradients of all parameters from that of the logits."""
    kept, flat, shape = memory
    gradients = {"dense": gradient.T @ flat, "dense_bias": gradient.sum(0)}
    gradient = (gradient @ parameters["dense"]).reshape(shape)
    for name, seen, value, largest, channels in reversed(kept):
        gradient = unsquared(gradient[..., None] * (largest[..., None] == np.arange(4))) * (value > 0)
        gradient = gradient.transpose(0, 2, 3, 1)
        gradients[name] = np.einsum("rijo,rijk->ok", gradient, seen)
        gradients[f"{name}_bias"] = gradient.sum((0, 1, 2))
        gradient = unpatched(gradient @ parameters[name], channels)
    return gradients


def fit(x, y):
    rng = np.random.default_rng(SEED)
    parameters = initial(rng)
    moments = {name: [np.zeros_like(value), np.zeros_like(value)] for name, value in parameters.items()}
    step, total = 0, EPOCHS * -(-len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for batch in np.array_split(order, -(-len(x) // BATCH)):
            logits, memory = forward(parameters, x[batch])
            gradients = backward(parameters, cross_entropy(logits, y[batch]), memory)
            step += 1
            adam(parameters, gradients, moments, step, RATE * (1 - step / (total + 1)))
    return {name: np.round(value / STEP) * STEP + 0.0 for name, value in parameters.items()}


def cross_entropy(logits, y):
    """Gradient of the mean cross-entropy."""
    e = np.exp(logits - logits.max(1, keepdims=True))
    return (e / e.sum(1, keepdims=True) - np.eye(10)[y]) / len(y)


def adam(parameters, gradients, moments, step, rate):
    for name, gradient in gradients.items():
        gradient = gradient + DECAY * parameters[name]
        first, second = moments[name]
        first += 0.1 * (gradient - first)
        second += 0.001 * (gradient**2 - second)
        parameters[name] -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)


# --- Files --------------------------------------------------------------------


def export(parameters):
    """Opset 17; pixels are divided by 16 inside; outputs `probabilities`, with `logits` before them."""
    constants = {"scale": np.array(1 / 16), "dense/weight": parameters["dense"], "dense/bias": parameters["dense_bias"]}
    nodes, value = [helper.make_node("Mul", ["pixels", "scale"], ["scaled"], name="scale/Mul")], "scaled"
    for name, channels in [("conv1", 1), ("conv2", 8)]:
        constants[f"{name}/weight"] = parameters[name].reshape(-1, channels, 3, 3)
        constants[f"{name}/bias"] = parameters[f"{name}_bias"]
        for op, more, attributes in [
            ("Conv", [f"{name}/weight", f"{name}/bias"], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
            ("Relu", [], {}),
            ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ]:
            nodes.append(helper.make_node(op, [value, *more], [f"{name}/{op}"], name=f"{name}/{op}", **attributes))
            value = f"{name}/{op}"
    nodes += [
        helper.make_node("Flatten", [value], ["flat"], name="flatten/Flatten"),
        helper.make_node("Gemm", ["flat", "dense/weight", "dense/bias"], ["logits"], name="dense/Gemm", transB=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], name="softmax/Softmax", axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def answers(proto, x):
    """Probabilities and logits of ONNX Runtime, without its optimiser."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    shown = onnx.ModelProto.FromString(proto.SerializeToString())
    shown.graph.output.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10]))
    session = ort.InferenceSession(shown.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(["probabilities", "logits"], {"pixels": x.astype(np.float32)})


def write_table(path, header, rows):
    lines = [",".join(header), *(",".join(str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_records(path, x, y):
    write_table(path, [*NAMES, "label"], ([*map(int, image.ravel()), label] for image, label in zip(x, y)))


def write_card(path):
    features = ",\n".join(f'    {json.dumps({"name": name, "unit": "1/16 of black"})}' for name in NAMES)
    about = "Handwritten digits, 8 x 8 pixels: a convolutional network with 8 and 16 filters, trained in numpy."
    head = {"name": "digits", "version": "1.0.0", "description": about, "labels": CLASSES}
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    path.write_text("\n".join(["{", *lines, f'  "features": [\n{features}\n  ]', "}"]) + "\n", encoding="utf-8")


def generate(root):
    """Writes `root/digits`, and returns what the README says of it."""
    bundle = load_digits()
    images = bundle.images[:, None].astype(np.float64)
    split = train_test_split(images, bundle.target, test_size=HELD_OUT, stratify=bundle.target, random_state=SEED)
    x_train, x_held, y_train, y_held = split
    parameters = fit(x_train / 16, y_train)
    proto = export(parameters)
    probabilities, logits = answers(proto, x_held)
    assert np.allclose(logits, forward(parameters, x_held / 16)[0], atol=1e-4)
    predicted = logits.argmax(1)
    right = int((predicted == y_held).sum())
    assert right >= 0.96 * HELD_OUT, right

    folder = root / "digits"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(proto.SerializeToString(deterministic=True))
    write_card(folder / "card.json")
    write_records(folder / "calibration.csv", x_train[:CALIBRATION], y_train[:CALIBRATION])
    write_records(folder / "held_out.csv", x_held[:WRITTEN], y_held[:WRITTEN])
    header = ["predicted", *(f"probability_{c}" for c in CLASSES), *(f"logit_{c}" for c in CLASSES)]
    rows = ([c, *p, *z] for c, p, z in zip(predicted[:WRITTEN], probabilities, logits))
    write_table(folder / "reference.csv", header, rows)
    return [f"{right} of {HELD_OUT} held-out digits are recognised ({right / HELD_OUT:.4f})"]


if __name__ == "__main__":
    import train

    with threadpool_limits(1):
        print("\n".join(generate(HERE)))
    train.write_sums(HERE)
