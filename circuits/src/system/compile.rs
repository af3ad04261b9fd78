//! From an architecture to a tensor system.
use super::TensorSystem;
/// Why not.
#[derive(Clone, Debug)]
pub struct CompileError;
/// Compiles.
pub fn compile(_: &crate::Architecture) -> Result<TensorSystem, CompileError> { unimplemented!() }
