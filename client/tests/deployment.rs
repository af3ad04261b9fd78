//! The contracts are deployed once, at the same addresses on every chain; a run that stopped goes on; and what cannot work is refused before
//! anything is sent.

mod ground;
mod support;

use std::time::Duration;

use ground::*;
use serde_json::json;
use support::{Action, Anvil, Options, Proxy};
use zkdx_client::deployment::DEPLOYER;
use zkdx_client::{Address, ClientError, Contract, Deployment, Parameters};

fn admin() -> Address {
    Anvil::wallet(0).address()
}

#[test]
fn a_second_run_sends_nothing() {
    let anvil = Anvil::start(Options::default());
    let deployed = deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    assert_eq!(deployed.iter().filter(|one| one.settled.is_some()).count(), 8);
    let again = deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    assert!(again.iter().all(|one| one.settled.is_none()));
    assert_eq!(anvil.nonce(admin()), 8);
}

#[test]
fn a_run_that_stopped_goes_on() {
    let anvil = Anvil::start(Options::default());
    let proxy = Proxy::start(anvil.port());
    proxy.next("eth_sendRawTransaction", 3, Action::Delay(Duration::ZERO));
    proxy.always("eth_sendRawTransaction", Action::DropBefore);
    let error = deploy(&proxy.url(), &deployment(CHAIN)).map(drop).expect_err("the node is gone");
    assert!(matches!(error, ClientError::SilentAfterSending { .. }), "{error}");
    assert_eq!(anvil.nonce(admin()), 3);
    proxy.be_honest();
    let rest = deploy(&proxy.url(), &deployment(CHAIN)).expect("deploys");
    let made = rest.iter().map(|one| one.settled.is_some()).collect::<Vec<_>>();
    assert_eq!(made, [false, false, false, true, true, true, true, true]);
    assert_eq!(anvil.nonce(admin()), 8);
}

#[test]
fn what_others_deployed_meanwhile_is_taken() {
    let anvil = Anvil::start(Options::default());
    deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    let proxy = Proxy::start(anvil.port());
    proxy.next("eth_getCode", 8, Action::result(json!("0x")));
    let deployed = deploy(&proxy.url(), &deployment(CHAIN)).expect("nothing is left to do");
    assert!(deployed.iter().all(|one| one.settled.is_none()));
    assert_eq!(anvil.nonce(admin()), 8);
}

#[test]
fn a_chain_without_the_deployer_is_told_so() {
    let anvil = Anvil::start(Options { deployer: false, ..Options::default() });
    let told = |what: &str| {
        let error = deploy(&anvil.url(), &deployment(CHAIN)).map(drop).expect_err("no deployer");
        assert!(matches!(&error, ClientError::Mismatch { .. }) && error.to_string().contains(what), "{error}");
    };
    told("has no deterministic deployer");
    anvil.rpc("anvil_setCode", json!([DEPLOYER, "0x60006000f3"]));
    told("is not the deterministic deployer");
    assert_eq!(anvil.nonce(admin()), 0);
}

#[test]
fn a_chain_with_other_addresses_gets_nothing() {
    let anvil = Anvil::start(Options::default());
    let proxy = Proxy::start(anvil.port());
    proxy.next("eth_call", 1, Action::Delay(Duration::ZERO));
    proxy.always("eth_call", Action::result(json!(Address::repeat_byte(7))));
    let error = deploy(&proxy.url(), &deployment(CHAIN)).map(drop).expect_err("elsewhere");
    assert!(matches!(&error, ClientError::Mismatch { what, .. } if what.contains("0x0707")), "{error}");
    assert_eq!(anvil.nonce(admin()), 0);
}

#[test]
fn addresses_are_the_same_on_two_chains_and_each_knows_its_own() {
    let [one, two] = [CHAIN, 4_242].map(|chain_id| Anvil::start(Options { chain_id, ..Options::default() }));
    for (anvil, chain) in [(&one, CHAIN), (&two, 4_242)] {
        deploy(&anvil.url(), &deployment(chain)).expect("deploys");
        run(deployment(chain).check(&node(&anvil.url()))).expect("is there");
    }
    assert!(deployment(CHAIN).contracts().eq(deployment(4_242).contracts()));
    let other = run(deployment(CHAIN).check(&node(&two.url())));
    assert_eq!(other, Err(ClientError::OtherChain { expected: CHAIN, got: 4_242 }));
    let nothing = Deployment::new(CHAIN, 0, Parameters { delay_seconds: 1, ..Parameters::simple(admin()) });
    assert!(matches!(run(nothing.check(&node(&one.url()))), Err(ClientError::NoContract { .. })));
}

