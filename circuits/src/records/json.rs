//! JSON: a record is an object of features or an array of values; an array of records are several.

use std::fmt;
use std::io::Read;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::{NOT_A_NUMBER, RawRecords, RecordError, finite, positions, some};

/// Reads one record or an array of records.
pub fn read_json(source: impl Read, features: &[String]) -> Result<RawRecords, RecordError> {
    let wrong = |error: serde_json::Error| RecordError::Format {
        format: "JSON",
        reason: format!("line {}, column {}", error.line(), error.column()),
    };
    let values = match serde_json::from_reader(source).map_err(wrong)? {
        Item::Array(items) if items.iter().any(|item| matches!(item, Item::Array(_) | Item::Object(_))) => {
            items.iter().enumerate().map(|(row, item)| record(item, &format!("record {}", row + 1), features)).collect()
        }
        Item::Array(items) if items.is_empty() => Ok(Vec::new()),
        item => record(&item, "the record", features).map(|record| vec![record]),
    };
    some(values?, None)
}

fn record(item: &Item, place: &str, features: &[String]) -> Result<Vec<f64>, RecordError> {
    match item {
        Item::Object(entries) => {
            let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
            let order = positions(place, &names, features)?;
            order.iter().zip(features).map(|(&index, feature)| number(&entries[index].1, place, feature)).collect()
        }
        Item::Array(items) if items.len() == features.len() => {
            items.iter().zip(features).map(|(item, feature)| number(item, place, feature)).collect()
        }
        Item::Array(items) => {
            Err(RecordError::Length { place: place.to_owned(), expected: features.len(), got: items.len() })
        }
        _ => Err(RecordError::Value { place: place.to_owned(), reason: "neither an object nor an array" }),
    }
}

fn number(item: &Item, place: &str, feature: &str) -> Result<f64, RecordError> {
    let place = || format!("{place}, feature `{feature}`");
    match item {
        Item::Number(value) => finite(*value, place),
        _ => Err(RecordError::Value { place: place(), reason: NOT_A_NUMBER }),
    }
}

/// A JSON value that keeps repeated keys, so that they can be refused.
enum Item {
    Number(f64),
    Array(Vec<Item>),
    Object(Vec<(String, Item)>),
    Other,
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_f64<E>(self, value: f64) -> Result<Item, E> {
        Ok(Item::Number(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Item, E> {
        Ok(Item::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Item, E> {
        Ok(Item::Number(value as f64))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_unit<E>(self) -> Result<Item, E> {
        Ok(Item::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Item, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Item::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Item, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            list.push(entry);
        }
        Ok(Item::Object(list))
    }
}
