//! The oracle.
/// What a witness violates.
#[derive(Clone, Debug)]
pub struct Violation;
