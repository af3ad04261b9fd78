//! Models that are quantised already keep their integers: node by node, with ONNX Runtime's own integers as input, no level is more than
//! one from ONNX Runtime's, and hardly any differs; end to end the class is the same.

mod case;
mod hostile;
mod measured;
mod same;
mod sound;
