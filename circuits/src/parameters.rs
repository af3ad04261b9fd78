//! Secret integers: a model's parameters, a patient's record, and blinding values.
//!
//! None of these types implements `Debug` or `Display`; all are wiped from memory when dropped.

use ark_ff::UniformRand;
use ndarray::ArrayD;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::field::Fr;

/// Everything learned from data: one integer tensor per [`ParameterSpec`](crate::architecture::ParameterSpec).
#[derive(Clone)]
pub struct Parameters(Vec<ArrayD<i64>>);

impl Parameters {
    /// Wraps tensors in the order of the architecture's parameter list.
    pub fn new(tensors: Vec<ArrayD<i64>>) -> Self {
        Self(tensors)
    }

    /// The tensors, in the order of the architecture's parameter list.
    pub fn tensors(&self) -> &[ArrayD<i64>] {
        &self.0
    }
}

impl Drop for Parameters {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(wipe);
    }
}

impl ZeroizeOnDrop for Parameters {}

/// A patient's record as the integers of the architecture's encoding, in feature order.
#[derive(Clone)]
pub struct Record(Vec<i64>);

impl Record {
    /// Wraps encoded entries. Use [`Encoding::encode`](crate::architecture::Encoding::encode) to make them from raw values.
    pub fn new(entries: Vec<i64>) -> Self {
        Self(entries)
    }

    /// The encoded entries, in feature order.
    pub fn entries(&self) -> &[i64] {
        &self.0
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Record {}

/// A uniformly random field element that hides what it is hashed with.
#[derive(Clone)]
pub struct Blinding(Fr);

impl Blinding {
    /// Draws a fresh value from a cryptographic generator.
    pub fn random(rng: &mut (impl ark_std::rand::RngCore + ark_std::rand::CryptoRng)) -> Self {
        Self(Fr::rand(rng))
    }

    /// Wraps a value read back from a secret file.
    pub fn from_field(value: Fr) -> Self {
        Self(value)
    }

    /// The value itself.
    pub fn expose(&self) -> &Fr {
        &self.0
    }
}

impl Drop for Blinding {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Blinding {}

/// Overwrites every entry of `tensor` with zero.
pub(crate) fn wipe(tensor: &mut ArrayD<i64>) {
    match tensor.as_slice_memory_order_mut() {
        Some(entries) => entries.zeroize(),
        None => tensor.iter_mut().for_each(Zeroize::zeroize),
    }
}
