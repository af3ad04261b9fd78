"""Make networks that are quantised already, with what ONNX Runtime computes: cases of the test `kept`.

    python circuits/tests/kept/make.py

Needs numpy, onnx and onnxruntime (see models/requirements.txt). Networks with random weights are quantised by ONNX Runtime in six
ways each, and so is a small transformer. Of two, a variant is made: one takes the integers of its first grid as the record, one has
the weights of its last layer in floats. Writes `cases.jsonl` beside this script, one case a line: name, the model in hexadecimal, records, and for each record the
output and the integers of every quantised value, less their zero points. ONNX Runtime runs the graph as it is written, without its optimiser.

Convolutions of unsigned values by signed weights are made with 7 bits of weight where ONNX Runtime multiplies integers: on processors
without VNNI its sums of two products saturate at 16 bits.
"""

import json
import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

HERE = Path(__file__).resolve().parent
CALIBRATION, RECORDS = 48, 6
OPERANDS = {
    "QuantizeLinear": 2, "QLinearConv": 7, "QLinearMatMul": 7, "QLinearAdd": 7, "QLinearMul": 7, "QGemm": 8, "QLinearSigmoid": 4,
    "QLinearGlobalAveragePool": 4, "QLinearAveragePool": 4, "QLinearConcat": 1, "QLinearSoftmax": 4,
    "QLinearLeakyRelu": 4,
}  # the input that holds the output's zero point


