//! The attributes of one node. Each is taken by the converter that knows it; one that nobody takes is an error.

use std::collections::BTreeMap;

use ndarray::{Array1, arr0};

use super::error::{Reason, printable};
use super::proto::{AttributeProto, AttributeType};
use super::tensor::{Tensor, utf8};

/// Attributes that the converter has not taken yet.
pub(super) struct Attributes(BTreeMap<String, AttributeProto>);

impl Attributes {
    pub(super) fn new(attributes: Vec<AttributeProto>) -> Result<Self, Reason> {
        let mut by_name = BTreeMap::new();
        for attribute in attributes {
            let name = attribute.name.clone();
            if !attribute.ref_attr_name.is_empty() {
                return bad(&name, "refers to a function's attribute");
            }
            if by_name.insert(name.clone(), attribute).is_some() {
                return bad(&name, "is given twice");
            }
        }
        Ok(Self(by_name))
    }

    pub(super) fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// Refuses what is left.
    pub(super) fn finish(self) -> Result<(), Reason> {
        match self.0.into_keys().next() {
            Some(name) => bad(&name, "is not one that is known for this operator"),
            None => Ok(()),
        }
    }

    /// Drops an attribute that does not change what is computed.
    pub(super) fn ignore(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(super) fn float(&mut self, name: &str, default: f32) -> Result<f32, Reason> {
        Ok(self.optional_float(name)?.unwrap_or(default))
    }

    pub(super) fn optional_float(&mut self, name: &str) -> Result<Option<f32>, Reason> {
        match self.take(name, AttributeType::Float)?.map(|attribute| attribute.f) {
            Some(value) if !value.is_finite() => bad(name, "is NaN or infinite"),
            value => Ok(value),
        }
    }

    /// A float that may be NaN or infinite.
    pub(super) fn any_float(&mut self, name: &str) -> Result<Option<f32>, Reason> {
        Ok(self.take(name, AttributeType::Float)?.map(|attribute| attribute.f))
    }

    pub(super) fn int(&mut self, name: &str, default: i64) -> Result<i64, Reason> {
        Ok(self.optional_int(name)?.unwrap_or(default))
    }

    pub(super) fn optional_int(&mut self, name: &str) -> Result<Option<i64>, Reason> {
        Ok(self.take(name, AttributeType::Int)?.map(|attribute| attribute.i))
    }

    /// An integer that is 0 or 1.
    pub(super) fn flag(&mut self, name: &str, default: bool) -> Result<bool, Reason> {
        match self.int(name, default.into())? {
            0 => Ok(false),
            1 => Ok(true),
            _ => bad(name, "is not 0 or 1"),
        }
    }

    pub(super) fn text(&mut self, name: &str, default: &str) -> Result<String, Reason> {
        Ok(self.optional_text(name)?.unwrap_or_else(|| default.into()))
    }

    pub(super) fn optional_text(&mut self, name: &str) -> Result<Option<String>, Reason> {
        self.take(name, AttributeType::String)?.map(|attribute| utf8(attribute.s)).transpose()
    }

    pub(super) fn floats(&mut self, name: &str) -> Result<Option<Vec<f32>>, Reason> {
        let values = self.take(name, AttributeType::Floats)?.map(|attribute| attribute.floats);
        match values {
            Some(values) if !values.iter().all(|x| x.is_finite()) => bad(name, "holds values that are NaN or infinite"),
            values => Ok(values),
        }
    }

    pub(super) fn ints(&mut self, name: &str) -> Result<Option<Vec<i64>>, Reason> {
        Ok(self.take(name, AttributeType::Ints)?.map(|attribute| attribute.ints))
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Reason> {
        let strings = self.take(name, AttributeType::Strings)?.map(|attribute| attribute.strings);
        strings.map(|strings| strings.into_iter().map(utf8).collect()).transpose()
    }

    pub(super) fn tensor(&mut self, name: &str) -> Result<Option<Tensor>, Reason> {
        let tensor = self.take(name, AttributeType::Tensor)?.and_then(|attribute| attribute.t);
        tensor.map(Tensor::read).transpose()
    }

    /// A scalar under one name or a list under another.
    pub(super) fn float_tensor(&mut self, scalar: &str, list: &str) -> Result<Option<Tensor>, Reason> {
        let scalar = self.optional_float(scalar)?.map(|value| Tensor::Float(arr0(value).into_dyn()));
        Ok(scalar.or(self.floats(list)?.map(|values| Tensor::Float(Array1::from(values).into_dyn()))))
    }

    /// A scalar under one name or a list under another.
    pub(super) fn int_tensor(&mut self, scalar: &str, list: &str) -> Result<Option<Tensor>, Reason> {
        let scalar = self.optional_int(scalar)?.map(|value| Tensor::Int(arr0(value).into_dyn()));
        Ok(scalar.or(self.ints(list)?.map(|values| Tensor::Int(Array1::from(values).into_dyn()))))
    }

    /// Class labels of `ai.onnx.ml` operators: integers or strings.
    pub(super) fn labels(&mut self, ints: &str, strings: &str) -> Result<Option<Vec<String>>, Reason> {
        let ints = self.ints(ints)?.filter(|labels| !labels.is_empty());
        let strings = self.texts(strings)?.filter(|labels| !labels.is_empty());
        Ok(strings.or_else(|| ints.map(|labels| labels.iter().map(i64::to_string).collect())))
    }

    fn take(&mut self, name: &str, expected: AttributeType) -> Result<Option<AttributeProto>, Reason> {
        let Some(attribute) = self.0.remove(name) else { return Ok(None) };
        if attribute.r#type != expected as i32 {
            return bad(name, &format!("is not of type {expected:?}"));
        }
        Ok(Some(attribute))
    }
}

fn bad<T>(name: &str, problem: &str) -> Result<T, Reason> {
    Reason::argument(format!("attribute `{}`", printable(name)), problem)
}
