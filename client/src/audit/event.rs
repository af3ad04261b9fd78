//! Events with their meaning and their place in time.
//!
//! A node's answer is believed in nothing that can be checked: order, block, time, and that the bytes are exactly those that the contract
//! writes for what they say.

use alloy::primitives::{Address, B256, Bytes, IntoLogData};
use alloy::sol_types::SolEventInterface;
use serde::Serialize;
use zkdx_contracts::abi::ConsentRegistry::ConsentRegistryEvents;
use zkdx_contracts::abi::DiagnosisLog::DiagnosisLogEvents;
use zkdx_contracts::abi::InferenceMarket::InferenceMarketEvents;
use zkdx_contracts::abi::ModelRegistry::ModelRegistryEvents;
use zkdx_contracts::abi::VerifierGateway::VerifierGatewayEvents;

use super::entry::Entry;
use super::finding::{Finding, FindingKind};
use super::history::{Event, History, Setting};
use super::text;

/// Where and when something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The block.
    pub block: u64,
    /// Its time, in seconds since 1970.
    pub time: u64,
    /// The transaction.
    pub transaction: B256,
    /// Number of the event in the block.
    pub log_index: u64,
}

/// An event that is understood.
pub(super) enum Known {
    /// An entry of the log.
    Recorded(Box<Entry>),
    /// Of the registry of models.
    Model(ModelRegistryEvents),
    /// Of the registry of consents.
    Consent(ConsentRegistryEvents),
    /// Of the gateway.
    Gateway(VerifierGatewayEvents),
    /// Of the market.
    Market(InferenceMarketEvents),
}

/// An event that is understood, and where it is.
pub(super) struct Happening {
    /// Where.
    pub(super) place: Place,
    /// The contract.
    pub(super) contract: Address,
    /// What.
    pub(super) known: Known,
    /// The bytes of its text, which may be no text.
    pub(super) text: Bytes,
}

/// Every event that can be read; the others, and those out of place, are findings.
pub(super) fn read(history: &History, findings: &mut Vec<Finding>) -> Vec<Happening> {
    let mut before = None;
    let mut happenings = Vec::new();
    for event in &history.events {
        findings.extend(misplaced(history, event, before));
        before = Some((event.block, event.index));
        let Some(time) = history.blocks.get(&event.block).map(|block| block.time) else { continue };
        let place = Place { block: event.block, time, transaction: event.transaction, log_index: event.index };
        match understand(&history.setting, &text::legible(event), place) {
            Some(known) => {
                happenings.push(Happening { place, contract: event.contract, known, text: text::of(event) });
            }
            None => {
                let what = format!("an event of {} that this contract does not write like this", event.contract);
                findings.push(Finding::new(FindingKind::ForeignEvent, what).at(event.block));
            }
        }
    }
    findings.extend(times_backwards(history));
    happenings
}

fn misplaced(history: &History, event: &Event, before: Option<(u64, u64)>) -> Option<Finding> {
    let finding = |kind, what: &str| Some(Finding::new(kind, what).at(event.block));
    if before.is_some_and(|before| before >= (event.block, event.index)) {
        return finding(FindingKind::Order, "an event stands twice, or before an earlier one");
    }
    if event.block > history.block.number {
        return finding(FindingKind::Block, "an event is later than the block of the audit");
    }
    match history.blocks.get(&event.block) {
        None => finding(FindingKind::Block, "the block of an event is missing"),
        Some(block) if block.number != event.block || block.hash != event.block_hash => {
            finding(FindingKind::Block, "an event is in another block than the one that the chain has there")
        }
        Some(block) if block.number == history.block.number && *block != history.block => {
            finding(FindingKind::Block, "the block of an event is not the block of the audit, which has its number")
        }
        Some(_) => None,
    }
}

fn times_backwards(history: &History) -> Vec<Finding> {
    let mut blocks: Vec<_> = history.blocks.values().collect();
    blocks.push(&history.block);
    let backwards = blocks.windows(2).filter(|pair| pair[0].time > pair[1].time);
    let finding = |pair: &[&super::history::Block]| {
        Finding::new(FindingKind::Block, "its time is before that of an earlier block").at(pair[1].number)
    };
    backwards.map(finding).collect()
}

fn understand(setting: &Setting, event: &Event, place: Place) -> Option<Known> {
    match event.contract {
        contract if contract == setting.log => {
            let DiagnosisLogEvents::DiagnosisRecorded(recorded) = decode(event)?;
            Some(Known::Recorded(Box::new(Entry::new(recorded, place))))
        }
        contract if contract == setting.registry => decode(event).map(Known::Model),
        contract if contract == setting.consents => decode(event).map(Known::Consent),
        contract if contract == setting.gateway => decode(event).map(Known::Gateway),
        contract if contract == setting.market => decode(event).map(Known::Market),
        _ => None,
    }
}

/// The one reading of the bytes: they must be what the contract writes for it, to the last bit.
fn decode<E: SolEventInterface + IntoLogData>(event: &Event) -> Option<E> {
    let decoded = E::decode_raw_log(&event.topics, &event.data).ok()?;
    let written = decoded.to_log_data();
    (written.topics() == event.topics && written.data == event.data).then_some(decoded)
}
