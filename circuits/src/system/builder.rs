//! Builds a tensor system layer by layer.
/// Adds tensors, tables and relations to a system under construction.
pub struct SystemBuilder<'a> { _p: std::marker::PhantomData<&'a ()> }
