//! Texts in events: Solidity's strings are any bytes, and anyone may register a model whose card lies at bytes that are no UTF-8. Such an event
//! is the contract's like any other, so what cannot be read is replaced, byte by byte, and put back where bytes are compared.

use std::borrow::Cow;
use std::ops::Range;

use alloy::primitives::{B256, Bytes, U256};
use alloy::sol_types::SolEvent;
use zkdx_contracts::abi::ModelRegistry::{
    ApprovalWithdrawn, AuthorityListed, AuthorityStruckOff, MetadataMoved, ModelApproved, ModelRegistered, ModelRevoked,
};

use super::history::Event;

/// Bytes of a word.
const WORD: usize = 32;
/// Stands for a byte that is part of no character.
const UNREADABLE: u8 = b'?';
/// Events with a text, which comes last, and the words before it.
const TEXTS: [(B256, usize); 7] = [
    (ModelRegistered::SIGNATURE_HASH, 3),
    (ModelApproved::SIGNATURE_HASH, 1),
    (ModelRevoked::SIGNATURE_HASH, 1),
    (MetadataMoved::SIGNATURE_HASH, 0),
    (ApprovalWithdrawn::SIGNATURE_HASH, 0),
    (AuthorityListed::SIGNATURE_HASH, 0),
    (AuthorityStruckOff::SIGNATURE_HASH, 0),
];

/// The bytes of an event's text; empty if it has none.
pub(super) fn of(event: &Event) -> Bytes {
    place(event).map(|place| event.data.slice(place)).unwrap_or_default()
}

/// The event, with a text of the same length that can be read.
pub(super) fn legible(event: &Event) -> Cow<'_, Event> {
    let text = of(event);
    let Some(place) = place(event).filter(|_| std::str::from_utf8(&text).is_err()) else {
        return Cow::Borrowed(event);
    };
    let mut data = event.data.to_vec();
    data.splice(place, readable(&text));
    Cow::Owned(Event { data: data.into(), ..event.clone() })
}

fn readable(text: &[u8]) -> Vec<u8> {
    let chunk =
        |chunk: std::str::Utf8Chunk<'_>| [chunk.valid().as_bytes(), &vec![UNREADABLE; chunk.invalid().len()]].concat();
    text.utf8_chunks().flat_map(chunk).collect()
}

/// Puts the text's own bytes where `call` ends with the readable ones and their padding.
pub(super) fn put_back(call: &mut [u8], text: &[u8]) {
    let start = call.len().checked_sub(text.len().next_multiple_of(WORD));
    let place = start.and_then(|start| call.get_mut(start..start.checked_add(text.len())?));
    if let Some(place) = place {
        place.copy_from_slice(text);
    }
}

/// Where the text lies: after the words before it, its offset and its length. Whether the offset says so, the exact reading finds out.
fn place(event: &Event) -> Option<Range<usize>> {
    let (_, words) = TEXTS.iter().find(|(signature, _)| event.topics.first() == Some(signature))?;
    let start = (words + 2) * WORD;
    let length: usize = U256::from_be_slice(event.data.get(start - WORD..start)?).try_into().ok()?;
    let end = start.checked_add(length)?;
    (end <= event.data.len()).then_some(start..end)
}
