"""Reference networks as ONNX Runtime quantises them: their integers are kept.

`resnet-8-int8` has QuantizeLinear and DequantizeLinear around every operator, unsigned 8-bit activations calibrated on training records,
and signed 8-bit weights with a step for each channel. In `dbn-dynamic` every product is a MatMulInteger of values whose grid each record
chooses anew (DynamicQuantizeLinear).
"""

import logging
import tempfile
from pathlib import Path

import onnx
import train
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

import dbn
import digits
from common import CALIBRATION, About, Records, publish, run


MODELS = Path(__file__).resolve().parents[1]


class Reader(CalibrationDataReader):
    """Records one by one."""

    def __init__(self, name, x):
        self.records = iter({name: record[None]} for record in x)

    def get_next(self):
        return next(self.records, None)


def quantised(name, quantise):
    """The network in the folder `name`, prepared by ONNX Runtime and quantised by `quantise(source, target)`."""
    logging.disable(logging.WARNING)
    source = MODELS / name / "model.onnx"
    with tempfile.TemporaryDirectory() as folder:
        prepared, target = Path(folder) / "prepared.onnx", Path(folder) / "quantised.onnx"
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantise(prepared, target)
        proto = onnx.load(target)
    onnx.checker.check_model(proto)
    return proto


def classifier(root, name, proto, about, records, *, least):
    (probabilities,) = run(proto, records.x_held, ["probabilities"])
    predicted = probabilities.argmax(1)
    size = sum(onnx.numpy_helper.to_array(tensor).size for tensor in proto.graph.initializer)
    return publish(root, name, proto, about, records, predicted, {"probabilities": probabilities}, size=size, least=least)


def generate_residual(root):
    records = digits.load()

    def static(source, target):
        reader = Reader("pixels", records.x_train[:CALIBRATION])
        kinds = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
        quantize_static(source, target, reader, quant_format=QuantFormat.QDQ, per_channel=True, **kinds)

    about = digits.about("resnet-8-int8", "ResNet-8, quantised to 8 bits by ONNX Runtime.")
    return classifier(root, "resnet-8-int8", quantised("resnet-8", static), about, records, least=0.97)


def generate_belief(root):
    data = train.load()
    records = Records(data.train.x, data.train.y, data.held_out.x, data.held_out.y)
    dynamic = lambda source, target: quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
    about = About("dbn-dynamic", dbn.DESCRIPTION + ", with dynamically quantised products.", train.LABELS, dbn.features(data))
    return classifier(root, "dbn-dynamic", quantised("dbn", dynamic), about, records, least=0.94)