def model(name, shape, nodes, constants, kind=TensorProto.FLOAT):
    tensors = [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()]
    nodes = [helper.make_node(op, inputs, [output], name=output, **attributes) for op, inputs, output, attributes in nodes]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("x", kind, [1, *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        tensors,
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.shape_inference.infer_shapes(built)


def weights(rng, *shape):
    return rng.normal(0, 1.5 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)


def dense(rng):
    constants = {"w1": weights(rng, 16, 12), "b1": weights(rng, 16), "w2": weights(rng, 8, 16), "w3": weights(rng, 3, 8), "b3": weights(rng, 3)}
    nodes = [
        ("Gemm", ["x", "w1", "b1"], "dense1", {"transB": 1}),
        ("Relu", ["dense1"], "relu1", {}),
        ("Gemm", ["relu1", "w2"], "dense2", {"transB": 1}),
        ("Sigmoid", ["dense2"], "sigmoid", {}),
        ("Gemm", ["sigmoid", "w3", "b3"], "logits", {"transB": 1}),
        ("Softmax", ["logits"], "y", {"axis": 1}),
    ]
    return model("dense", [12], nodes, constants)


def residual(rng):
    constants = {"w1": weights(rng, 6, 1, 3, 3), "b1": weights(rng, 6), "w2": weights(rng, 6, 3, 3, 3), "w3": weights(rng, 4, 12, 1, 1), "w4": weights(rng, 3, 4), "b4": weights(rng, 3)}
    nodes = [
        ("Conv", ["x", "w1", "b1"], "conv1", {"pads": [1, 1, 1, 1]}),
        ("Relu", ["conv1"], "relu1", {}),
        ("MaxPool", ["relu1"], "pool", {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Conv", ["pool", "w2"], "conv2", {"pads": [1, 1, 1, 1], "group": 2}),
        ("Add", ["conv2", "pool"], "sum", {}),
        ("Relu", ["sum"], "relu2", {}),
        ("Concat", ["relu2", "pool"], "joined", {"axis": 1}),
        ("Conv", ["joined", "w3"], "conv3", {"strides": [2, 2]}),
        ("GlobalAveragePool", ["conv3"], "mean", {}),
        ("Flatten", ["mean"], "flat", {}),
        ("Gemm", ["flat", "w4", "b4"], "y", {"transB": 1}),
    ]
    return model("residual", [1, 8, 8], nodes, constants)


def attention(rng):
    constants = {key: weights(rng, 6, 6) for key in ["query", "key", "value"]} | {"half": np.float32(0.4), "w": weights(rng, 30, 2), "b": weights(rng, 2), "flat_shape": np.array([1, 30])}
    nodes = [
        *(("MatMul", ["x", name], name[0], {}) for name in ["query", "key", "value"]),
        ("Transpose", ["k"], "kt", {"perm": [0, 2, 1]}),
        ("MatMul", ["q", "kt"], "pairs", {}),
        ("Mul", ["pairs", "half"], "scaled", {}),
        ("Sigmoid", ["scaled"], "gates", {}),
        ("MatMul", ["gates", "v"], "mixed", {}),
        ("Mul", ["mixed", "x"], "gated", {}),
        ("Reshape", ["gated", "flat_shape"], "flat", {}),
        ("MatMul", ["flat", "w"], "end", {}),
        ("Add", ["end", "b"], "y", {}),
    ]
    return model("attention", [5, 6], nodes, constants)


def transformer(rng):
    """Embeddings of words and positions, attention with two heads, and a Gelu, with norms before both."""
    width, tokens, words = 8, 6, 11
    constants = {name: weights(rng, width, width) for name in ["query", "key", "value", "out"]}
    constants |= {"words": weights(rng, words, width) * 3, "positions": weights(rng, tokens, width), "inner": weights(rng, width, 12), "outer": weights(rng, 12, width)}
    constants |= {f"{name}.{part}": rng.normal(part == "scale", 0.2, width).astype(np.float32) for name in ["norm1", "norm2"] for part in ["scale", "bias"]}
    constants |= {"w": weights(rng, 3, width), "b": weights(rng, 3), "temperature": np.float32(2), "root": np.float32(np.sqrt(2)), "one": np.float32(1), "half": np.float32(0.5)}
    constants |= {"split": np.array([1, tokens, 2, 4]), "joined": np.array([1, tokens, width])}
    norm = lambda name, x: ("LayerNormalization", [x, f"{name}.scale", f"{name}.bias"], name, {"axis": -1})
    nodes = [("Gather", ["words", "x"], "embedded", {}), ("Add", ["embedded", "positions"], "placed", {}), norm("norm1", "placed")]
    for name, perm in [("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])]:
        nodes += [("MatMul", ["norm1", name], f"{name}.all", {}), ("Reshape", [f"{name}.all", "split"], f"{name}.split", {}), ("Transpose", [f"{name}.split"], f"{name}.heads", {"perm": perm})]
    nodes += [
        ("MatMul", ["query.heads", "key.heads"], "pairs", {}),
        ("Div", ["pairs", "temperature"], "scores", {}),
        ("Softmax", ["scores"], "shares", {"axis": -1}),
        ("MatMul", ["shares", "value.heads"], "mixed", {}),
        ("Transpose", ["mixed"], "turned", {"perm": [0, 2, 1, 3]}),
        ("Reshape", ["turned", "joined"], "heads", {}),
        ("MatMul", ["heads", "out"], "attended", {}),
        ("Add", ["placed", "attended"], "residual1", {}),
        norm("norm2", "residual1"),
        ("MatMul", ["norm2", "inner"], "inside", {}),
        ("Div", ["inside", "root"], "argument", {}),
        ("Erf", ["argument"], "curve", {}),
        ("Add", ["curve", "one"], "above", {}),
        ("Mul", ["inside", "above"], "twice", {}),
        ("Mul", ["twice", "half"], "gelu", {}),
        ("MatMul", ["gelu", "outer"], "outside", {}),
        ("Add", ["residual1", "outside"], "residual2", {}),
        ("ReduceMean", ["residual2"], "mean", {"axes": [1], "keepdims": 0}),
        ("Gemm", ["mean", "w", "b"], "y", {"transB": 1}),
    ]
    return model("transformer", [tokens], nodes, constants, TensorProto.INT64)


class Reader(CalibrationDataReader):
    def __init__(self, name, records):
        self.records = iter({name: record[None]} for record in records)

    def get_next(self):
        return next(self.records, None)


def ways():
    """Name, and what ONNX Runtime's quantiser is told; nothing for one that runs without calibration."""
    qdq, integers = QuantFormat.QDQ, QuantFormat.QOperator
    u8, s8, s16 = QuantType.QUInt8, QuantType.QInt8, QuantType.QInt16
    yield "channels", {"quant_format": qdq, "per_channel": True, "activation_type": u8, "weight_type": s8}
    yield "signed", {"quant_format": qdq, "activation_type": s8, "weight_type": s8}
    yield "wide", {"quant_format": qdq, "activation_type": s16, "weight_type": s8, "extra_options": {"UseQDQContribOps": True}}
    yield "integers", {"quant_format": integers, "activation_type": u8, "weight_type": u8}
    yield "reduced", {"quant_format": integers, "per_channel": True, "reduce_range": True, "activation_type": u8, "weight_type": s8}
    yield "dynamic", None


def quantised(built, calibration, settings):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "integers.onnx"
        onnx.save(built, source)
        if settings is None:
            quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
        else:
            quantize_static(source, target, Reader(built.graph.input[0].name, calibration), **settings)
        return onnx.load(target)


def rounded(proto):
    """Name, output and zero point of every node whose output is quantised, constants aside."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type in OPERANDS and node.input[0] not in constants:
            yield node.name, node.output[0], constants[node.input[OPERANDS[node.op_type]]]


def mirrored(proto):
    """The same graph with negated weights, whose steps go to other channels; the grids of values stay as they are."""
    other = onnx.ModelProto.FromString(proto.SerializeToString())
    constants = {tensor.name: tensor for tensor in other.graph.initializer}

    def change(name, map):
        values = numpy_helper.to_array(constants[name])
        constants[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(map(values)).astype(values.dtype), name))

    for node in other.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in constants and constants[node.input[1]].dims:
            change(node.input[0], lambda levels: -levels.clip(-127))
            change(node.input[1], lambda steps: steps[::-1])
    return other


def of_integers(proto):
    """The same network behind its first QuantizeLinear: the record holds integers of 8 bits."""
    other = onnx.ModelProto.FromString(proto.SerializeToString())
    (first,) = [node for node in other.graph.node if node.input[0] == "x"]
    other.graph.node.remove(first)
    zeros = {tensor.name: tensor.data_type for tensor in other.graph.initializer}
    other.graph.input[0].type.tensor_type.elem_type = zeros[first.input[2]]
    for node in other.graph.node:
        node.input[:] = ["x" if name == first.output[0] else name for name in node.input]
    return other


def with_floats(proto, name):
    """The same network with the weights `name` in floats."""
    other = onnx.ModelProto.FromString(proto.SerializeToString())
    (node,) = [node for node in other.graph.node if node.op_type == "DequantizeLinear" and node.input[0] == f"{name}_quantized"]
    other.graph.node.remove(node)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in other.graph.initializer}
    integers, steps, zeros = (constants[name].astype(np.float32) for name in node.input)
    axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
    if steps.ndim:
        steps, zeros = (value.reshape([-1 if at == axis else 1 for at in range(integers.ndim)]) for value in [steps, zeros])
    other.graph.initializer.append(numpy_helper.from_array(np.float32((integers - zeros) * steps), node.output[0]))
    return other


def answers(proto, records):
    shown = onnx.ModelProto.FromString(proto.SerializeToString())
    values = list(rounded(proto))
    for _, output, zero in values:
        shown.graph.output.append(helper.make_tensor_value_info(output, helper.np_dtype_to_tensor_dtype(zero.dtype), None))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(shown.SerializeToString(), options, ["CPUExecutionProvider"])
    for record in records:
        output, *integers = session.run(None, {shown.graph.input[0].name: record[None]})
        levels = {name: (value.astype(int) - int(zero)).ravel().tolist() for (name, _, zero), value in zip(values, integers)}
        yield {"output": [float(f"{v:.9g}") for v in output.ravel()], "levels": levels}


def records_of(built):
    declared = built.graph.input[0].type.tensor_type
    shape = [CALIBRATION, *(dim.dim_value for dim in declared.shape.dim[1:])]
    rng = np.random.default_rng(8)
    if declared.elem_type == TensorProto.INT64:
        return rng.integers(0, 11, shape)
    return np.round(rng.normal(0, 1, shape).astype(np.float32), 3)


def case(name, proto, records, other=None):
    return {
        "name": name,
        "model": proto.SerializeToString(deterministic=True).hex(),
        "other": other and other.SerializeToString(deterministic=True).hex(),
        "calibration": [[float(f"{v:.9g}") for v in record.ravel()] for record in records],
        "answers": list(answers(proto, records[:RECORDS])),
    }


def cases():
    for network in [dense, residual, attention, transformer]:
        built = network(np.random.default_rng(7))
        records, name = records_of(built), network.__name__
        for way, settings in ways():
            proto = quantised(built, records, settings)
            yield case(f"{name}, {way}", proto, records, mirrored(proto) if way == "channels" else None)
            if (network, way) == (residual, "signed"):
                bytes_of = np.random.default_rng(9).integers(-128, 128, records.shape, np.int8)
                yield case(f"{name}, of integers", of_integers(proto), bytes_of)
            if (network, way) == (dense, "channels"):
                yield case(f"{name}, floats", with_floats(proto, "w2"), records)


def main():
    logging.disable(logging.WARNING)
    lines = [json.dumps(case, separators=(",", ":")) + "\n" for case in cases()]
    (HERE / "cases.jsonl").write_text("".join(lines), encoding="utf-8")
    print(len(lines), "cases")


if __name__ == "__main__":
    main()
