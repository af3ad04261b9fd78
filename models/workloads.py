"""Write networks of well-known sizes, with random weights, to measure zkdx on.

    python models/workloads.py OUT [NAME ...]

Needs numpy and onnx. For each name, by default all, it writes into OUT/NAME

* `model.onnx`: He-initialised weights from a fixed seed, never trained. Costs of proofs depend on shapes, not on weights;
  accuracy means nothing here. Statistics of batch normalisation are random too, near mean 0 and variance 1.
* `calibration.csv`: 16 records, uniform in [-1, 1], with the columns x1, x2, ...;
* `record.json`: one more record, as a list.
"""

import argparse
import json
import zlib
from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RECORDS = 16


class Network:
    """A model under construction: each method adds a layer behind `value` and returns its output."""

    def __init__(self, name, shape):
        self.name, self.shape = name, list(shape)
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.nodes, self.constants = [], []

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name

    def node(self, op, inputs, **attributes):
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weight(self, *shape):
        """He initialisation: variance 2 over the entries that each output reads."""
        return self.constant(self.rng.standard_normal(shape, np.float32) * np.sqrt(2 / prod(shape[1:])))

    def bias(self, count):
        return self.constant(self.rng.uniform(-0.1, 0.1, count))

    def conv(self, value, channels, filters, kernel, stride=1, pad=0, bias=True):
        inputs = [value, self.weight(filters, channels, kernel, kernel), *([self.bias(filters)] if bias else [])]
        return self.node("Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def norm(self, value, channels):
        ranges = [(0.8, 1.2), (-0.1, 0.1), (-0.1, 0.1), (0.8, 1.2)]  # scale, bias, mean, variance
        return self.node("BatchNormalization", [value, *(self.constant(self.rng.uniform(*r, channels)) for r in ranges)])

    def relu(self, value):
        return self.node("Relu", [value])

    def pool(self, value, kernel=2, stride=2, pad=0):
        return self.node("MaxPool", [value], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def dense(self, value, inputs, outputs, lift=0.0):
        self.classes = outputs  # of the last one
        bias = self.constant(self.rng.uniform(-0.1, 0.1, outputs) + lift)
        return self.node("Gemm", [value, self.weight(outputs, inputs), bias], transB=1)

    def layers(self, value, sizes, relu_last=False):
        """Dense layers with ReLU between them, and after the last where asked for: its scores are lifted above zero."""
        for index, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
            last = index + 2 == len(sizes)
            value = self.dense(value, inputs, outputs, lift=0.5 if last and relu_last else 0.0)
            if relu_last or not last:
                value = self.relu(value)
        return value

    def model(self, value):
        self.nodes[-1].output[0] = "scores"
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *self.shape])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", self.classes])],
            self.constants,
        )
        proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(proto)
        return proto


def lenet_5():
    net = Network("lenet-5", [1, 28, 28])
    value = net.pool(net.relu(net.conv("x", 1, 6, 5, pad=2)))
    value = net.pool(net.relu(net.conv(value, 6, 16, 5)))
    return net, net.layers(net.node("Flatten", [value]), [400, 120, 84, 10])


def cnn_264k():
    """The convolutional network of the published comparison of DeepProve with EZKL."""
    net = Network("cnn-264k", [3, 32, 32])
    value = net.pool(net.relu(net.conv("x", 3, 12, 5)))
    value = net.pool(net.relu(net.conv(value, 12, 33, 5)))
    return net, net.layers(net.node("Flatten", [value]), [825, 247, 173, 10])


def dense(name, width):
    net = Network(name, [4])
    return net, net.layers("x", [4, *[width] * 5, 3], relu_last=True)


def vgg16():
    net = Network("vgg16", [3, 32, 32])
    value, channels = "x", 3
    for filters in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]:
        if filters:
            value = net.relu(net.norm(net.conv(value, channels, filters, 3, pad=1), filters))
            channels = filters
        else:
            value = net.pool(value)
    return net, net.layers(net.node("Flatten", [value]), [512, 10])


def resnet_18():
    net = Network("resnet-18", [3, 64, 64])
    value = net.relu(net.norm(net.conv("x", 3, 64, 7, stride=2, pad=3, bias=False), 64))
    value, channels = net.pool(value, kernel=3, pad=1), 64
    for filters in [64, 128, 256, 512]:
        for block in range(2):
            value, channels = basic_block(net, value, channels, filters, 2 if block == 0 and filters > 64 else 1), filters
    return net, net.layers(net.node("Flatten", [net.node("GlobalAveragePool", [value])]), [512, 10])


def basic_block(net, value, channels, filters, stride):
    inner = net.relu(net.norm(net.conv(value, channels, filters, 3, stride, 1, bias=False), filters))
    inner = net.norm(net.conv(inner, filters, filters, 3, pad=1, bias=False), filters)
    if (channels, stride) != (filters, 1):
        value = net.norm(net.conv(value, channels, filters, 1, stride, bias=False), filters)
    return net.relu(net.node("Add", [inner, value]))


WORKLOADS = {
    "lenet-5": lenet_5,
    "cnn-264k": cnn_264k,
    "dense-1m": lambda: dense("dense-1m", 512),
    "dense-4m": lambda: dense("dense-4m", 1024),
    "vgg16": vgg16,
    "resnet-18": resnet_18,
}


def write(folder, net, value):
    """Writes one workload, and returns its number of learned values."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(net.model(value).SerializeToString(deterministic=True))
    records = net.rng.uniform(-1, 1, (RECORDS + 1, prod(net.shape))).astype(np.float32)
    lines = [[f"x{i + 1}" for i in range(records.shape[1])], *([str(v) for v in row] for row in records[:-1])]
    (folder / "calibration.csv").write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")
    (folder / "record.json").write_text(json.dumps([float(str(v)) for v in records[-1]]) + "\n", encoding="utf-8")
    return sum(prod(constant.dims) for constant in net.constants)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("out", type=Path, help="folder to write into")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(WORKLOADS)}; all by default")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(WORKLOADS):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    for name in arguments.names or WORKLOADS:
        print(f"{name}: {write(arguments.out / name, *WORKLOADS[name]()):,} parameters", flush=True)


if __name__ == "__main__":
    main()
