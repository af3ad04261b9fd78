//! What the tests of this crate start from: accounts, nodes, terms with short pauses, a registry of consents and calls of it.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy::primitives::{TxKind, U256, keccak256};
use alloy::sol_types::SolEvent;
use zkdx_client::deployment::{self, Deployed};
use zkdx_client::transaction::{self, Event, Observer, Silent};
use zkdx_client::wallet::Unsigned;
use zkdx_client::{
    Address, B256, Call, Contract, Deployment, Node, Parameters, Patience, Quote, Result, Session, Settled, Terms,
    Wallet,
};
use zkdx_contracts::abi::ConsentRegistry;

use crate::support::{Anvil, Options, Proxy};

/// Id of the chains unless another is chosen.
pub const CHAIN: u64 = 31_337;

/// Runs a future to its end, and panics if that takes too long: no node can make a client wait for ever.
pub fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bounded = async { tokio::time::timeout(Duration::from_secs(40), future).await };
    runtime.block_on(bounded).expect("it ends")
}

/// Patience for `millis` milliseconds altogether.
pub fn patience(millis: u64) -> Patience {
    let (request, total) = (Duration::from_secs(2), Duration::from_millis(millis));
    Patience { request, total, first: Duration::from_millis(20), longest: Duration::from_millis(100) }
}

pub fn node(url: &str) -> Node {
    Node::new(url, patience(500)).expect("a URL")
}

pub fn terms() -> Terms {
    let (timeout, patience, poll) = (Duration::from_secs(15), Duration::from_secs(8), Duration::from_millis(20));
    Terms { confirmations: 1, timeout, patience, poll, max_fee: None }
}

/// The contracts on a chain, administered by the first account.
pub fn deployment(chain_id: u64) -> Deployment {
    Deployment::new(chain_id, 0, Parameters::simple(Anvil::wallet(0).address()))
}

pub fn deploy(url: &str, deployment: &Deployment) -> Result<Vec<Deployed>> {
    let (node, wallet, terms) = (node(url), Anvil::wallet(0), terms());
    run(deployment::deploy(Session { node: &node, deployment, wallet: &wallet, terms: &terms, observer: &Silent }))
}

/// A chain with a registry of consents, which the last account brought, so that the others have sent nothing.
pub fn chain(options: Options) -> Anvil {
    let (anvil, last) = (Anvil::start(options), Anvil::wallet(2));
    let creations = deployment(CHAIN).creations();
    let creation = creations.iter().find(|one| one.contract == Contract::ConsentRegistry).expect("one of eight");
    send(&anvil.url(), &last, &creation.call(), &terms(), &Silent).expect("deploys");
    anvil
}

/// The account that the tests send from.
pub fn sender() -> Wallet {
    Anvil::wallet(0)
}

/// A little chain, and somebody in front of it who can lie about it.
pub fn liar() -> (Anvil, Proxy) {
    let anvil = chain(Options::default());
    let proxy = Proxy::start(anvil.port());
    (anvil, proxy)
}

/// Terms of who offers more after a third of a second.
pub fn impatient() -> Terms {
    Terms { patience: Duration::from_millis(300), ..terms() }
}

/// Grants consent `n` through a client that loses its patience after 100 ms, and gives up after 300 ms.
pub fn grant_soon(proxy: &Proxy, n: u64) -> Result<Settled> {
    let node = Node::new(&proxy.url(), patience(100)).expect("a URL");
    let terms = Terms { timeout: Duration::from_millis(300), patience: Duration::from_millis(200), ..terms() };
    run(transaction::transact(&node, CHAIN, &sender(), &grant(n), &terms, &Silent))
}

/// A chain on which blocks are made by [`Anvil::mine`] alone.
pub fn slow_chain() -> Anvil {
    let anvil = chain(Options::default());
    anvil.automine(false);
    anvil
}

pub fn registry() -> Address {
    deployment(CHAIN).address(Contract::ConsentRegistry)
}

/// Consent number `n` of a patient.
pub fn consent(patient: Address, n: u64) -> ConsentRegistry::Consent {
    ConsentRegistry::Consent {
        patient,
        grantee: Address::ZERO,
        purpose: B256::ZERO,
        scopeKind: 2,
        scope: B256::ZERO,
        record: U256::ZERO,
        validFrom: Default::default(),
        validUntil: "0xffffffffff".parse().expect("40 bits"),
        salt: keccak256(n.to_be_bytes()),
    }
}

/// The first account grants consent number `n`.
pub fn grant(n: u64) -> Call {
    Call::new(registry(), &ConsentRegistry::grantCall { consent: consent(Anvil::wallet(0).address(), n) })
}

/// The first account revokes it.
pub fn revoke(n: u64) -> Call {
    Call::new(registry(), &ConsentRegistry::revokeCall { consent: consent(Anvil::wallet(0).address(), n) })
}

pub fn quote(url: &str, wallet: &Wallet, call: &Call, terms: &Terms) -> Result<Quote> {
    run(transaction::quote(&node(url), CHAIN, wallet.address(), call, terms))
}

pub fn send(url: &str, wallet: &Wallet, call: &Call, terms: &Terms, observer: &dyn Observer) -> Result<Settled> {
    run(transaction::transact(&node(url), CHAIN, wallet, call, terms, observer))
}

/// How many consents were ever granted on the present chain.
pub fn granted(anvil: &Anvil) -> usize {
    let topics = [Some(ConsentRegistry::ConsentGranted::SIGNATURE_HASH), None, None, None];
    run(node(&anvil.url()).logs(registry(), &topics, 0, anvil.height())).expect("events").len()
}

/// A transaction that moves nothing, with this nonce and price, as a node takes it.
pub fn empty_transaction(wallet: &Wallet, nonce: u64, max_fee_per_gas: u128) -> String {
    let transaction = TxEip1559 {
        chain_id: CHAIN,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas,
        max_priority_fee_per_gas: max_fee_per_gas,
        to: TxKind::Call(Address::repeat_byte(7)),
        ..Default::default()
    };
    wallet.sign(Unsigned::DynamicFee(transaction)).expect("signs").raw.to_string()
}

/// Remembers what happened, and does something about it.
pub struct Watcher<F> {
    events: RefCell<Vec<Event>>,
    react: F,
}

impl<F: Fn(&Event)> Watcher<F> {
    pub fn new(react: F) -> Self {
        Self { events: RefCell::default(), react }
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.borrow().clone()
    }

    /// How many events are such.
    pub fn count(&self, such: impl Fn(&Event) -> bool) -> usize {
        self.events.borrow().iter().filter(|event| such(event)).count()
    }
}

impl<F: Fn(&Event)> Observer for Watcher<F> {
    fn agrees(&self, _: &Quote) -> bool {
        true
    }

    fn happened(&self, event: &Event) {
        self.events.borrow_mut().push(event.clone());
        (self.react)(event);
    }
}
