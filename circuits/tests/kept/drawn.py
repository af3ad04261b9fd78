"""Write random networks, quantised by ONNX Runtime, whose grids are then moved: more cases for `measured.rs`.

    python circuits/tests/kept/random.py FOLDER [COUNT [SEED]]

Each is a chain of operators with branches over a small image, in opset 13, 17 or 21, quantised in one of the ways of `make.py`. Then every
step is multiplied by a factor around 1 and every zero point moved, so that nothing is where a calibration would put it.
"""

import json
import logging
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import make

RECORDS = 24


class Chain:
    """A network under construction; `shape` is that of its last value, channels first."""

    def __init__(self, rng):
        self.rng, self.nodes, self.constants, self.at = rng, [], {}, "x"
        self.shape = [int(rng.integers(2, 5)), int(rng.integers(5, 9)), int(rng.integers(5, 9))]
        self.record = list(self.shape)
        self.older = []

    def add(self, op, inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append((op, inputs, name, attributes))
        self.at = name

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def weights(self, *shape):
        return self.constant(make.weights(self.rng, *shape) * self.rng.uniform(0.3, 2))

    def conv(self):
        rng, (channels, rows, columns) = self.rng, self.shape
        groups = int(rng.choice([group for group in [1, 2, channels] if channels % group == 0]))
        out, kernel, pads = groups * int(rng.integers(1, 4)), int(rng.choice([1, 2, 3])), [int(p) for p in rng.integers(0, 2, 4)]
        stride = int(rng.integers(1, 3))
        inputs = [self.at, self.weights(out, channels // groups, kernel, kernel)]
        if rng.random() < 0.7:
            inputs.append(self.weights(out))
        self.add("Conv", inputs, pads=pads, strides=[stride, stride], group=groups, kernel_shape=[kernel, kernel])
        self.shape = [out, (rows + pads[0] + pads[2] - kernel) // stride + 1, (columns + pads[1] + pads[3] - kernel) // stride + 1]

    def pool(self):
        op = self.rng.choice(["MaxPool", "AveragePool"])
        pads = [int(p) for p in self.rng.integers(0, 2, 4)]
        extra = {"count_include_pad": int(self.rng.integers(0, 2))} if op == "AveragePool" else {}
        self.add(op, [self.at], kernel_shape=[2, 2], pads=pads, **extra)
        self.shape = [self.shape[0], self.shape[1] + pads[0] + pads[2] - 1, self.shape[2] + pads[1] + pads[3] - 1]

    def function(self):
        self.add(str(self.rng.choice(["Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Elu"])), [self.at])

    def clip(self):
        self.add("Clip", [self.at, self.constant(np.float32(-0.7)), self.constant(np.float32(0.9))])

    def pad(self):
        self.add("Pad", [self.at, self.constant([0, 0, 1, 0, 0, 0, 0, 1]), self.constant(np.float32(self.rng.choice([0, 0.4])))])
        self.shape = [self.shape[0], self.shape[1] + 1, self.shape[2] + 1]

    def slice(self):
        self.add("Slice", [self.at, self.constant([1]), self.constant([100]), self.constant([2])])
        self.shape = [self.shape[0], self.shape[1] - 1, self.shape[2]]

    def transpose(self):
        self.add("Transpose", [self.at], perm=[0, 1, 3, 2])
        self.shape = [self.shape[0], self.shape[2], self.shape[1]]

    def scale(self):
        op, value = self.rng.choice(["Mul", "Add"]), self.rng.normal(0, 1, self.rng.choice([1, self.shape[2]]))
        self.add(str(op), [self.at, self.constant(value.astype(np.float32))])

    def joined(self):
        """With an older value of the shape, if there is one: added, multiplied or concatenated."""
        same = [name for name, shape in self.older if shape == self.shape]
        if not same:
            return self.function()
        op = str(self.rng.choice(["Add", "Sub", "Mul", "Concat"]))
        self.add(op, [self.at, str(self.rng.choice(same))], **({"axis": 1} if op == "Concat" else {}))
        self.shape = [self.shape[0] * (2 if op == "Concat" else 1), *self.shape[1:]]

    def softmax(self):
        self.add("Softmax", [self.at], axis=int(self.rng.choice([1, 2, -1])))

    def norm(self):
        each = lambda: self.constant(self.rng.normal(0.8, 0.3, self.shape[0]).astype(np.float32))
        self.add("InstanceNormalization", [self.at, each(), each()])

    def products(self):
        """The matrix product with its own transpose."""
        value, shape = self.at, self.shape
        self.transpose()
        self.add("MatMul", [value, self.at])
        self.shape = [shape[0], shape[1], shape[1]]

    def finish(self):
        self.add("GlobalAveragePool", [self.at])
        self.add("Flatten", [self.at])
        self.nodes.append(("Gemm", [self.at, self.weights(3, self.shape[0]), self.weights(3)], "y", {"transB": 1}))


STEPS = [Chain.conv, Chain.conv, Chain.pool, Chain.function, Chain.clip, Chain.pad, Chain.slice, Chain.transpose, Chain.scale, Chain.joined]
STEPS += [Chain.joined, Chain.softmax, Chain.norm, Chain.products]


def network(rng, opset):
    chain = Chain(rng)
    chain.conv()
    for _ in range(rng.integers(3, 9)):
        chain.older.append((chain.at, list(chain.shape)))
        step = STEPS[rng.integers(len(STEPS))]
        if min(chain.shape[1:]) >= 3:
            step(chain)
    chain.finish()
    built = make.model("random", chain.record, chain.nodes, chain.constants)
    built.opset_import[0].version = opset
    return onnx.shape_inference.infer_shapes(built), chain.record


def moved(rng, proto):
    """The same network with other steps and zero points of activations."""
    for tensor in proto.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.name.endswith("_scale") and value.size == 1:
            value = np.float32(value * rng.uniform(0.6, 1.3))
        elif tensor.name.endswith("_zero_point") and value.size == 1 and value.dtype in (np.uint8, np.int8) and value != 0:
            info = np.iinfo(value.dtype)
            value = np.clip(int(value) + rng.integers(-25, 26), info.min, info.max).astype(value.dtype)
        else:
            continue
        tensor.CopyFrom(numpy_helper.from_array(np.asarray(value).reshape(numpy_helper.to_array(tensor).shape), tensor.name))
    return proto


def main(folder, count=40, seed=1):
    logging.disable(logging.CRITICAL)
    folder.mkdir(parents=True, exist_ok=True)
    ways = list(make.ways())
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        opset, (way, settings) = int(rng.choice([13, 17, 21])), ways[index % len(ways)]
        try:
            built, shape = network(rng, opset)
            records = np.round(rng.normal(0, 1, (RECORDS, *shape)).astype(np.float32), 3)
            proto = make.quantised(built, records, settings)
            proto = proto if settings is None else moved(rng, proto)
            case = make.case(f"random {index}: {way}, opset {opset}", proto, records)
            case["answers"] = list(make.answers(proto, records))
        except Exception as error:  # ONNX Runtime does not quantise or run everything
            print(f"{index} left out: {str(error).splitlines()[0][:120]}")
            continue
        operators = [node[0] for node in [(n.op_type,) for n in built.graph.node]]
        (folder / f"random-{index:03}.json").write_text(json.dumps(case, separators=(",", ":")), encoding="utf-8")
        print(case["name"], *operators)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
