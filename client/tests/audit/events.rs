//! Events that are changed, missing, repeated, moved or foreign.

use alloy::primitives::{Address, B256};
use alloy::sol_types::SolEvent;
use zkdx_client::audit::{FindingKind, History};
use zkdx_contracts::abi::ModelRegistry::{ApprovalWithdrawn, AuthorityStruckOff, ModelApproved};

use super::{after, finds, flip, shown, told};

#[test]
fn every_changed_word_of_an_event_is_found() {
    for index in shown() {
        let event = &told().history.events[index];
        for topic in 0..event.topics.len() {
            for byte in [0, 12, 31] {
                let report = after(|history| history.events[index].topics[topic].0[byte] ^= 1);
                assert!(!report.holds(), "topic {topic}, byte {byte} of {event:?}");
            }
        }
        for at in (0..event.data.len()).filter(|at| [0, 12, 31].contains(&(at % 32))) {
            let report = after(|history| flip(&mut history.events[index].data, at));
            assert!(!report.holds(), "byte {at} of {event:?}");
        }
    }
}

/// What an authority said of a model before it was struck off is in no state that can be asked for: only another node can tell of it.
fn leaves_no_trace(event: &zkdx_client::audit::Event) -> bool {
    let events = &told().history.events;
    let struck_off = events.iter().filter(|other| other.topics[0] == AuthorityStruckOff::SIGNATURE_HASH);
    let authorities: Vec<_> = struck_off.map(|other| other.topics[1]).collect();
    let words = [ModelApproved::SIGNATURE_HASH, ApprovalWithdrawn::SIGNATURE_HASH];
    words.contains(&event.topics[0]) && authorities.contains(&event.topics[2])
}

#[test]
fn every_missing_repeated_or_cut_event_is_found() {
    for index in shown() {
        let event = told().history.events[index].clone();
        let missing = |history: &mut History| drop(history.events.remove(index));
        assert!(!after(missing).holds() || leaves_no_trace(&event), "missing {event:?}");
        assert!(!after(|history| history.events.insert(index, event.clone())).holds(), "twice {event:?}");
        let shorter = event.data.len().saturating_sub(1);
        let cut = |history: &mut History| history.events[index].data = event.data.slice(..shorter);
        assert!(event.data.is_empty() || !after(cut).holds(), "cut {event:?}");
        let longer = |history: &mut History| history.events[index].data = [&event.data[..], &[0; 32]].concat().into();
        assert!(!after(longer).holds(), "longer {event:?}");
        assert!(
            !after(|history| history.events[index].topics.truncate(event.topics.len() - 1)).holds(),
            "a topic less {event:?}"
        );
        let foreign = |history: &mut History| history.events[index].contract = Address::repeat_byte(1);
        assert!(!after(foreign).holds(), "foreign {event:?}");
        let elsewhere = |history: &mut History| history.events[index].transaction = B256::repeat_byte(1);
        assert!(!after(elsewhere).holds(), "in another transaction {event:?}");
    }
}

#[test]
fn events_in_another_order_are_found() {
    for pair in shown().windows(2) {
        assert!(!after(|history| history.events.swap(pair[0], pair[1])).holds(), "{pair:?}");
        // The same, with places that are in order.
        let swap = |history: &mut History| {
            let [one, two] = history.events.get_disjoint_mut([pair[0], pair[1]]).expect("two");
            std::mem::swap(&mut one.contract, &mut two.contract);
            std::mem::swap(&mut one.topics, &mut two.topics);
            std::mem::swap(&mut one.data, &mut two.data);
        };
        assert!(!after(swap).holds(), "{pair:?}");
    }
}

#[test]
fn an_event_in_another_block_is_found() {
    let blocks: Vec<_> = told().history.blocks.values().copied().collect();
    for index in shown() {
        let event = &told().history.events[index];
        let Some(next) = blocks.iter().find(|block| block.number > event.block) else { continue };
        let moved = |history: &mut History| {
            (history.events[index].block, history.events[index].block_hash) = (next.number, next.hash);
            history.events.sort_by_key(|event| (event.block, event.index));
        };
        assert!(!after(moved).holds(), "{event:?}");
        finds(FindingKind::Block, |history| history.events[index].block_hash = next.hash);
    }
}
