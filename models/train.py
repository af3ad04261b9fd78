"""Train and export the example models, with their data and reference outputs.

    python models/train.py           write every generated file of models/
    python models/train.py --check   make them again elsewhere, and compare

The data is the Breast Cancer Wisconsin (Diagnostic) set bundled with
scikit-learn: 569 records of 30 features, labelled 0 = malignant, 1 = benign.
See models/README.md for what is made and models/data/README.md for the data.
`digits/` is made along with the rest, by train_digits.py.

The result is meant to be the same bytes on every machine:

* every seed is fixed and training runs on one thread;
* learned weights are rounded to multiples of 2^-20, far coarser than the last
  bits in which two linear-algebra libraries may differ;
* what skl2onnx leaves to chance, the order of the operator sets, is sorted;
* only `reference.csv`, computed by ONNX Runtime in 32-bit floats, may differ in
  its last digits from processor to processor. `--check` compares it by value.
"""

import argparse
import csv
import hashlib
import json
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

import train_digits

HERE = Path(__file__).resolve().parent
SEED = 0  # of the split, the folds and the initial weights
PAGES = ["README.md", "data/README.md"]  # quote what a run prints; `--check` holds them to it
HELD_OUT = 114  # records, a fifth of 569
VERSION = "1.0.0"  # of the models: change it when retraining on purpose
LABELS = ["malignant", "benign"]  # classes 0 and 1, scikit-learn's order
MALIGNANT = 0

HIDDEN = (64, 32)
OPSET = 17
IR_VERSION = 8  # the first one that goes with opset 17, so that most readers take it
WEIGHT_STEP = 2.0**-20
TOLERANCE = 1e-5  # ONNX Runtime (32-bit) against scikit-learn (64-bit), in probability

# The source names no units. Lengths and areas were counted in pixels of the
# digitised image; see models/data/README.md.
UNITS = {
    "radius": "pixel",
    "texture": "grey level",
    "perimeter": "pixel",
    "area": "pixel^2",
    "smoothness": "1",
    "compactness": "1",
    "concavity": "1",
    "concave points": "1",
    "symmetry": "1",
    "fractal dimension": "1",
}


# --- Data ---------------------------------------------------------------------


class Records(NamedTuple):
    """Records in the order of their file: `x` is [rows, 30] in float32, `y` the labels."""

    x: np.ndarray
    y: np.ndarray


class Data(NamedTuple):
    names: list[str]
    train: Records
    held_out: Records


def load() -> Data:
    """The bundled data, rounded to float32 first, so that training sees what the models see."""
    bundle = load_breast_cancer()
    x_train, x_held, y_train, y_held = train_test_split(
        bundle.data.astype(np.float32),
        bundle.target,
        test_size=HELD_OUT,
        stratify=bundle.target,
        random_state=SEED,
    )
    assert len(y_held) == HELD_OUT and list(bundle.target_names) == LABELS
    names = [str(name) for name in bundle.feature_names]
    return Data(names, Records(x_train, y_train), Records(x_held, y_held))


def features(names: list[str]) -> list[dict[str, str]]:
    """Name and unit of each column; `mean radius`, `radius error`, `worst radius` share a unit."""
    stems = [n.removeprefix("mean ").removeprefix("worst ").removesuffix(" error") for n in names]
    return [{"name": name, "unit": UNITS[stem]} for name, stem in zip(names, stems)]


# --- Training -----------------------------------------------------------------


def fit(estimator, grid: dict[str, list[float]], train: Records) -> Pipeline:
    """Standardise and fit; the strength of regularisation is the one with the
    lowest log-loss in five-fold cross-validation on the training records."""
    pipeline = Pipeline([("scaler", StandardScaler()), ("classifier", estimator)])
    search = GridSearchCV(
        pipeline,
        {f"classifier__{name}": values for name, values in grid.items()},
        scoring="neg_log_loss",
        cv=StratifiedKFold(5, shuffle=True, random_state=SEED),
    )
    search.fit(train.x.astype(np.float64), train.y)
    print(f"{type(estimator).__name__}: chose {search.best_params_}", file=sys.stderr)
    return search.best_estimator_


def fit_logreg(train: Records) -> Pipeline:
    model = fit(LogisticRegression(max_iter=1000), {"C": [0.03, 0.1, 0.3, 1, 3, 10]}, train)
    classifier = model["classifier"]
    classifier.coef_ = to_grid(classifier.coef_)
    classifier.intercept_ = to_grid(classifier.intercept_)
    return model


