"""The digits of `models/digits`, split as there: 1437 to train on, 360 held out; pixels from 0 to 16."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import train_digits
from common import About, Records

LABELS = train_digits.CLASSES


def load():
    bundle = load_digits()
    images = bundle.images[:, None].astype(np.float32)
    split = train_test_split(
        images, bundle.target, test_size=train_digits.HELD_OUT, stratify=bundle.target, random_state=train_digits.SEED
    )
    x_train, x_held, y_train, y_held = split
    return Records(x_train, y_train, x_held, y_held)


def about(name, description):
    features = [(pixel, "1/16 of black") for pixel in train_digits.NAMES]
    return About(name, f"Handwritten digits, 8 x 8 pixels: {description}", LABELS, features)
