"""Export the networks of `networks.py` by both of PyTorch's exporters, with what ONNX Runtime answers on them.

    python circuits/tests/exported/make.py

Needs torch, onnx, onnxruntime, onnxscript and numpy. Writes `NAME.script.onnx` (the exporter by TorchScript) and `NAME.dynamo.onnx` (the
newer one) beside this script, and `expected.json`: for each network the kind of its records, some records and their scores. Weights are
random with fixed seeds.
"""

import contextlib
import io
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import nn

import networks

HERE = Path(__file__).resolve().parent
RECORDS = 4


def table():
    return torch.randn(1, 10)


def image():
    return torch.rand(1, 1, 12, 12)


def series():
    return torch.randn(1, 12, 3)


def text():
    words = torch.randint(1, networks.WORDS, (1, 12))
    words[:, torch.randint(3, 12, (1,)).item() :] = 0
    return words


KINDS = {"table": (networks.TABLES, table), "image": (networks.IMAGES, image), "series": (networks.SERIES, series),
         "text": (networks.TEXTS, text)}


def prepared(make):
    """A network that is as if it had been trained: statistics are not their initial ones."""
    torch.manual_seed(7)
    network = make().eval()
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
    return network


def plain(path):
    """Without the exporter's notes of files and lines."""
    model = onnx.load(path)
    graphs = [model.graph, *model.functions]
    while graphs:
        graph = graphs.pop()
        graph.doc_string = ""
        del graph.metadata_props[:]
        for part in [*graph.node, *graph.value_info, *getattr(graph, "input", []), *getattr(graph, "output", [])]:
            if not isinstance(part, str):
                part.doc_string = ""
                del part.metadata_props[:]
        for node in graph.node:
            graphs += [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    del model.graph.value_info[:]
    model.doc_string = ""
    path.write_bytes(model.SerializeToString(deterministic=True))


def exported(network, record, path, dynamo):
    options = {"external_data": False} if dynamo else {}
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            torch.onnx.export(network, (record,), path, dynamo=dynamo, **options)
    except Exception:
        return False
    plain(path)
    return True


def answers(path, records):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [session.run(None, {name: record.numpy()})[0] for record in records]


def numbers(values):
    return [[float(f"{x:.8g}") for x in np.asarray(value, np.float32).ravel()] for value in values]


def main():
    warnings.filterwarnings("ignore")
    expected = {}
    for kind, (makes, record) in KINDS.items():
        for name, make in makes.items():
            network = prepared(make)
            records = [record() for _ in range(RECORDS)]
            for exporter in ["script", "dynamo"]:
                path = HERE / f"{name}.{exporter}.onnx"
                if not exported(network, records[0], path, exporter == "dynamo"):
                    print(f"{name}: PyTorch's {exporter} exporter does not export it")
                    continue
                scores = answers(path, records)
                expected[f"{name}.{exporter}"] = {"kind": kind, "records": numbers(records), "scores": numbers(scores)}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in sorted(expected.items()))
    (HERE / "expected.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