def fit_mlp(train: Records) -> Pipeline:
    estimator = MLPClassifier(HIDDEN, activation="relu", max_iter=2000, random_state=SEED)
    model = fit(estimator, {"alpha": [0.1, 0.3, 1, 3, 10]}, train)
    classifier = model["classifier"]
    classifier.coefs_ = [to_grid(w) for w in classifier.coefs_]
    classifier.intercepts_ = [to_grid(b) for b in classifier.intercepts_]
    return model


def to_grid(weights: np.ndarray) -> np.ndarray:
    """The nearest multiples of `WEIGHT_STEP`; adding zero turns -0 into 0."""
    return np.round(weights / WEIGHT_STEP) * WEIGHT_STEP + 0.0


# --- Export -------------------------------------------------------------------


def export_logreg(model: Pipeline, width: int) -> onnx.ModelProto:
    """As skl2onnx emits it by default, ZipMap included; only the input and the graph are named."""
    inputs = [("features", FloatTensorType([None, width]))]
    return in_order(convert_sklearn(model, name="breast-cancer-logreg", initial_types=inputs))


def export_mlp_skl2onnx(model: Pipeline, width: int) -> onnx.ModelProto:
    """Exactly as skl2onnx's shortest call emits it."""
    return in_order(to_onnx(model, np.zeros((1, width), np.float32)))


def in_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """skl2onnx lists the operator sets in the order of a Python set, which changes
    from run to run; the order means nothing, so sort it by domain."""
    proto.opset_import.sort(key=lambda opset: opset.domain)
    return proto


def export_mlp(model: Pipeline, width: int) -> onnx.ModelProto:
    """The network in standard operators only:

    probabilities = Softmax(Gemm(Relu(Gemm(Relu(Gemm((features - mean) / scale))))))

    scikit-learn's network ends in one logit z with P(benign) = sigmoid(z). The
    exported one ends in the two logits (-z/2, z/2), whose softmax is the same.
    Gemm weights are stored as [outputs, inputs] (`transB = 1`).
    """
    scaler, classifier = model["scaler"], model["classifier"]
    constants, nodes = [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def node(op, scope, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], name=f"{scope}/{op}", **attributes))
        return output

    def dense(scope, value, weight, bias, output):
        weight, bias = constant(f"{scope}/weight", weight), constant(f"{scope}/bias", bias)
        return node("Gemm", scope, [value, weight, bias], output, transB=1)

    value = "features"
    mean = constant("standardize/mean", scaler.mean_)
    value = node("Sub", "standardize", [value, mean], "standardize/centred")
    scale = constant("standardize/scale", scaler.scale_)
    value = node("Div", "standardize", [value, scale], "standardize/output")

    *hidden, last = zip(classifier.coefs_, classifier.intercepts_)
    for layer, (weight, bias) in enumerate(hidden, start=1):
        scope = f"hidden_{layer}"
        value = dense(scope, value, weight.T, bias, f"{scope}/linear")
        value = node("Relu", scope, [value], f"{scope}/output")

    split = np.array([[-0.5], [0.5]])  # z becomes (-z/2, z/2)
    value = dense("logits", value, split @ last[0].T, split @ last[1], "logits")
    node("Softmax", "probabilities", [value], "probabilities", axis=1)

    graph = helper.make_graph(
        nodes,
        "breast-cancer-mlp",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", width])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", len(LABELS)])],
        constants,
    )
    proto = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="zkdx models/train.py",
        producer_version=VERSION,
    )
    return onnx.shape_inference.infer_shapes(proto, check_type=True, strict_mode=True)


# --- Reference outputs --------------------------------------------------------


class Reference(NamedTuple):
    """What ONNX Runtime answers, row by row; logits only where the graph has them."""

    predicted: np.ndarray
    probabilities: np.ndarray
    logits: np.ndarray | None


