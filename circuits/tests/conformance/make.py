"""Collect ONNX's own node tests for the operators that the importer claims, as cases of the conformance test.

    python circuits/tests/conformance/make.py [--check]

Needs numpy and onnx (see requirements.txt beside this script), whose package defines the tests (onnx.backend.test.case.node, Apache-2.0).
Writes `cases.jsonl` beside this script, one case a line: name, operator, the model in hexadecimal, what goes in and what must come out; and
`operators.jsonl`, a model of one node for each operator of ONNX, to ask whether it is imported at all. With `--check` nothing is
written: both must be what the package says, numbers to some 10⁻⁴, the last digits of which depend on the machine.

A model here has one record: the first input of a test stays one (of `Where` the second), the others become constants, and the first
output is flattened. Conditions are cast from floats and to floats. Tests of
`CumSum`, `Einsum` and `ReduceLogSumExp` are in 64-bit floats and are taken in 32-bit ones. Left out are tests whose record or output are no 32-bit floats, hold values that are not finite, or have more than 1024 entries, and tests of training.
"""

import json
import math
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

HERE = Path(__file__).resolve().parent
MOST = 1024
DOUBLES = {"CumSum", "Einsum", "ReduceLogSumExp"}
REGISTRY = HERE.parent.parent / "src" / "onnx"


def claimed():
    """Names of the operators in the importer's registry."""
    text = "".join(path.read_text() for path in sorted(REGISTRY.rglob("*.rs")))
    return set(re.findall(r'Operator::(?:onnx|ml)\(\s*"(\w+)"', text))


def plain(values):
    return isinstance(values, np.ndarray) and values.dtype == np.float32 and 0 < values.size <= MOST and np.isfinite(values).all()


def small(values):
    return isinstance(values, np.ndarray) and values.size <= MOST


def case(test):
    """The test with one record, or nothing where it has none."""
    model, ((inputs, outputs), *_) = test.model, test.data_sets
    node = model.graph.node[0]
    if node.op_type in DOUBLES and all(value.dtype in (np.float64, np.int32, np.int64) for value in inputs):
        single = lambda values: [value.astype(np.float32) if value.dtype == np.float64 else value for value in values]
        inputs, outputs = single(inputs), single(outputs)
    if not all(isinstance(value, np.ndarray) for value in [*inputs, outputs[0]]):
        return None
    answers = outputs[0].dtype == bool
    asks = bool(inputs) and inputs[0].dtype == bool and node.op_type != "Where"
    if asks:
        inputs = [np.asarray(inputs[0], np.float32), *inputs[1:]]
    if answers:
        outputs = [np.asarray(outputs[0], np.float32)]
    given = dict(zip((value.name for value in model.graph.input), inputs))
    record = list(given)[1 if node.op_type == "Where" else 0] if given else None
    if not given or "training" in test.name or not plain(given[record]) or not plain(outputs[0]) or not all(map(small, inputs)):
        return None
    constants = [numpy_helper.from_array(value, name) for name, value in given.items() if name != record]
    value = model.graph.output[0].name
    node = onnx.NodeProto.FromString(node.SerializeToString())
    if node.op_type != "Split" and node.output[0] == value:
        # Others that the test compares too: statistics, masks, last states.
        del node.output[1:]
    before, behind = [], []
    if asks:
        before = [helper.make_node("Cast", [record], ["asked"], to=onnx.TensorProto.BOOL)]
        node.input[0] = "asked"
    if answers:
        behind = [helper.make_node("Cast", [value], ["answer"], to=onnx.TensorProto.FLOAT)]
        value = "answer"
    nodes = [*before, node, *behind, helper.make_node("Flatten", [value], ["scores"], axis=0, name="flatten")]
    graph = helper.make_graph(
        nodes,
        "case",
        [helper.make_tensor_value_info(record, onnx.TensorProto.FLOAT, given[record].shape)],
        [helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, None)],
        constants,
    )
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    opsets.setdefault(node.domain, 1)
    # What is put behind a test is from ONNX's own operator set.
    opsets.setdefault("", 13)
    if before or behind:
        opsets[""] = max(opsets[""], 9)
    opsets = [helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items())]
    built = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    numbers = lambda values: [float(f"{v:.9g}") for v in values.ravel().astype(float)]
    return {
        "name": test.name.removeprefix("test_"),
        "operator": node.op_type,
        "model": built.SerializeToString(deterministic=True).hex(),
        "input": numbers(given[record]),
        "output": numbers(outputs[0]),
    }


def cases():
    names = claimed()
    tests = [test for test in collect_testcases(None) if len(test.model.graph.node) == 1]
    tests = [test for test in tests if test.model.graph.node[0].op_type in names]
    return sorted(filter(None, map(case, tests)), key=lambda case: (case["operator"], case["name"]))


def operators():
    """One node for each operator that is not deprecated, all its inputs being the record."""
    newest = {}
    for schema in onnx.defs.get_all_schemas():
        if schema.domain in ["", "ai.onnx.ml"] and not schema.deprecated:
            newest[schema.domain, schema.name] = schema
    value = lambda name: helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2])
    opsets = [helper.make_opsetid("", onnx.defs.onnx_opset_version()), helper.make_opsetid("ai.onnx.ml", 5)]
    models = []
    for (domain, name), schema in sorted(newest.items()):
        node = helper.make_node(name, ["x"] * schema.min_input, ["y"], domain=domain)
        model = helper.make_model(helper.make_graph([node], "one", [value("x")], [value("y")]), opset_imports=opsets, ir_version=8)
        models.append({"operator": name, "domain": domain, "model": model.SerializeToString(deterministic=True).hex()})
    return models


def close(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(math.isclose(x, y, rel_tol=1e-4, abs_tol=1e-6) for x, y in zip(a, b))
    return a == b


def check(path, rows):
    """Names of rows that are not in the file, or otherwise."""
    old = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    key = lambda row: row.get("name") or f"{row['domain']}.{row['operator']}"
    there = {key(row): row for row in old}
    same = lambda row: key(row) in there and all(close(value, there[key(row)].get(field)) for field, value in row.items())
    return sorted({key(row) for row in rows if not same(row)} | (there.keys() - {key(row) for row in rows}))


def main():
    files = {HERE / "cases.jsonl": cases(), HERE / "operators.jsonl": operators()}
    wrong = 0
    for path, rows in files.items():
        if "--check" in sys.argv[1:]:
            differ = check(path, rows)
            wrong += len(differ)
            print(f"{path.name}: {len(rows)} rows, {len(differ)} differ{': ' if differ else ''}{', '.join(differ[:20])}")
            continue
        lines = (json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
        path.write_text("".join(lines), encoding="utf-8")
        print(f"{path.name}: {len(rows)} rows")
    sys.exit(min(wrong, 1))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    np.random.seed(0)
    main()
