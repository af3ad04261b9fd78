//! Fees (EIP-1559): the base fee is burnt and may rise by an eighth from block to block, the tip goes to who makes the block.

use serde::Serialize;

use crate::error::{ClientError, Result};
use crate::node::{Header, Node};

/// Tip where the node has no opinion, in wei: a hundredth of a gwei.
const DEFAULT_TIP: u128 = 10_000_000;
/// Highest tip that is taken from a node on a chain whose base fee is lower, in wei: a hundred gwei. A tip is paid in full, so a node that
/// asks for more than any chain needs is not believed.
const HIGHEST_TIP: u128 = 100_000_000_000;
/// Highest price that is taken from a node without the user's word for it, in wei: ten thousand gwei, more than was ever asked for on
/// Ethereum. Where there is no base fee, what a node asks for is paid in full.
const HIGHEST_PRICE: u128 = 10_000_000_000_000;
/// How many times its first offer a transaction may come to cost when others outbid it.
const CEILING: u128 = 3;

/// What each gas costs, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fees {
    /// Whether the chain has a base fee.
    pub dynamic: bool,
    /// The base fee of the newest block, or the price on a chain without one.
    pub base: u128,
    /// The tip.
    pub tip: u128,
    /// Most that is offered at first: twice the base fee, six full blocks' rise, and the tip.
    pub max_fee: u128,
    /// Most that is offered ever, if it has to be outbid.
    pub ceiling: u128,
}

impl Fees {
    /// What each gas costs if the base fee stays.
    pub fn price(&self) -> u128 {
        self.base.saturating_add(self.tip).min(self.max_fee)
    }

    /// The next offer after `(max_fee, tip)`, a quarter more: nodes take a replacement from a tenth on. None above the ceiling.
    pub(super) fn outbid(&self, (max_fee, tip): (u128, u128)) -> Option<(u128, u128)> {
        let quarter_more = |fee: u128| fee.saturating_add(fee / 4).saturating_add(1);
        let next = (quarter_more(max_fee), quarter_more(tip));
        (next.0 <= self.ceiling).then_some(next)
    }
}

/// The chain's fees after `latest`, bounded by `allowed`, for an account that has money or not.
pub(super) async fn current(node: &Node, latest: &Header, poor: bool, allowed: Option<u128>) -> Result<Fees> {
    match latest.base_fee_per_gas {
        Some(base) => dynamic(node, base.to(), poor, allowed).await,
        None => legacy(node, allowed).await,
    }
}

async fn dynamic(node: &Node, base: u128, poor: bool, allowed: Option<u128>) -> Result<Fees> {
    // On a consortium's chain gas is free: there is no base fee, and no price, or accounts that could not pay it.
    let free = base == 0 && (poor || node.gas_price().await? == 0);
    let tip = if free { 0 } else { node.tip().await?.unwrap_or(DEFAULT_TIP).min(base.max(HIGHEST_TIP)) };
    let wanted = base.saturating_mul(2).saturating_add(tip);
    bounded(Fees { dynamic: true, base, tip, max_fee: wanted, ceiling: wanted.saturating_mul(CEILING) }, allowed)
}

async fn legacy(node: &Node, allowed: Option<u128>) -> Result<Fees> {
    let base = node.gas_price().await?;
    bounded(Fees { dynamic: false, base, tip: 0, max_fee: base, ceiling: base.saturating_mul(CEILING) }, allowed)
}

fn bounded(fees: Fees, allowed: Option<u128>) -> Result<Fees> {
    let (asked, most) = (fees.price(), allowed.unwrap_or(HIGHEST_PRICE));
    if asked > most {
        return Err(ClientError::FeeTooHigh { asked, allowed: most });
    }
    let Some(allowed) = allowed else { return Ok(fees) };
    let max_fee = fees.max_fee.min(allowed);
    Ok(Fees { max_fee, ceiling: allowed, tip: fees.tip.min(max_fee), ..fees })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEES: Fees = Fees { dynamic: true, base: 100, tip: 10, max_fee: 210, ceiling: 630 };

    #[test]
    fn offers_rise_by_a_quarter_up_to_the_ceiling() {
        let mut offer = (FEES.max_fee, FEES.tip);
        let mut offers = 0;
        while let Some(next) = FEES.outbid(offer) {
            assert!(next.0 * 10 >= offer.0 * 11 && next.1 * 10 >= offer.1 * 11 && next.0 <= FEES.ceiling);
            (offer, offers) = (next, offers + 1);
        }
        assert_eq!(offers, 4);
    }

    #[test]
    fn the_users_bound_holds() {
        assert_eq!(bounded(FEES, Some(109)), Err(ClientError::FeeTooHigh { asked: 110, allowed: 109 }));
        let fees = bounded(FEES, Some(150)).expect("enough");
        assert_eq!((fees.max_fee, fees.ceiling, fees.tip), (150, 150, 10));
        assert_eq!(bounded(FEES, None), Ok(FEES));
        let absurd = Fees { base: HIGHEST_PRICE, max_fee: u128::MAX, ..FEES };
        assert!(matches!(bounded(absurd, None), Err(ClientError::FeeTooHigh { .. })));
        assert!(bounded(absurd, Some(HIGHEST_PRICE + 10)).is_ok());
    }
}