def run(proto: onnx.ModelProto, x: np.ndarray) -> Reference:
    """Run the graph as it is written: no rewriting by the optimiser, one thread."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    with_logits = any(node.name == "logits/Gemm" for node in proto.graph.node)
    if with_logits:
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", len(LABELS)])
        proto = onnx.ModelProto.FromString(proto.SerializeToString())
        proto.graph.output.append(logits)
    session = ort.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])
    first, second = session.run(None, {session.get_inputs()[0].name: x})
    if with_logits:
        return Reference(second.argmax(axis=1), first, second)
    # skl2onnx: the labels, then one dictionary of class to probability per row (ZipMap).
    probabilities = np.array([[row[c] for c in range(len(LABELS))] for row in second], np.float32)
    return Reference(first, probabilities, None)


def agree(name: str, proto: onnx.ModelProto, model: Pipeline, data: Data) -> None:
    """The exported graph is valid, and answers on every record as scikit-learn does."""
    onnx.checker.check_model(proto, full_check=True)
    x = np.concatenate([data.train.x, data.held_out.x])
    got = run(proto, x)
    expected = model.predict_proba(x.astype(np.float64))
    apart = np.abs(got.probabilities - expected).max()
    if not np.array_equal(got.predicted, expected.argmax(axis=1)) or apart > TOLERANCE:
        raise SystemExit(f"{name}: ONNX Runtime and scikit-learn disagree (by {apart:.1e})")
    print(f"{name}: same labels as scikit-learn, probabilities {apart:.1e} apart", file=sys.stderr)


# --- Files --------------------------------------------------------------------


def shortest(value: np.float32) -> str:
    """The shortest decimal that gives back this float32, read directly or through float64."""
    text = str(value)
    assert np.float32(float(text)) == value
    return text


def write_csv(path: Path, header: list[str], rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_records(path: Path, names: list[str], records: Records) -> None:
    rows = ([*map(shortest, x), int(y)] for x, y in zip(records.x, records.y))
    write_csv(path, [*names, "label"], rows)


def write_reference(path: Path, reference: Reference) -> None:
    header = ["predicted", *(f"probability_{label}" for label in LABELS)]
    columns = [reference.probabilities]
    if reference.logits is not None:
        header += [f"logit_{label}" for label in LABELS]
        columns.append(reference.logits)
    values = np.concatenate(columns, axis=1)
    write_csv(path, header, ([int(p), *map(shortest, v)] for p, v in zip(reference.predicted, values)))


def json_list(items: list, indent: str) -> str:
    lines = ",\n".join(f"{indent}  {json.dumps(item)}" for item in items)
    return f"[\n{lines}\n{indent}]"


def write_card(path: Path, name: str, description: str, names: list[str]) -> None:
    head = {"name": name, "version": VERSION, "description": description, "labels": LABELS}
    fields = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    fields.append(f'  "features": {json_list(features(names), "  ")}')
    path.write_text("{\n" + ",\n".join(fields) + "\n}\n", encoding="utf-8")


def write_sums(root: Path) -> None:
    lines = [f"{digest(root / name)}  {name}\n" for name in generated(root)]
    (root / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def generated(root: Path) -> list[str]:
    """Every generated file under `root`, bar the sums themselves."""
    found = [p for kind in ("csv", "json", "onnx") for p in root.glob(f"*/*.{kind}")]
    return sorted(p.relative_to(root).as_posix() for p in found)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- The whole ----------------------------------------------------------------


class Example(NamedTuple):
    model: Pipeline
    proto: onnx.ModelProto
    description: str


def examples(data: Data) -> dict[str, Example]:
    """Every model folder, by name."""
    width = len(data.names)
    logreg, mlp = fit_logreg(data.train), fit_mlp(data.train)
    about = "Benign or malignant from 30 features of cell nuclei in a fine needle aspirate (WDBC): "
    shape = "-".join(map(str, (width, *HIDDEN, len(LABELS))))
    return {
        "logreg": Example(
            logreg,
            export_logreg(logreg, width),
            about + "logistic regression on standardised features, as exported by skl2onnx.",
        ),
        "mlp": Example(
            mlp,
            export_mlp(mlp, width),
            about + f"ReLU network {shape} with the standardisation of raw features inside.",
        ),
        "mlp-skl2onnx": Example(
            mlp,
            export_mlp_skl2onnx(mlp, width),
            about + "the weights of breast-cancer-mlp, as exported by skl2onnx (import fixture).",
        ),
    }


def generate(root: Path) -> list[str]:
    """Write everything under `root`; return the lines that the READMEs quote."""
    data = load()
    (root / "data").mkdir(parents=True, exist_ok=True)
    write_records(root / "data/held_out.csv", data.names, data.held_out)
    write_records(root / "data/calibration.csv", data.names, data.train)
    (root / "data/features.json").write_text(json_list(features(data.names), "") + "\n", encoding="utf-8")

    lines, references = [], {}
    for name, example in examples(data).items():
        agree(name, example.proto, example.model, data)
        folder = root / name
        folder.mkdir(exist_ok=True)
        (folder / "model.onnx").write_bytes(example.proto.SerializeToString(deterministic=True))
        write_card(folder / "card.json", f"breast-cancer-{name}", example.description, data.names)
        references[name] = run(example.proto, data.held_out.x)
        write_reference(folder / "reference.csv", references[name])
        lines.append(score(name, references[name], data.held_out.y))

    row = typical_malignant(references, data.held_out.y)
    record = dict(zip(data.names, (float(shortest(v)) for v in data.held_out.x[row])))
    (root / "data/record.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    lines.append(f"`data/record.json` is data row {row + 1} of `data/held_out.csv`")
    lines += train_digits.generate(root)
    write_sums(root)
    return lines


def score(name: str, reference: Reference, y: np.ndarray) -> str:
    """One row of the README's table; malignant counts as the positive class."""
    right = reference.predicted == y
    malignant = y == MALIGNANT
    figures = [
        f"{right.mean():.4f}",
        f"{roc_auc_score(malignant, reference.probabilities[:, MALIGNANT]):.4f}",
        f"{right[malignant].sum()} of {malignant.sum()}",
        f"{right[~malignant].sum()} of {(~malignant).sum()}",
    ]
    return f"| `{name}` | " + " | ".join(figures) + " |"


