"""A deep belief network: sigmoid layers 30-64-32-2 on the breast cytology of `models/data`.

Each hidden layer is first trained without labels, as a restricted Boltzmann machine by contrastive divergence of one step:
the first has Gaussian visible units of variance 1, the second binary ones. Then a dense layer is put on top and the whole
network is fine-tuned with labels.
"""

import jax
import numpy as np
import train

from common import SEED, About, Graph, Records, classifier, count, cross_entropy, fit, glorot

SIZES = (30, 64, 32)
DESCRIPTION = (
    "Benign or malignant from 30 features of cell nuclei in a fine needle aspirate (WDBC): a deep belief network 30-64-32-2 "
    "with the standardisation of raw features inside"
)
EPOCHS, BATCH, RATE = 50, 35, 0.02  # of the pre-training


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def boltzmann(rng, visible, hidden, gaussian):
    """Weights [hidden, visible] and biases of the hidden units of a restricted Boltzmann machine."""
    weight, hidden_bias = rng.normal(0, 0.1, (hidden, visible.shape[1])), np.zeros(hidden)
    visible_bias = visible.mean(0) if gaussian else np.zeros(visible.shape[1])
    for _ in range(EPOCHS):
        for rows in np.split(rng.permutation(len(visible)), len(visible) // BATCH):
            data = visible[rows]
            seen = sigmoid(data @ weight.T + hidden_bias)
            sample = (rng.random(seen.shape) < seen).astype(float)
            dreamt = sample @ weight + visible_bias
            if not gaussian:
                dreamt = sigmoid(dreamt)
            again = sigmoid(dreamt @ weight.T + hidden_bias)
            weight += RATE * ((seen.T @ data - again.T @ dreamt) / len(rows) - 1e-3 * weight)
            hidden_bias += RATE * (seen - again).mean(0)
            visible_bias += RATE * (data - dreamt).mean(0)
    return weight, hidden_bias


def pretrained(x):
    rng = np.random.default_rng(SEED)
    weights = {}
    for layer, hidden in enumerate(SIZES[1:], 1):
        weight, bias = boltzmann(rng, x, hidden, gaussian=layer == 1)
        weights |= {f"rbm{layer}.weight": weight, f"rbm{layer}.bias": bias}
        x = sigmoid(x @ weight.T + bias)
    return weights | {"top.weight": glorot(rng, 2, SIZES[-1]), "top.bias": np.zeros(2)}


def forward(weights, x):
    for layer in ["rbm1", "rbm2"]:
        x = jax.nn.sigmoid(x @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"])
    return x @ weights["top.weight"].T + weights["top.bias"]


def export(weights, mean, scale):
    graph = Graph("dbn", {"mean": mean, "scale": scale} | weights)
    value = graph.node("Sub", "standardize", "features", "mean")
    value = graph.node("Div", "standardize", value, "scale")
    for layer in ["rbm1", "rbm2"]:
        value = graph.node("Gemm", layer, value, f"{layer}.weight", f"{layer}.bias", transB=1)
        value = graph.node("Sigmoid", layer, value)
    graph.node("Gemm", "top", value, "top.weight", "top.bias", output="logits", transB=1)
    graph.node("Softmax", "softmax", "logits", output="probabilities", axis=1)
    return graph.model(("features", [SIZES[0]]), {"probabilities": [2]})


def features(data):
    return [(feature["name"], feature["unit"]) for feature in train.features(data.names)]


def generate(root):
    data = train.load()
    mean, scale = (f(data.train.x.astype(np.float64), axis=0).astype(np.float32) for f in (np.mean, np.std))
    x_train, x_held = ((records.x.astype(np.float64) - mean) / scale for records in (data.train, data.held_out))
    loss = lambda weights, x, y: cross_entropy(forward(weights, x), y)
    weights = fit(loss, pretrained(x_train), x_train, data.train.y, epochs=40, batch=35, decay=3e-4)
    about = About("dbn", f"{DESCRIPTION}.", train.LABELS, features(data))
    records = Records(data.train.x, data.train.y, data.held_out.x, data.held_out.y)
    expected = forward(weights, x_held)
    return classifier(root, "dbn", export(weights, mean, scale), about, records, expected, size=count(weights), least=0.94)
