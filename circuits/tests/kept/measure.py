"""Write what ONNX Runtime computes of real models over many records: what `measured.rs` counts.

    python circuits/tests/kept/measure.py FOLDER [NETWORK ...]
    ZKDX_KEPT=FOLDER cargo test --release -p zkdx-circuits --test kept -- --ignored --nocapture measured

The networks of `models/` are quantised in four ways each, as `make.py` beside this script does it, and run node by node on all digits, all
records of breast cytology, and 1,200 phrases and 1,200 series that are generated for this. One file for each model, of up to 200 MB.
"""

import json
import logging
import os
import sys
from pathlib import Path

MODELS = Path(__file__).resolve().parents[3] / "models"
sys.path += [str(MODELS), str(MODELS / "references")]

import numpy as np
import onnx
from onnxruntime.quantization import QuantFormat, QuantType
from onnxruntime.quantization.shape_inference import quant_pre_process

import make

GENERATED, CALIBRATED = 1200, 200


def digit_images():
    import digits

    records = digits.load()
    return np.concatenate([records.x_train, records.x_held])


def cytology():
    import train

    data = train.load()
    return np.concatenate([data.train.x, data.held_out.x])


def phrases():
    import phrases

    records, vocabulary = phrases.load()
    ids = {word: index for index, word in enumerate(vocabulary)}
    rng = np.random.default_rng(2)
    x = np.zeros((GENERATED, phrases.TOKENS), np.int64)
    for record in x:
        words = [ids[word] for word in phrases.phrase(rng, rng.integers(len(phrases.LABELS))) if word in ids][: phrases.TOKENS]
        record[: len(words)] = words
    return np.concatenate([records.x_train[:CALIBRATED], x])


def series():
    import ecg

    rng = np.random.default_rng(2)
    x = np.array([ecg.series(rng, label) for label in rng.integers(0, len(ecg.LABELS), GENERATED)], np.float32)[:, None]
    return np.concatenate([ecg.load().x_train[:CALIBRATED], x])


# Folder of the network, its records (the first of which calibrate it), and whether these are measured too.
NETWORKS = {
    "digits": (digit_images, True),
    "resnet-8": (digit_images, True),
    "dbn": (cytology, True),
    "phrases-transformer": (phrases, False),
    "ecg": (series, False),
}


def ways():
    qdq, integers = QuantFormat.QDQ, QuantFormat.QOperator
    u8, s8 = QuantType.QUInt8, QuantType.QInt8
    yield "QDQ, weights by channel", {"quant_format": qdq, "per_channel": True, "reduce_range": True, "activation_type": u8, "weight_type": s8}
    yield "QDQ, signed, one step", {"quant_format": qdq, "activation_type": s8, "weight_type": s8}
    yield "QLinear operators, unsigned", {"quant_format": integers, "activation_type": u8, "weight_type": u8}
    yield "dynamic", None


def main(folder, names):
    logging.disable(logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or NETWORKS:
        load, all_measured = NETWORKS[name]
        records, prepared = load(), folder / "prepared.onnx"
        quant_pre_process(MODELS / name / "model.onnx", prepared, skip_symbolic_shape=True)
        built = onnx.load(prepared)
        os.remove(prepared)
        for number, (way, settings) in enumerate(ways()):
            proto = make.quantised(built, records[:CALIBRATED], settings)
            case = make.case(f"{name}: {way}", proto, records[:CALIBRATED])
            measured = records if all_measured else records[CALIBRATED:]
            case["records"] = [[float(f"{v:.9g}") for v in record.ravel()] for record in measured]
            case["answers"] = list(make.answers(proto, measured))
            (folder / f"{name}-{number}.json").write_text(json.dumps(case, separators=(",", ":")), encoding="utf-8")
            print(case["name"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