def typical_malignant(references: dict[str, Reference], y: np.ndarray) -> int:
    """The malignant held-out record of median score under `mlp`; every model must find it."""
    logits = references["mlp"].logits
    rows = np.flatnonzero(y == MALIGNANT)
    row = int(rows[np.argsort(logits[rows, MALIGNANT], kind="stable")[len(rows) // 2]])
    assert all(r.probabilities[row, MALIGNANT] > 0.95 for r in references.values())
    return row


# --- Check --------------------------------------------------------------------


def check() -> list[str]:
    """What is checked in, against its sums and against a fresh run: a list of complaints."""
    complaints = []
    listed = (HERE / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = dict(line.split("  ", 1)[::-1] for line in listed)
    if sorted(sums) != generated(HERE):
        complaints.append("SHA256SUMS does not list exactly the generated files")
    for name, expected in sums.items():
        if not (HERE / name).is_file() or digest(HERE / name) != expected:
            complaints.append(f"{name} is not the file that SHA256SUMS lists")

    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        lines = generate(fresh)
        folders = {name.split("/")[0] for name in generated(fresh)}  # the others are made by references/
        if generated(fresh) != [name for name in generated(HERE) if name.split("/")[0] in folders]:
            complaints.append("a fresh run makes other files than those checked in")
        for name in set(generated(fresh)) & set(generated(HERE)):
            if not same(fresh / name, HERE / name):
                complaints.append(f"{name} differs from a fresh run")

    prose = "".join((HERE / page).read_text(encoding="utf-8") for page in PAGES)
    complaints += [f"no README says: {line}" for line in lines if line not in prose]
    return sorted(complaints)


def same(fresh: Path, kept: Path) -> bool:
    """The same bytes; a reference may differ in the last digits of its numbers."""
    if fresh.read_bytes() == kept.read_bytes():
        return True
    if kept.name != "reference.csv":
        return False
    (head, *a), (kept_head, *b) = (list(csv.reader(p.open(encoding="utf-8"))) for p in (fresh, kept))
    a, b = np.array(a, float), np.array(b, float)
    if head != kept_head or a.shape != b.shape:
        return False
    return np.array_equal(a[:, 0], b[:, 0]) and np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE)


def warn_of_other_versions() -> None:
    for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines():
        name, _, pinned = line.partition("==")
        if pinned and (found := metadata.version(name)) != pinned:
            print(f"warning: {name} is {found}, not {pinned}: bytes may differ", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="compare a fresh run with the files")
    arguments = parser.parse_args()
    warn_of_other_versions()
    with threadpool_limits(1):
        if not arguments.check:
            print("\n".join(generate(HERE)))
        elif complaints := check():
            raise SystemExit("\n".join(complaints))
        else:
            print("models/ is what train.py makes")


if __name__ == "__main__":
    main()
