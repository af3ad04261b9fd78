//! Imports ONNX.
