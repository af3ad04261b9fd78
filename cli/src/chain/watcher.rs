//! The person at the terminal: sees what a transaction costs, says yes or no, and follows it.

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;
use zkdx_client::deployment::DEPLOYER;
use zkdx_client::transaction::{Event, Observer};
use zkdx_client::{Address, ClientError, Deployment, Quote, U256};

use crate::args::SendArgs;
use crate::error::{CliError, Kind};
use crate::output::Output;

/// Asks and tells.
pub(crate) struct Watcher {
    output: Output,
    yes: bool,
    dry_run: bool,
    confirmations: u64,
    /// Names of the contracts.
    names: Vec<(Address, &'static str)>,
    /// Whether the person agreed to all that follows.
    agreed: Cell<bool>,
    stopped: Cell<Option<Stop>>,
    /// The last price that was shown.
    shown: RefCell<Option<Quote>>,
}

/// Why nothing was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    DryRun,
    NoTerminal,
    Person,
}

impl Watcher {
    /// For transactions to these contracts, on these terms.
    pub(crate) fn new(output: Output, args: &SendArgs, deployment: &Deployment) -> Self {
        let contracts = deployment.contracts().map(|(contract, address)| (address, contract.name()));
        let names = contracts.chain([(DEPLOYER, "the deterministic deployer")]).collect();
        let SendArgs { yes, dry_run, confirmations, .. } = *args;
        let (agreed, stopped, shown) = (Cell::new(false), Cell::new(None), RefCell::new(None));
        Self { output, yes, dry_run, confirmations, names, agreed, stopped, shown }
    }

    /// An error as it looks from here.
    pub(crate) fn explain(&self, error: ClientError) -> CliError {
        match (error, self.stopped.get()) {
            (ClientError::Declined, Some(Stop::DryRun)) => {
                let done = json!({ "dry_run": true, "quote": *self.shown.borrow() });
                CliError::new(Kind::DryRun, "nothing was sent: this was a dry run").done(done)
            }
            (ClientError::Declined, Some(Stop::NoTerminal)) => {
                CliError::new(Kind::Declined, "nothing was sent: there is no terminal to ask on")
                    .next("pass --yes to send without asking")
            }
            (ClientError::Declined, _) => CliError::new(Kind::Declined, "nothing was sent, as you wished"),
            (error, _) => error.into(),
        }
    }

    fn stop(&self, why: Stop) -> bool {
        self.stopped.set(Some(why));
        false
    }

    fn asks(&self) -> bool {
        if !std::io::stdin().is_terminal() {
            return self.stop(Stop::NoTerminal);
        }
        if self.agreed.get() {
            return true;
        }
        let mut answer = String::new();
        let _ = write!(std::io::stderr(), "send it? [y]es, [a]ll that follow, [N]o ");
        let _ = std::io::stderr().flush();
        let read = std::io::stdin().read_line(&mut answer);
        self.agreed.set(read.is_ok() && matches!(answer.trim(), "a" | "A" | "all"));
        match self.agreed.get() || matches!(answer.trim(), "y" | "Y" | "yes") {
            true => true,
            false => self.stop(Stop::Person),
        }
    }

    fn name(&self, to: Address) -> String {
        let known = self.names.iter().find(|(address, _)| *address == to);
        known.map_or_else(|| to.to_string(), |(_, name)| (*name).to_owned())
    }
}

impl Observer for Watcher {
    fn agrees(&self, quote: &Quote) -> bool {
        let Quote { from, chain_id, gas, value, .. } = quote;
        let (to, likely, most) = (self.name(quote.to), amount(quote.likely), amount(quote.most));
        let pays = if value.is_zero() { String::new() } else { format!(", and pays {}", amount(*value)) };
        self.output
            .line(format!("  to {to}: {gas} gas, {likely}, at most {most}{pays} (from {from} on chain {chain_id})"));
        *self.shown.borrow_mut() = Some(quote.clone());
        match (self.dry_run, self.yes) {
            (true, _) => self.stop(Stop::DryRun),
            (false, true) => true,
            (false, false) => self.asks(),
        }
    }

    fn happened(&self, event: &Event) {
        self.output.line(match event {
            Event::Sent(hash) => format!("  sent {hash}"),
            Event::SentAgain(hash) => format!("  the node had lost it: sent again {hash}"),
            Event::Outbid(hash) => format!("  not mined yet: sent with a higher fee {hash}"),
            Event::Mined { block, confirmations } => {
                let wanted = self.confirmations;
                // A node that makes blocks only for transactions would never make the next.
                let hint = if *confirmations == 1 && wanted > 1 {
                    " (a development node may need --confirmations 1)"
                } else {
                    ""
                };
                format!("  in block {block}, {confirmations} of {wanted} confirmations{hint}")
            }
            Event::Reorganised { block } => format!("  the chain was reorganised: block {block} is gone, waiting on"),
        });
    }
}

/// An amount of the chain's currency as people read it: in ether from a millionth on, else in gwei or wei. Exact.
pub(crate) fn amount(wei: U256) -> String {
    let units = [("ether", 18, 12), ("gwei", 9, 3)];
    let unit = units.into_iter().find(|(_, _, from)| wei >= U256::from(10).pow(U256::from(*from)));
    let Some((name, decimals, _)) = unit else { return format!("{wei} wei") };
    let (whole, rest) = wei.div_rem(U256::from(10).pow(U256::from(decimals)));
    let rest = format!("{:0>width$}", rest.to_string(), width = decimals);
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { format!("{whole} {name}") } else { format!("{whole}.{rest} {name}") }
}

/// Seconds since 1970 as a time in UTC; as a number if that is beyond the year 9999.
pub(crate) fn time(seconds: u64) -> String {
    const LAST: u64 = 253_402_300_799;
    if seconds > LAST {
        return seconds.to_string();
    }
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_lose_nothing() {
        assert_eq!(amount(U256::from(1_500_000_000_000_000_001u64)), "1.500000000000000001 ether");
        assert_eq!(amount(U256::from(2_000_000_000_000_000_000u64)), "2 ether");
        assert_eq!(amount(U256::from(394_000_000_000_000u64)), "0.000394 ether");
        assert_eq!(amount(U256::from(12_340_000_000u64)), "12.34 gwei");
        assert_eq!(amount(U256::from(999)), "999 wei");
        assert_eq!(amount(U256::ZERO), "0 wei");
    }

    #[test]
    fn times_are_read_or_numbers() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(u64::MAX), u64::MAX.to_string());
    }
}
