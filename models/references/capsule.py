"""A capsule network on handwritten digits of 8 x 8 pixels, with two iterations of dynamic routing.

After S. Sabour, N. Frosst and G. E. Hinton, *Dynamic Routing Between Capsules*, 2017: a convolution, 36 primary capsules of 8
values, and one capsule of 8 values for each digit, whose length is the score. Trained with their margin loss, without the
reconstruction.
"""

import jax
import jax.numpy as jnp
import numpy as np

import digits
from common import SEED, Graph, classifier, conv, count, fit, he

FILTERS, TYPES, SIDE, VALUES, CLASSES = 16, 4, 3, 8, 10
CAPSULES = TYPES * SIDE * SIDE
ROUTINGS = 2
EPSILON = 1e-7


def initial():
    rng = np.random.default_rng(SEED)
    return {
        "conv.weight": he(rng, FILTERS, 1, 3, 3),
        "conv.bias": np.zeros(FILTERS),
        "primary.weight": he(rng, TYPES * VALUES, FILTERS, 3, 3),
        "primary.bias": np.zeros(TYPES * VALUES),
        "digits.weight": rng.normal(0, 0.2, (CAPSULES, VALUES, CLASSES * VALUES)),
    }


def squash(x):
    """Keeps the direction, and brings the length n to n^2 / (1 + n^2)."""
    square = (x * x).sum(-1, keepdims=True)
    return x * (square / (1 + square)) / jnp.sqrt(square + EPSILON)


def forward(weights, x):
    """The length of each digit's capsule."""
    x = jnp.maximum(conv(x, weights["conv.weight"], weights["conv.bias"], pad=1), 0)
    x = conv(x, weights["primary.weight"], weights["primary.bias"], stride=2)
    x = x.reshape(-1, TYPES, VALUES, SIDE * SIDE).transpose(0, 1, 3, 2).reshape(-1, CAPSULES, VALUES)
    votes = jnp.einsum("nci,cio->nco", squash(x), weights["digits.weight"]).reshape(-1, CAPSULES, CLASSES, VALUES)
    preference = jnp.zeros((1, CAPSULES, CLASSES, 1))
    for routing in range(ROUTINGS):
        shares = jax.nn.softmax(preference, axis=2)
        capsules = squash((shares * votes).sum(1, keepdims=True))
        if routing < ROUTINGS - 1:
            preference = preference + (votes * capsules).sum(-1, keepdims=True)
    return jnp.sqrt((capsules * capsules).sum(-1)[:, 0] + EPSILON)


def margin_loss(weights, x, y):
    lengths = forward(weights, x)
    missing, extra = jnp.maximum(0.9 - lengths, 0) ** 2, jnp.maximum(lengths - 0.1, 0) ** 2
    return jnp.where(jnp.eye(CLASSES)[y] == 1, missing, 0.5 * extra).sum(1).mean()


def export(weights):
    graph = Graph("capsule", weights)
    for name, value in [("scale", 1 / 16), ("one", 1), ("epsilon", EPSILON)]:
        graph.constant(name, value)
    graph.constant("preference", np.zeros((1, CAPSULES, CLASSES, 1)))
    for name, values in [
        ("axis.capsules", [1]),
        ("axis.values", [-1]),
        ("shape.types", [-1, TYPES, VALUES, SIDE * SIDE]),
        ("shape.capsules", [-1, CAPSULES, VALUES]),
        ("shape.rows", [-1, CAPSULES, 1, VALUES]),
        ("shape.votes", [-1, CAPSULES, CLASSES, VALUES]),
    ]:
        graph.constant(name, values, np.int64)

    def squash(scope, value):
        square = graph.node("ReduceSum", scope, graph.node("Mul", f"{scope}/square", value, value), "axis.values", keepdims=1)
        factor = graph.node("Div", f"{scope}/factor", square, graph.node("Add", f"{scope}/factor", "one", square))
        root = graph.node("Sqrt", scope, graph.node("Add", f"{scope}/root", square, "epsilon"))
        return graph.node("Div", scope, graph.node("Mul", scope, value, factor), root)

    value = graph.node("Mul", "scale", "pixels", "scale")
    value = graph.node("Conv", "conv", value, "conv.weight", "conv.bias", kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1])
    value = graph.node("Relu", "relu", value)
    inputs = [value, "primary.weight", "primary.bias"]
    value = graph.node("Conv", "primary", *inputs, kernel_shape=[3, 3], pads=[0] * 4, strides=[2, 2])
    value = graph.node("Reshape", "primary/types", value, "shape.types")
    value = graph.node("Transpose", "primary", value, perm=[0, 1, 3, 2])
    value = squash("primary/squash", graph.node("Reshape", "primary/capsules", value, "shape.capsules"))
    value = graph.node("Reshape", "digits/rows", value, "shape.rows")
    value = graph.node("MatMul", "digits", value, "digits.weight")
    votes = graph.node("Reshape", "digits/votes", value, "shape.votes")
    preference = "preference"
    for routing in range(1, ROUTINGS + 1):
        scope = f"routing{routing}"
        shares = graph.node("Softmax", scope, preference, axis=2)
        value = graph.node("Mul", scope, shares, votes)
        value = graph.node("ReduceSum", scope, value, "axis.capsules", keepdims=1)
        capsules = squash(f"{scope}/squash", value)
        if routing < ROUTINGS:
            value = graph.node("Mul", f"{scope}/agreement", votes, capsules)
            value = graph.node("ReduceSum", f"{scope}/agreement", value, "axis.values", keepdims=1)
            preference = graph.node("Add", f"{scope}/agreement", preference, value)
    value = graph.node("Squeeze", "capsules", capsules, "axis.capsules")
    value = graph.node("Mul", "length", value, value)
    value = graph.node("ReduceSum", "length", value, "axis.values", keepdims=0)
    graph.node("Sqrt", "length", graph.node("Add", "length", value, "epsilon"), output="lengths")
    return graph.model(("pixels", [1, 8, 8]), {"lengths": [CLASSES]})


def generate(root):
    records = digits.load()
    x_train, x_held = (x.astype(np.float64) / 16 for x in (records.x_train, records.x_held))
    weights = fit(margin_loss, initial(), x_train, records.y_train, epochs=20, rate=3e-3, decay=1e-5)
    about = digits.about("capsule", "a capsule network with two iterations of routing; scores are lengths of capsules.")
    expected = forward(weights, x_held)
    return classifier(
        root, "capsule", export(weights), about, records, expected, size=count(weights), least=0.96, shown=["lengths"]
    )
