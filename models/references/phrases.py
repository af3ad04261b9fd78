"""Two classifiers of generated clinical phrases: a transformer block and an embedding bag.

A phrase tells of one or two symptoms of the category that is looked for, and often of one of another category that is denied
or long gone: "elderly woman denies wheeze at night and reports crushing chest pain since this morning". The words alone leave
doubt, their order does not: the bag cannot see it, the transformer can. A record is 32 word ids, with 0 behind the end;
`vocabulary.json` lists the words by id.

It is made up, and of no clinical use.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np
from onnx import TensorProto

from common import SEED, About, Graph, Records, classifier, count, cross_entropy, fit, glorot, he

TOKENS, WIDTH, HEADS, INNER = 32, 64, 4, 128
BAG = 32  # width of the bag's embedding and of its hidden layer
EPSILON = 1e-5
TRAIN, HELD = 12000, 500


# --- Phrases ------------------------------------------------------------------

SYMPTOMS = {
    "cardiac": [
        "crushing chest pain",
        "chest tightness on exertion",
        "pressure behind sternum",
        "pain spreading to left arm",
        "irregular pulse",
        "palpitations at rest",
        "swollen ankles at night",
        "fainting on exertion",
    ],
    "respiratory": [
        "productive cough",
        "wheeze at night",
        "shortness of breath",
        "chest pain on deep breath",
        "coughing blood",
        "low oxygen at rest",
        "noisy breath",
        "dry cough on exertion",
    ],
    "neurological": [
        "sudden headache",
        "weakness of left arm",
        "slurred speech",
        "numbness in right leg",
        "seizure at night",
        "blurred vision",
        "loss of balance",
        "fainting with headache",
    ],
    "musculoskeletal": [
        "low back pain",
        "swollen right knee",
        "stiff neck",
        "pain in left arm on lifting",
        "chest pain on lifting",
        "swollen ankle from twisting",
        "tender right hip",
        "weakness of grip from injury",
    ],
}
LABELS = list(SYMPTOMS)
PEOPLE = [f"{age} {who}" for age in ["young", "elderly", "adult", "pregnant"] for who in ["woman", "patient"]]
PEOPLE += ["young man", "elderly man", "adult man", "small child", "school child"]
PRESENT = ["reports", "has", "presents with", "complains of", "now has", "develops"]
ABSENT = ["denies", "has no", "does not report", "no longer has", "is free of", "was treated years ago for", "once had"]
ENDINGS = ["", "", "since this morning", "for two days", "for three weeks", "after lunch", "comes and goes", "getting worse"]
ENDINGS += ["fever absent", "blood pressure normal", "known diabetes", "takes aspirin daily", "smoker", "never smoked"]


def phrase(rng, label):
    """The words of one phrase."""

    def pick(items):
        return items[rng.integers(len(items))]

    def clause(verbs, category, most):
        symptoms = rng.permutation(SYMPTOMS[category])[: rng.integers(1, most + 1)]
        return f"{pick(verbs)} {' and '.join(symptoms)}"

    other = (label + rng.integers(1, len(LABELS))) % len(LABELS)
    clauses = [clause(PRESENT, LABELS[label], 2)]
    if rng.random() < 0.5:
        clauses.append(clause(ABSENT, LABELS[other], 1))
    joined = pick([" but ", " and ", " also "]).join(rng.permutation(clauses))
    words = f"{pick(PEOPLE)} {joined} {pick(ENDINGS)}".split()
    return [word for word in words if rng.random() > 0.02]


def load():
    """Records, and the words by id; id 0 is no word."""
    rng = np.random.default_rng(SEED)
    y = rng.integers(0, len(LABELS), TRAIN + HELD)
    phrases = [phrase(rng, label)[:TOKENS] for label in y]
    vocabulary = ["", *sorted({word for words in phrases for word in words})]
    ids = {word: index for index, word in enumerate(vocabulary)}
    x = np.zeros((len(y), TOKENS), np.int64)
    for record, words in zip(x, phrases):
        record[: len(words)] = [ids[word] for word in words]
    return Records(x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]), vocabulary


def generate(root, name, description, initial, forward, export, *, least, **training):
    """Trains and writes a network of `initial(number of words)` weights whose logits are `forward(weights, ids)`."""
    records, vocabulary = load()
    loss = lambda weights, x, y: cross_entropy(forward(weights, x), y)
    weights = fit(loss, initial(len(vocabulary)), records.x_train, records.y_train, **training)
    about = About(name, description, LABELS, [(f"token{i}", "word id") for i in range(1, TOKENS + 1)])
    expected = forward(weights, records.x_held)
    line = classifier(root, name, export(weights), about, records, expected, size=count(weights), least=least)
    words = ",\n".join(f"  {json.dumps(word)}" for word in vocabulary)
    (root / name / "vocabulary.json").write_text(f"[\n{words}\n]\n", encoding="utf-8")
    return line


# --- Transformer --------------------------------------------------------------


def transformer_initial(words):
    rng = np.random.default_rng(SEED)
    weights = {"words.weight": rng.normal(0, 0.5, (words, WIDTH)), "positions.weight": rng.normal(0, 0.1, (TOKENS, WIDTH))}
    for name in ["query", "key", "value", "out"]:  # matrices for products from the right
        weights |= {f"{name}.weight": glorot(rng, WIDTH, WIDTH), f"{name}.bias": np.zeros(WIDTH)}
    weights |= {"inner.weight": he(rng, INNER, WIDTH).T, "inner.bias": np.zeros(INNER)}
    weights |= {"outer.weight": glorot(rng, INNER, WIDTH), "outer.bias": np.zeros(WIDTH)}
    for name in ["norm1", "norm2"]:
        weights |= {f"{name}.weight": np.ones(WIDTH), f"{name}.bias": np.zeros(WIDTH)}
    return weights | {"fc.weight": glorot(rng, len(LABELS), WIDTH), "fc.bias": np.zeros(len(LABELS))}


def transformer(weights, ids):
    """Layer normalisation before attention and before the feed-forward layers; padding is attended to like a word."""

    def dense(name, x):
        return x @ weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def norm(name, x):
        centred = x - x.mean(-1, keepdims=True)
        deviation = jnp.sqrt((centred**2).mean(-1, keepdims=True) + EPSILON)
        return centred / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def heads(x):
        return x.reshape(-1, TOKENS, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)

    x = weights["words.weight"][ids] + weights["positions.weight"]
    seen = norm("norm1", x)
    query, key, value = (heads(dense(name, seen)) for name in ["query", "key", "value"])
    attention = jax.nn.softmax(query @ key.transpose(0, 1, 3, 2) / np.sqrt(WIDTH // HEADS))
    x = x + dense("out", (attention @ value).transpose(0, 2, 1, 3).reshape(-1, TOKENS, WIDTH))
    x = x + dense("outer", jax.nn.gelu(dense("inner", norm("norm2", x)), approximate=False))
    return x.mean(1) @ weights["fc.weight"].T + weights["fc.bias"]


def transformer_export(weights):
    graph = Graph("phrases-transformer", weights)
    for name, value in [("half", 0.5), ("one", 1), ("root_two", np.sqrt(2)), ("temperature", np.sqrt(WIDTH // HEADS))]:
        graph.constant(name, value)
    graph.constant("split", [-1, TOKENS, HEADS, WIDTH // HEADS], np.int64)
    graph.constant("joined", [-1, TOKENS, WIDTH], np.int64)

    def dense(name, value):
        value = graph.node("MatMul", name, value, f"{name}.weight")
        return graph.node("Add", name, f"{name}.bias", value)

    def norm(name, value):
        inputs = [value, f"{name}.weight", f"{name}.bias"]
        return graph.node("LayerNormalization", name, *inputs, axis=-1, epsilon=EPSILON)

    def heads(name, perm):
        value = graph.node("Reshape", f"attention/{name}", dense(name, seen), "split")
        return graph.node("Transpose", f"attention/{name}", value, perm=perm)

    value = graph.node("Gather", "words", "words.weight", "ids")
    value = embedded = graph.node("Add", "positions", value, "positions.weight")
    seen = norm("norm1", value)
    query, key, values = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), heads("value", [0, 2, 1, 3])
    scores = graph.node("MatMul", "attention/scores", query, key)
    scores = graph.node("Div", "attention/scores", scores, "temperature")
    shares = graph.node("Softmax", "attention/scores", scores, axis=-1)
    value = graph.node("MatMul", "attention/mixed", shares, values)
    value = graph.node("Transpose", "attention/mixed", value, perm=[0, 2, 1, 3])
    value = graph.node("Reshape", "attention/mixed", value, "joined")
    value = attended = graph.node("Add", "residual1", embedded, dense("out", value))
    value = dense("inner", norm("norm2", value))
    curve = graph.node("Erf", "gelu", graph.node("Div", "gelu", value, "root_two"))
    value = graph.node("Mul", "gelu", value, graph.node("Add", "gelu", curve, "one"))
    value = graph.node("Mul", "gelu/half", value, "half")
    value = graph.node("Add", "residual2", attended, dense("outer", value))
    value = graph.node("ReduceMean", "mean", value, axes=[1], keepdims=0)
    graph.node("Gemm", "fc", value, "fc.weight", "fc.bias", output="logits", transB=1)
    graph.node("Softmax", "softmax", "logits", output="probabilities", axis=1)
    return graph.model(("ids", [TOKENS]), {"probabilities": [len(LABELS)]}, TensorProto.INT64)


def generate_transformer(root):
    description = (
        "The triage category of a generated phrase of up to 32 words: embeddings of words and positions, one transformer "
        "block with 4 heads, mean over tokens."
    )
    network = transformer_initial, transformer, transformer_export
    return generate(root, "phrases-transformer", description, *network, least=0.95, epochs=7, rate=2e-3)


# --- Bag ----------------------------------------------------------------------


def bag_initial(words):
    rng = np.random.default_rng(SEED)
    return {
        "words.weight": rng.normal(0, 0.5, (words, BAG)),
        "hidden.weight": he(rng, BAG, BAG),
        "hidden.bias": np.zeros(BAG),
        "fc.weight": glorot(rng, len(LABELS), BAG),
        "fc.bias": np.zeros(len(LABELS)),
    }


def bag(weights, ids):
    x = weights["words.weight"][ids].mean(1)
    x = jnp.maximum(x @ weights["hidden.weight"].T + weights["hidden.bias"], 0)
    return x @ weights["fc.weight"].T + weights["fc.bias"]


def bag_export(weights):
    graph = Graph("phrases-bag", weights)
    value = graph.node("Gather", "words", "words.weight", "ids")
    value = graph.node("ReduceMean", "mean", value, axes=[1], keepdims=0)
    value = graph.node("Gemm", "hidden", value, "hidden.weight", "hidden.bias", transB=1)
    value = graph.node("Relu", "relu", value)
    graph.node("Gemm", "fc", value, "fc.weight", "fc.bias", output="logits", transB=1)
    graph.node("Softmax", "softmax", "logits", output="probabilities", axis=1)
    return graph.model(("ids", [TOKENS]), {"probabilities": [len(LABELS)]}, TensorProto.INT64)


def generate_bag(root):
    description = "The triage category of a generated phrase of up to 32 words: the mean of word embeddings, and two dense layers."
    network = bag_initial, bag, bag_export
    return generate(root, "phrases-bag", description, *network, least=0.8, epochs=10, rate=5e-3, decay=1e-5)
