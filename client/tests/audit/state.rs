//! Blocks, times, and what the contracts say of themselves.

use alloy::primitives::{Address, keccak256};
use zkdx_client::audit::{ConsentState, FindingKind, History, ModelFact, VersionState};

use super::{after, finds, flip, kinds, report, told};

#[test]
fn wrong_blocks_and_times_are_found() {
    for number in told().history.blocks.keys() {
        finds(FindingKind::Block, |history| history.blocks.get_mut(number).expect("there").hash.0[0] ^= 1);
        finds(FindingKind::Block, |history| history.blocks.get_mut(number).expect("there").time += 1 << 30);
        finds(FindingKind::Block, |history| history.blocks.retain(|other, _| other != number));
    }
    finds(FindingKind::Block, |history| history.block.number = 1);
    finds(FindingKind::Block, |history| history.block.time = 1);
    let recorded: Vec<_> = report(&told().history).entries.iter().map(|entry| entry.entry.place.block).collect();
    for number in recorded {
        let later = |history: &mut History| history.blocks.get_mut(&number).expect("there").time += 1;
        assert!(kinds(&after(later)).contains(&FindingKind::Head));
    }
}

#[test]
fn what_the_log_says_of_itself_is_compared() {
    finds(FindingKind::Length, |history| history.facts.length += 1);
    finds(FindingKind::Head, |history| history.facts.head.0[5] ^= 1);
    for nullifier in told().history.facts.recorded.keys() {
        finds(FindingKind::Digest, |history| history.facts.recorded.get_mut(nullifier).expect("there").0[0] ^= 1);
    }
}

#[test]
fn what_the_other_contracts_say_is_compared() {
    let facts = &told().history.facts;
    let state = |change: &dyn Fn(&mut History)| finds(FindingKind::State, change);
    for id in facts.models.keys() {
        state(&|history| drop(history.facts.models.remove(id)));
        let model = |change: fn(&mut ModelFact)| {
            state(&|history| change(history.facts.models.get_mut(id).expect("there")));
        };
        model(|fact| fact.owner.0[0] ^= 1);
        model(|fact| fact.registered_at += 1);
        model(|fact| fact.revoked_at ^= 1);
        model(|fact| flip(&mut fact.bytes, 127));
        model(|fact| fact.approvals += 1);
        model(|fact| fact.approved_by.extend([Address::ZERO]));
        model(|fact| fact.successor.0[0] ^= 1);
    }
    assert_eq!(
        (facts.authorities.len(), facts.consents.len(), facts.versions.len(), facts.requests.len()),
        (2, 2, 1, 1)
    );
    for account in facts.authorities.keys() {
        state(&|history| *history.facts.authorities.get_mut(account).expect("there") ^= true);
    }
    for (id, now) in &facts.consents {
        for other in [ConsentState::Unknown, ConsentState::Granted, ConsentState::Withdrawn] {
            if other != *now {
                state(&|history| history.facts.consents.extend([(*id, other)]));
            }
        }
    }
    for version in facts.versions.keys() {
        for other in [VersionState::Unknown, VersionState::Frozen, VersionState::Active(Address::ZERO)] {
            state(&|history| history.facts.versions.extend([(*version, other)]));
        }
    }
    for other in [0, 1, 3] {
        state(&|history| history.facts.requests.extend([(told().request, other)]));
    }
}

#[test]
fn another_chain_or_log_is_found() {
    finds(FindingKind::Context, |history| history.setting.chain_id += 1);
    finds(FindingKind::Consent, |history| history.setting.purpose = keccak256("another purpose"));
    finds(FindingKind::Approval, |history| history.setting.approvals_required = 2);
    finds(FindingKind::Length, |history| history.events.clear());
}
