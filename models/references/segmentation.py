"""A small U-Net that marks the lesion in generated images of 32 x 32 grey levels from 0 to 15.

A lesion is a bright blob with a wavy edge on an uneven background with noise; bright lines, a pixel wide, cross the image and
belong to the background. It is made up, and of no clinical use.

The label of a record is its mask: the class of each pixel, row by row, with spaces between. `reference.csv` has the masks that
ONNX Runtime predicts for the held-out records as 256 hexadecimal digits, one bit for each pixel, the first pixel in the highest
bit; `scores.csv` has all its scores for the first record: those of the background, row by row, then those of the lesion.
"""

import jax.numpy as jnp
import numpy as np

from common import (
    SEED, TOLERANCE, About, Graph, conv, count, cross_entropy, fit, he, max_pool, row, run, write_model, write_records, write_table
)  # fmt: skip

SIDE, LABELS = 32, ["background", "lesion"]
TRAIN, HELD = 600, 100
CALIBRATION, SCORED = 32, 1  # fewer than elsewhere, to keep files small
LAYERS = {  # channels read, filters
    "enc1": (1, 8),
    "enc2": (8, 16),
    "middle": (16, 16),
    "dec2": (32, 16),
    "dec1": (24, 8),
}


# --- Data ---------------------------------------------------------------------


def image(rng):
    """Grey levels, and where the lesion is."""
    y, x = np.mgrid[:SIDE, :SIDE]
    slope = rng.uniform(-0.06, 0.06, 2)
    grey = rng.uniform(3, 5) + slope[0] * (x - SIDE / 2) + slope[1] * (y - SIDE / 2)
    center = rng.uniform(9, SIDE - 9, 2)
    angle, distance = np.arctan2(y - center[0], x - center[1]), np.hypot(y - center[0], x - center[1])
    waves = sum(rng.uniform(0, 0.15) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5))
    mask = distance < rng.uniform(3.5, 8.5) * (1 + waves)
    grey = grey + mask * rng.uniform(2.5, 5)
    for _ in range(rng.integers(0, 3)):
        turn = rng.uniform(0, np.pi)
        line = np.abs((x - SIDE / 2) * np.cos(turn) + (y - SIDE / 2) * np.sin(turn) - rng.uniform(-12, 12)) < 0.6
        grey = grey + line * ~mask * rng.uniform(2, 4)
    return np.clip(np.round(grey + rng.normal(0, 1, grey.shape)), 0, 15), mask


def load():
    """Images and masks: those to train on, then those held out."""
    rng = np.random.default_rng(SEED)
    images, masks = zip(*(image(rng) for _ in range(TRAIN + HELD)))
    return np.array(images, np.float32)[:, None], np.array(masks, int)


def hexadecimal(mask):
    return np.packbits(mask.ravel().astype(np.uint8)).tobytes().hex()


# --- Network ------------------------------------------------------------------


def initial():
    rng = np.random.default_rng(SEED)
    weights = {}
    for name, (channels, filters) in LAYERS.items():
        weights |= {f"{name}.weight": he(rng, filters, channels, 3, 3), f"{name}.bias": np.zeros(filters)}
    return weights | {"head.weight": he(rng, 2, LAYERS["dec1"][1], 1, 1), "head.bias": np.zeros(2)}


def forward(weights, x):
    layer = lambda name, x: jnp.maximum(conv(x, weights[f"{name}.weight"], weights[f"{name}.bias"], pad=1), 0)
    twice = lambda x: x.repeat(2, 2).repeat(2, 3)
    first = layer("enc1", x)
    second = layer("enc2", max_pool(first, 2, 2))
    x = layer("middle", max_pool(second, 2, 2))
    x = layer("dec2", jnp.concatenate([twice(x), second], 1))
    x = layer("dec1", jnp.concatenate([twice(x), first], 1))
    return conv(x, weights["head.weight"], weights["head.bias"])


def export(weights):
    graph = Graph("segmentation", weights)
    graph.constant("factor", 1 / 16)
    graph.constant("twice", [1, 1, 2, 2])

    def convolved(name, value, kernel):
        inputs = [value, f"{name}.weight", f"{name}.bias"]
        attributes = {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [1, 1]}
        return graph.node("Conv", name, *inputs, output="scores" if name == "head" else None, **attributes)

    layer = lambda name, value: graph.node("Relu", name, convolved(name, value, 3))
    pool = lambda name, value: graph.node("MaxPool", name, value, kernel_shape=[2, 2], strides=[2, 2])

    def up(name, value, skipped):
        attributes = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        value = graph.node("Resize", name, value, "", "twice", **attributes)
        return graph.node("Concat", name, value, skipped, axis=1)

    first = layer("enc1", graph.node("Mul", "scale", "pixels", "factor"))
    second = layer("enc2", pool("pool1", first))
    value = layer("middle", pool("pool2", second))
    value = layer("dec2", up("up2", value, second))
    value = layer("dec1", up("up1", value, first))
    convolved("head", value, 1)
    return graph.model(("pixels", [1, SIDE, SIDE]), {"scores": [2, SIDE, SIDE]})


def generate(root):
    images, masks = load()
    scaled = images.astype(np.float64) / 16
    loss = lambda weights, x, y: cross_entropy(forward(weights, x).transpose(0, 2, 3, 1), y)
    weights = fit(loss, initial(), scaled[:TRAIN], masks[:TRAIN], epochs=10, batch=10, rate=4e-3, decay=1e-4)
    proto = export(weights)
    held, truth = images[TRAIN:], masks[TRAIN:]
    [scores] = run(proto, held)
    assert np.abs(scores - forward(weights, scaled[TRAIN:])).max() < TOLERANCE
    predicted = scores.argmax(1)
    right = (predicted == truth).mean()
    assert right >= 0.97, right

    about = About(
        "segmentation",
        "The lesion in a generated image of 32 x 32 grey levels: a small U-Net with a score for both classes at each pixel.",
        LABELS,
        [(f"x{i}", "grey level") for i in range(1, SIDE * SIDE + 1)],
    )
    folder = root / "segmentation"
    write_model(folder, proto, about)
    write_records(folder / "calibration.csv", about, images[:CALIBRATION])
    write_records(folder / "held_out.csv", about, held, (" ".join(map(str, mask.ravel())) for mask in truth))
    write_table(folder / "reference.csv", ["predicted"], ([hexadecimal(mask)] for mask in predicted))
    header = [f"score_{label}_{i}" for label in LABELS for i in range(1, SIDE * SIDE + 1)]
    write_table(folder / "scores.csv", header, (record.ravel() for record in scores[:SCORED]))
    dice = 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum())
    found = f"{(predicted == truth).sum():,} of {truth.size:,} pixels (Dice {dice:.4f})"
    return row("segmentation", count(weights), found, right)
