//! Flags of the market, and how amounts and times are written.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use zkdx_client::{Address, B256, U256};

use super::super::{address, somebody};
use super::{DeploymentArgs, ForceArgs, TransactionArgs};

/// Commands of `request`.
#[derive(Debug, Subcommand)]
pub(crate) enum RequestCommand {
    /// Ask for a diagnosis and pay for it into the market; the same file again asks no second time.
    Make(Box<RequestMakeArgs>),
    /// Say where a request is.
    Status {
        /// The request.
        request: PathBuf,
        /// Contracts.
        #[command(flatten)]
        deployment: DeploymentArgs,
        /// Node.
        #[command(flatten)]
        node: super::NodeArgs,
    },
    /// Credit the payer of a request that nobody fulfilled in time.
    Refund {
        /// The request.
        request: PathBuf,
        /// Contracts and sending.
        #[command(flatten)]
        on: TransactionArgs,
    },
}

/// Flags of `request make`.
#[derive(Debug, Args)]
pub(crate) struct RequestMakeArgs {
    /// The model's identity.
    #[arg(long, value_name = "HEX")]
    pub(crate) model: B256,
    /// Commitment of the record.
    #[arg(long, value_name = "HEX")]
    pub(crate) record: B256,
    /// The consent: its file or its identity. Its grantee is the market, or anyone.
    #[arg(long, value_name = "FILE|HEX")]
    pub(crate) consent: String,
    /// For the model's owner, such as `0.01ether`, `20gwei`, or a number of the token's smallest units.
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub(crate) price: U256,
    /// For the prover.
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    pub(crate) fee: U256,
    /// Pay with this token [default: the chain's own currency].
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value_t = Address::ZERO)]
    pub(crate) token: Address,
    /// How long the market waits for the diagnosis, such as `2days`.
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1day")]
    pub(crate) lasting: u64,
    /// Accept a record of which entries were saturated.
    #[arg(long)]
    pub(crate) saturated: bool,
    /// Contracts and sending.
    #[command(flatten)]
    pub(crate) on: TransactionArgs,
    /// The request, for who fulfils it. If it exists, and asks for the same, it is the one that is made.
    #[arg(long, short, value_name = "FILE", default_value = "request.json")]
    pub(crate) out: PathBuf,
    /// Replacing.
    #[command(flatten)]
    pub(crate) force: ForceArgs,
}

/// Flags of `fulfil`.
#[derive(Debug, Args)]
pub(crate) struct FulfilArgs {
    /// The requests, one for each case of the proof, in its order.
    #[arg(required = true)]
    pub(crate) requests: Vec<PathBuf>,
    /// The proof.
    #[arg(long, value_name = "FILE", default_value = "proof.json")]
    pub(crate) proof: PathBuf,
    /// Who made the proof and gets the fee [default: the account that sends].
    #[arg(long, value_name = "ADDRESS", value_parser = somebody)]
    pub(crate) prover: Option<Address>,
    /// Contracts and sending.
    #[command(flatten)]
    pub(crate) on: TransactionArgs,
}

/// Flags of `withdraw`.
#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    /// Of which token [default: the chain's own currency].
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value_t = Address::ZERO)]
    pub(crate) token: Address,
    /// Where it goes [default: the account itself].
    #[arg(long, value_name = "ADDRESS", value_parser = somebody)]
    pub(crate) to: Option<Address>,
    /// Contracts and sending.
    #[command(flatten)]
    pub(crate) on: TransactionArgs,
}

/// An amount: a whole number of the smallest unit, or a decimal number of `gwei` or `ether`.
pub(super) fn amount(text: &str) -> Result<U256, String> {
    let units = [("ether", 18), ("gwei", 9), ("wei", 0)];
    let unit = units.iter().find_map(|(name, decimals)| Some((text.strip_suffix(name)?.trim_end(), *decimals)));
    let (number, decimals) = unit.unwrap_or((text, 0));
    decimal(number, decimals).ok_or_else(|| {
        format!("`{text}` is no amount: give a whole number, or a decimal number with the unit wei, gwei or ether")
    })
}

/// `number · 10^decimals`, if that is a whole number below 2^256.
fn decimal(number: &str, decimals: usize) -> Option<U256> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > decimals {
        return None;
    }
    if number.contains('.') && fraction.is_empty() {
        return None;
    }
    U256::from_str_radix(&format!("{whole}{fraction:0<decimals$}"), 10).ok()
}

/// A time: RFC 3339, or seconds since 1970.
pub(super) fn time(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let time = humantime::parse_rfc3339_weak(text).map_err(|error| format!("{error}; write 2027-01-31T08:00:00Z"))?;
    let since = time.duration_since(std::time::UNIX_EPOCH).map_err(|_| "that is before 1970".to_owned())?;
    Ok(since.as_secs())
}

/// A duration in words, as seconds.
pub(super) fn duration(text: &str) -> Result<u64, String> {
    match humantime::parse_duration(text).map_err(|error| format!("{error}; write for example 30days"))?.as_secs() {
        0 => Err("less than a second".into()),
        seconds => Ok(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_refused() {
        assert_eq!(amount("12"), Ok(U256::from(12)));
        assert_eq!(amount("0.5gwei"), Ok(U256::from(500_000_000)));
        assert_eq!(amount("1.000000000000000001 ether"), Ok(U256::from(1_000_000_000_000_000_001u64)));
        assert_eq!(amount("0wei"), Ok(U256::ZERO));
        for wrong in ["", "-1", "1.5", "1.", ".5ether", "0.0000000001gwei", "1e18", "ether", "1 finney", "0x10"] {
            assert!(amount(wrong).is_err(), "{wrong}");
        }
        let too_much = format!("{}0", U256::MAX);
        assert!(amount(&too_much).is_err());
    }

    #[test]
    fn times_are_seconds_or_dates() {
        assert_eq!(time("1800000000"), Ok(1_800_000_000));
        assert_eq!(time("1970-01-02T00:00:00Z"), Ok(86_400));
        assert!(time("tomorrow").is_err() && time("1969-12-31T00:00:00Z").is_err());
        assert_eq!(duration("2days"), Ok(172_800));
        assert!(duration("0s").is_err() && duration("soon").is_err());
    }
}
