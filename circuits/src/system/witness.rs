//! Witness tensors.
use ndarray::ArrayD;
/// One value per entry of every tensor of a system.
pub struct SystemWitness { /// Row-major tensors, in the order of the system's tensors.
 pub tensors: Vec<ArrayD<i64>> }
/// Why there is no witness.
#[derive(Clone, Debug)]
pub struct WitnessError;
