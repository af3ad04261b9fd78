//! Tensors of the file, checked: sizes before allocation, one source of data, finite floats.

use ndarray::{ArrayD, IxDyn};

use super::error::Reason;
use super::proto::TensorProto;
use crate::architecture::Interval;
use crate::graph::size;

pub(super) const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;
const UINT16: i32 = 4;
const INT16: i32 = 5;
pub(super) const INT32: i32 = 6;
pub(super) const INT64: i32 = 7;
pub(super) const STRING: i32 = 8;
pub(super) const BOOL: i32 = 9;

/// A constant of the model. Floats are parameters, the others are shapes, axes, indices and labels.
#[derive(Clone)]
pub(super) enum Tensor {
    Float(ArrayD<f32>),
    Int(ArrayD<i64>),
    /// Of few bits, with the integers that their type has.
    Narrow(ArrayD<i64>, Interval),
    Text(Vec<String>),
}

impl Tensor {
    pub(super) fn float(value: ArrayD<f32>) -> Result<Self, Reason> {
        if value.iter().all(|x| x.is_finite()) { Ok(Self::Float(value)) } else { Err(Reason::NotFinite) }
    }

    /// Floats as the file has them. Zeros and −∞ are a mask, and so is −∞ alone: the smallest float stands for it.
    fn masked(value: ArrayD<f32>) -> Result<Self, Reason> {
        let mask = value.iter().all(|&x| x == 0.0 || x == f32::NEG_INFINITY);
        Self::float(if mask { value.mapv(|x| x.max(f32::MIN)) } else { value })
    }

    /// Reads a tensor, which is taken apart.
    pub(super) fn read(proto: TensorProto) -> Result<Self, Reason> {
        if proto.data_location != 0 || !proto.external_data.is_empty() {
            return Err(Reason::ExternalData);
        }
        let shape = shape(&proto.dims)?;
        let raw = proto.raw_data;
        match proto.data_type {
            FLOAT => Self::masked(array(shape, entries(raw, proto.float_data, f32::from_le_bytes)?)?),
            INT64 => Ok(Self::Int(array(shape, entries(raw, proto.int64_data, i64::from_le_bytes)?)?)),
            INT32 => Ok(Self::Int(array(shape, widen(entries(raw, proto.int32_data, i32::from_le_bytes)?))?)),
            UINT8 | INT8 | UINT16 | INT16 => Self::narrow(shape, proto.data_type, raw, proto.int32_data),
            BOOL => {
                let flags = proto.int32_data.into_iter().map(|flag| u8::from(flag != 0)).collect();
                Ok(Self::Int(array(shape, widen(entries(raw, flags, u8::from_le_bytes)?))?))
            }
            STRING => Ok(Self::Text(array(shape, texts(proto.string_data)?)?.into_iter().collect())),
            other => Err(Reason::ElementType(type_name(other))),
        }
    }
}

impl Tensor {
    fn narrow(shape: Vec<usize>, data_type: i32, raw: Option<Vec<u8>>, typed: Vec<i32>) -> Result<Self, Reason> {
        let Some(interval) = narrow_interval(data_type) else {
            return Err(Reason::ElementType(type_name(data_type)));
        };
        let values = match data_type {
            UINT8 => widen(entries(raw, fitting(typed)?, u8::from_le_bytes)?),
            INT8 => widen(entries(raw, fitting(typed)?, i8::from_le_bytes)?),
            UINT16 => widen(entries(raw, fitting(typed)?, u16::from_le_bytes)?),
            _ => widen(entries(raw, fitting(typed)?, i16::from_le_bytes)?),
        };
        Ok(Self::Narrow(array(shape, values)?, interval))
    }
}

/// The integers of a type of at most 16 bits.
pub(super) fn narrow_interval(data_type: i32) -> Option<Interval> {
    match data_type {
        UINT8 => Some(Interval::new(0, u8::MAX.into())),
        INT8 => Some(Interval::new(i8::MIN.into(), i8::MAX.into())),
        UINT16 => Some(Interval::new(0, u16::MAX.into())),
        INT16 => Some(Interval::new(i16::MIN.into(), i16::MAX.into())),
        _ => None,
    }
}

/// The name of an ONNX element type.
pub(super) fn type_name(data_type: i32) -> String {
    const NAMES: [&str; 17] = [
        "undefined",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];
    let name = usize::try_from(data_type).ok().and_then(|index| NAMES.get(index));
    name.map_or_else(|| format!("number {data_type}"), |name| (*name).into())
}

pub(super) fn utf8(bytes: Vec<u8>) -> Result<String, Reason> {
    String::from_utf8(bytes).or_else(|_| Reason::broken("a string is not UTF-8"))
}

/// Sizes from signed numbers, with a bounded product.
pub(super) fn shape(dims: &[i64]) -> Result<Vec<usize>, Reason> {
    let shape: Result<Vec<usize>, _> = dims.iter().map(|dim| usize::try_from(*dim)).collect();
    let Ok(shape) = shape else { return Reason::broken(format!("shape {dims:?} has a negative size")) };
    size(&shape)?;
    Ok(shape)
}

/// An array of these entries in row-major order.
pub(super) fn array<T>(shape: Vec<usize>, entries: Vec<T>) -> Result<ArrayD<T>, Reason> {
    let (got, text) = (entries.len(), format!("{shape:?}"));
    ArrayD::from_shape_vec(IxDyn(&shape), entries)
        .or_else(|_| Reason::broken(format!("its shape is {text}, its data has {got} entries")))
}

fn entries<T, const N: usize>(raw: Option<Vec<u8>>, typed: Vec<T>, read: fn([u8; N]) -> T) -> Result<Vec<T>, Reason> {
    let Some(raw) = raw.filter(|raw| !raw.is_empty()) else { return Ok(typed) };
    let (chunks, rest) = raw.as_chunks::<N>();
    if !rest.is_empty() || !typed.is_empty() {
        return Reason::broken("its data is cut short or given twice");
    }
    Ok(chunks.iter().map(|chunk| read(*chunk)).collect())
}

fn widen<T: Into<i64>>(entries: Vec<T>) -> Vec<i64> {
    entries.into_iter().map(Into::into).collect()
}

fn fitting<T: TryFrom<i32>>(entries: Vec<i32>) -> Result<Vec<T>, Reason> {
    let fit = |entry| T::try_from(entry).or_else(|_| Reason::broken("its data does not fit its type"));
    entries.into_iter().map(fit).collect()
}

fn texts(strings: Vec<Vec<u8>>) -> Result<Vec<String>, Reason> {
    strings.into_iter().map(utf8).collect()
}
