"""Makes ezkl's Solidity verifier for the ReLU network 30-64-32-2 of models/mlp, and the calldata of one proof, for gas.mjs.

    python -m venv V && V/bin/pip install ezkl==23.0.5 onnx==1.23.2 numpy==2.4.6
    V/bin/python peers/ezkl_verifier.py FOLDER [private|fixed|hashed]

The third argument is what happens to the weights: `private` binds them to nothing, `fixed` puts them into the verifying key, `hashed`
into the statement. The record is always hashed into the statement, the logits are public. Standardisation and softmax, which
zkdx takes with the model, are left out: ezkl gets standardised records and proves logits. The SRS is made here, so nobody
should rely on it. ezkl downloads a compiler for the verifier's ABI, which is not needed: its failure is passed over.
"""
import asyncio, csv, inspect, json, pathlib, sys
import ezkl, numpy, onnx

MODELS = pathlib.Path(__file__).resolve().parents[2] / "models"
RECORDS = 20


def step(name, **arguments):
    plain = {key: str(value) if isinstance(value, pathlib.Path) else value for key, value in arguments.items()}

    async def run():
        result = getattr(ezkl, name)(**plain)
        return await result if inspect.isawaitable(result) else result
    result = asyncio.run(run())
    if result is False:
        raise SystemExit(f"ezkl: {name} failed")
    return result


def network(path):
    """Writes the layers from standardised features to logits, for one record at a time; returns mean and scale of the features."""
    whole = MODELS / "mlp" / "model.onnx"
    onnx.utils.extract_model(str(whole), str(path), ["standardize/output"], ["logits"])
    model = onnx.load(path)
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]
    onnx.save(model, path)
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in onnx.load(whole).graph.initializer}
    return constants["standardize/mean"], constants["standardize/scale"]


def records(mean, scale):
    with open(MODELS / "data" / "calibration.csv", newline="") as file:
        rows = list(csv.reader(file))[1:RECORDS + 1]
    features = numpy.array([[float(entry) for entry in row[:30]] for row in rows])
    return ((features - mean) / scale).tolist()


def write(path, rows):
    path.write_text(json.dumps({"input_data": [[entry for row in rows for entry in row]]}))


def settings(folder, weights):
    arguments = ezkl.PyRunArgs()
    arguments.input_visibility, arguments.param_visibility, arguments.output_visibility = "hashed", weights, "public"
    model, path = folder / "network.onnx", folder / "settings.json"
    step("gen_settings", model=model, output=path, py_run_args=arguments)
    step("calibrate_settings", data=folder / "calibration.json", model=model, settings=path, target="resources")
    return path


def verifier(folder, key, settings_path, srs):
    code = folder / "verifier.sol"
    code.unlink(missing_ok=True)
    try:
        step("create_evm_verifier", vk_path=key, settings_path=settings_path, sol_code_path=code, abi_path=folder / "abi.json",
             srs_path=srs, reusable=False)
    except RuntimeError:
        if not code.exists():
            raise


def main(folder, weights="private"):
    folder.mkdir(parents=True, exist_ok=True)
    rows = records(*network(folder / "network.onnx"))
    write(folder / "calibration.json", rows)
    write(folder / "record.json", rows[:1])
    path = settings(folder, weights)
    names = ["circuit", "srs", "verifying.key", "proving.key", "witness.json", "proof.json"]
    compiled, srs, key, proving, witness, proof = (folder / name for name in names)
    rows_log = json.loads(path.read_text())["run_args"]["logrows"]
    step("compile_circuit", model=folder / "network.onnx", compiled_circuit=compiled, settings_path=path)
    step("gen_srs", srs_path=srs, logrows=rows_log)
    step("setup", model=compiled, vk_path=key, pk_path=proving, srs_path=srs)
    step("gen_witness", data=folder / "record.json", model=compiled, output=witness)
    step("prove", witness=witness, model=compiled, pk_path=proving, proof_path=proof, srs_path=srs)
    verifier(folder, key, path, srs)
    step("encode_evm_calldata", proof=proof, calldata=folder / "calldata")
    print(f"ezkl {ezkl.__version__}, weights {weights}, 2^{rows_log} rows: verifier.sol and calldata are in {folder}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])