/// What the contracts would take.
#[test]
fn a_verifier_can_be_frozen_and_members_have_one_order() {
    let unguarded = Parameters { guardian: Address::ZERO, ..Parameters::simple(admin()) };
    let anchor_members = [2, 1].map(Address::repeat_byte).to_vec();
    let unordered = Parameters { anchor_members, ..Parameters::simple(admin()) };
    let anchor_members = [0, 1].map(Address::repeat_byte).to_vec();
    let nobody = Parameters { anchor_members, ..Parameters::simple(admin()) };
    for parameters in [unguarded, unordered, nobody] {
        assert!(matches!(parameters.check(), Err(ClientError::Mismatch { .. })), "{parameters:?}");
    }
}

/// Parameters that are wrong in one way each, with the contract that would refuse them.
fn wrong_parameters() -> Vec<(Contract, Parameters)> {
    let right = Parameters::simple(admin());
    let low = Address::repeat_byte(1);
    let members = |members: &[Address], threshold| Parameters {
        anchor_members: members.to_vec(),
        anchor_threshold: threshold,
        ..right.clone()
    };
    vec![
        (Contract::VerifierGateway, Parameters { admin: Address::ZERO, ..right.clone() }),
        (Contract::VerifierGateway, Parameters { delay_seconds: 1 << 48, ..right.clone() }),
        (Contract::ModelRegistry, Parameters { approvals_required: 0, ..right.clone() }),
        (Contract::ModelRegistry, Parameters { approvals_required: 257, ..right.clone() }),
        (Contract::Anchor, members(&[], 0)),
        (Contract::Anchor, members(&[low], 0)),
        (Contract::Anchor, members(&[low], 2)),
        (Contract::Anchor, members(&[low, low], 1)),
    ]
}

#[test]
fn what_a_constructor_would_refuse_is_refused_before() {
    let anvil = Anvil::start(Options::default());
    deploy(&anvil.url(), &deployment(CHAIN)).expect("deploys");
    for (contract, parameters) in wrong_parameters() {
        let wrong = Deployment::new(CHAIN, 0, parameters.clone());
        let error = deploy(&anvil.url(), &wrong).map(drop).expect_err("wrong");
        assert!(matches!(error, ClientError::Mismatch { .. }), "{parameters:?}: {error}");
        assert!(Deployment::from_json(wrong.to_json().as_bytes()).is_err(), "{parameters:?}");
        let creation = wrong.creations().into_iter().find(|one| one.contract == contract).expect("one of eight");
        let on_chain = quote(&anvil.url(), &Anvil::wallet(0), &creation.call(), &terms());
        assert!(matches!(on_chain, Err(ClientError::Reverted(_))), "{parameters:?}: {on_chain:?}");
    }
    assert_eq!(anvil.nonce(admin()), 8);
}

#[test]
fn a_changed_deployment_file_is_refused() {
    let file = deployment(CHAIN).to_json();
    assert_eq!(Deployment::from_json(file.as_bytes()), Ok(deployment(CHAIN)));
    let value: serde_json::Value = serde_json::from_str(&file).expect("JSON");
    let log = value["contracts"]["DiagnosisLog"].as_str().expect("an address");
    let changes = [
        (log, "0x0707070707070707070707070707070707070707"),
        ("\"delay_seconds\": 0", "\"delay_seconds\": 1"),
        ("zkdx-deployment", "zkdx-consent"),
        ("\"version\": 1", "\"version\": 2"),
        ("\"Anchor\"", "\"Anker\""),
        ("\"first_block\": 0", "\"first_block\": -1"),
        ("\"chain_id\"", "\"chain\""),
        ("{", "["),
    ];
    for (from, to) in changes {
        assert!(file.contains(from), "{from}");
        let read = Deployment::from_json(file.replacen(from, to, 1).as_bytes());
        assert!(matches!(read, Err(ClientError::File { .. })), "{from} → {to}: {read:?}");
    }
    for end in (0..file.len() - 2).step_by(97) {
        assert!(Deployment::from_json(&file.as_bytes()[..end]).is_err(), "{end}");
    }
}
