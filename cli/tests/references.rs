//! Every reference network that can be proven goes the whole way: quantised, proven, verified, accepted by the contract.

mod support;

use support::Place;

/// With the shape that its name promises: recurrent, residual, belief, text, tree and capsule models, one that marks each pixel, and two
/// that are quantised already.
const MODELS: [&str; 11] = [
    "dbn",
    "dbn-dynamic",
    "resnet-8",
    "resnet-8-int8",
    "ecg",
    "phrases-bag",
    "phrases-transformer",
    "forest",
    "boosting",
    "segmentation",
    "capsule",
];

#[test]
fn reference_models_are_accepted_on_chain() {
    for model in MODELS {
        let place = Place::new();
        let line = format!("bench models/{model}/model.onnx --calibrate models/{model}/calibration.csv --runs 1");
        let measured = place.ok_json(&line);
        assert_eq!(measured["accepted"], true, "{model}");
        assert_eq!(measured["tampered_rejected"], true, "{model}");
    }
}
