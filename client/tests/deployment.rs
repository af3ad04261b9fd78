//! The contracts are deployed once, at the same addresses on every chain, and a run that stopped goes on.

mod ground;
mod support;

use ground::*;
use support::{Anvil, Options};

#[test]
fn a_second_run_sends_nothing() {
    let anvil = Anvil::start(Options::default());
    let deployed = deploy(&anvil);
    assert_eq!(deployed.iter().filter(|one| one.settled.is_some()).count(), 8);
    let again = deploy(&anvil);
    assert!(again.iter().all(|one| one.settled.is_none()));
    assert_eq!(anvil.nonce(Anvil::wallet(0).address()), 8);
}
