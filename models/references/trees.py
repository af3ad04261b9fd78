"""Forests on the breast cytology of `models/data`, fitted by scikit-learn and exported by skl2onnx with its defaults.

`forest` is a random forest of 50 trees of depth 6, `boosting` gradient boosting with 100 trees of depth 3. The exported graphs
are TreeEnsembleClassifier, Cast and ZipMap. A threshold is no learned weight that could be rounded: moving it moves records.
"""

import numpy as np
import train
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

from common import SEED, TOLERANCE, About, Records, onnx, publish, run


def generate(root, name, model, description):
    data = train.load()
    model.fit(data.train.x, data.train.y)
    inputs = [("features", FloatTensorType([None, len(data.names)]))]
    proto = train.in_order(convert_sklearn(model, name=name, initial_types=inputs))
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "N"
    onnx.checker.check_model(proto, full_check=True)

    predicted, shares = run(proto, data.held_out.x)
    probabilities = np.array([[row[c] for c in range(len(train.LABELS))] for row in shares], np.float32)
    expected = model.predict_proba(data.held_out.x)
    assert np.array_equal(predicted, expected.argmax(1)) and np.abs(probabilities - expected).max() < TOLERANCE

    about = About(
        name,
        f"Benign or malignant from 30 features of cell nuclei in a fine needle aspirate (WDBC): {description}, as exported by skl2onnx.",
        train.LABELS,
        [(feature["name"], feature["unit"]) for feature in train.features(data.names)],
    )
    records = Records(data.train.x, data.train.y, data.held_out.x, data.held_out.y)
    trees = [tree for trees in model.estimators_ for tree in np.ravel(trees)]
    inner = sum(int((tree.tree_.feature >= 0).sum()) for tree in trees)
    leaves = sum(int(tree.tree_.n_leaves) for tree in trees)
    answers = {"probabilities": probabilities}
    return publish(root, name, proto, about, records, predicted, answers, size=inner + leaves, least=0.92)


def generate_forest(root):
    model = RandomForestClassifier(50, max_depth=6, random_state=SEED)
    return generate(root, "forest", model, "a random forest of 50 trees of depth 6")


def generate_boosting(root):
    model = GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=SEED)
    return generate(root, "boosting", model, "gradient boosting with 100 trees of depth 3")
