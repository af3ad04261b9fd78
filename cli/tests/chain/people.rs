//! Who takes part: each with an account of the node, and the program in one directory.
#![allow(dead_code, unreachable_pub, missing_docs)]

use serde_json::Value;
use zkdx_client::{Address, U256};

use crate::node_support::{Anvil, Options};
use crate::support::{Answer, Place};

/// Accounts by their number at the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Admin = 0,
    Owner = 1,
    Authority = 2,
    Clinic = 3,
    OtherClinic = 4,
    Payer = 5,
    Prover = 6,
    Patient = 7,
    Nobody = 8,
}

pub const EVERYBODY: u8 = 9;

impl Who {
    pub fn address(self) -> Address {
        Anvil::wallet(self as u8).address()
    }

    pub fn key(self) -> String {
        Anvil::key(self as u8)
    }
}

/// A directory in which everybody works, and the node that they use.
pub struct Ground<'g> {
    pub place: &'g Place,
    pub url: String,
}

impl Ground<'_> {
    /// Runs a command with somebody's key.
    pub fn run(&self, who: Who, line: &str) -> Answer {
        self.place.run_with(&[("ZKDX_RPC", &self.url), ("ZKDX_PRIVATE_KEY", &who.key())], line)
    }

    /// A command that sends and is confirmed by its own block.
    pub fn sends(&self, who: Who, line: &str) -> Value {
        let answer = self.run(who, &format!("{line} --yes --confirmations 1 --json"));
        assert_eq!(answer.code, Some(0), "{answer:#?}");
        answer.one_object()
    }

    pub fn ok(&self, who: Who, line: &str) -> Value {
        let answer = self.run(who, &format!("{line} --json"));
        assert_eq!(answer.code, Some(0), "{answer:#?}");
        answer.one_object()
    }

    /// A command without a transaction that fails with `code`, says every one of `says`, and writes nothing.
    pub fn refused_by(&self, who: Who, line: &str, code: i32, says: &[&str]) -> Answer {
        let before = self.place.files();
        let answer = self.run(who, line);
        answer.assert_refused(code, says);
        assert!(self.place.files() == before, "a file changed: {answer:#?}");
        answer
    }

    /// A command that fails with `code`, says every one of `says`, sends nothing, and writes nothing.
    pub fn refused(&self, anvil: &Anvil, who: Who, line: &str, code: i32, says: &[&str]) -> Answer {
        let (before, nonce) = (self.place.files(), anvil.nonce(who.address()));
        let answer = self.run(who, &format!("{line} --yes --confirmations 1"));
        answer.assert_refused(code, says);
        assert!(self.place.files() == before, "a file changed: {answer:#?}");
        assert_eq!((anvil.nonce(who.address()), anvil.waiting()), (nonce, 0), "something was sent: {answer:#?}");
        answer
    }
}

/// A field of an answer.
pub fn text(value: &Value, pointer: &str) -> String {
    let field = value.pointer(pointer).and_then(Value::as_str);
    field.unwrap_or_else(|| panic!("no {pointer} in {value}")).to_owned()
}

/// What an account has.
pub fn balance(anvil: &Anvil, who: Address) -> U256 {
    let answer = anvil.rpc("eth_getBalance", serde_json::json!([who, "latest"]));
    answer.as_str().expect("a number").parse().expect("a number")
}

/// Sends calldata from an account, without its key.
pub fn calls(anvil: &Anvil, from: Address, to: Address, data: &str) {
    anvil.rpc("anvil_impersonateAccount", serde_json::json!([from]));
    anvil.rpc("eth_sendTransaction", serde_json::json!([{ "from": from, "to": to, "data": data }]));
    anvil.rpc("anvil_stopImpersonatingAccount", serde_json::json!([from]));
}

/// The number that a contract answers.
pub fn asks(anvil: &Anvil, to: Address, data: &str) -> U256 {
    let answer = anvil.rpc("eth_call", serde_json::json!([{ "to": to, "data": data }, "latest"]));
    answer.as_str().expect("bytes").parse().expect("a number")
}

/// Contracts, a registered and approved model, a committed record; the model's identity and the record's commitment.
pub fn prepared(anvil: &Anvil, place: &Place) -> (String, String) {
    let ground = Ground { place, url: anvil.url() };
    ground.sends(Who::Admin, "deploy --delay 0");
    place.quantize("logreg");
    place.ok("compile model.zkdx");
    place.ok("setup circuit.zkdx");
    let model = text(&ground.sends(Who::Owner, "register model.zkdx --chain --card-uri ipfs://card"), "/model_id");
    ground.sends(Who::Admin, &format!("authority add {} --name Board", Who::Authority.address()));
    ground.sends(Who::Authority, &format!("model approve {model}"));
    let record = text(&place.ok_json("commit models/data/record.json"), "/record_commitment");
    (model, record)
}

pub fn everybody() -> Anvil {
    Anvil::start(Options { accounts: EVERYBODY, ..Options::default() })
}

/// A consent of the patient for somebody, granted by the clinic.
pub fn consents(ground: &Ground<'_>, grantee: &str, scope: &str, name: &str) -> String {
    let line = format!("consent sign --grantee {grantee} {scope} --lasting 1day -o {name}");
    let id = text(&ground.ok(Who::Patient, &line), "/consent_id");
    ground.sends(Who::Clinic, &format!("consent grant {name}"));
    id
}
