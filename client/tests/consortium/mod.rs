//! A consortium: a permissioned chain on which gas is free, with a log of diagnoses, and a public chain with an anchor and nothing else.
//!
//! Entries are recorded by the contracts that users have, but for the proof: the gateway's admin adds a verifier that accepts anything. What
//! is anchored is the log, whatever its gateway believed.
#![allow(dead_code, unreachable_pub, missing_docs)]

use serde_json::{Value, json};
use zkdx_client::anchor::{self, AnchorId, BatchFile, Start};
use zkdx_client::log::{Mark, Version};
use zkdx_client::transaction::{self, Silent};
use zkdx_client::{
    Address, B256, Call, Contract, Deployment, Node, Parameters, Result, Session, Settled, U256, Wallet,
};
use zkdx_contracts::abi::{ConsentRegistry, DiagnosisLog, ModelRegistry, VerifierGateway, VerifyingKeyStore};

use crate::ground::{self, CHAIN, node, run, terms};
use crate::support::{Anvil, Options};

/// Id of the permissioned chain.
pub const SOURCE_CHAIN: u64 = 1_337;
/// Where code is put that answers everything with one word.
const ANSWERING: Address = Address::repeat_byte(0x56);
const VERSION: Version = Version::new([0xac, 0xce, 0x97, 0xed]);
/// What a contract says to a signature that it accepts (EIP-1271).
const ACCEPTED: [u8; 4] = [0x16, 0x26, 0xba, 0x7e];
/// A member that is a contract.
pub const CONTRACT_MEMBER: Address = Address::repeat_byte(0x77);

pub struct Consortium {
    pub permissioned: Anvil,
    pub public: Anvil,
    pub source: Deployment,
    pub home: Deployment,
    model: B256,
    consent: B256,
}

/// Members of the anchor: the first two accounts and a contract; two must sign.
fn parameters() -> Parameters {
    let mut anchor_members = vec![Anvil::wallet(0).address(), Anvil::wallet(1).address(), CONTRACT_MEMBER];
    anchor_members.sort();
    Parameters { anchor_members, anchor_threshold: 2, ..Parameters::simple(Anvil::wallet(0).address()) }
}

impl Consortium {
    pub fn new() -> Self {
        let permissioned = Anvil::start(Options { chain_id: SOURCE_CHAIN, free: true, ..Options::default() });
        let public = Anvil::start(Options::default());
        let source = Deployment::new(SOURCE_CHAIN, 0, Parameters::simple(Anvil::wallet(0).address()));
        let home = Deployment::new(CHAIN, 0, parameters());
        ground::deploy(&permissioned.url(), &source).expect("deploys");
        let creations = home.creations();
        let anchor = creations.iter().find(|one| one.contract == Contract::Anchor).expect("one of eight");
        send(&public, CHAIN, &Anvil::wallet(2), &anchor.call());
        let (model, consent) = (B256::ZERO, B256::ZERO);
        let mut consortium = Self { permissioned, public, source, home, model, consent };
        consortium.model = consortium.approve_model();
        consortium.consent = consortium.grant_consent();
        consortium
    }

    pub fn source_node(&self) -> Node {
        node(&self.permissioned.url())
    }

    pub fn public_node(&self) -> Node {
        node(&self.public.url())
    }

    pub fn anchor(&self) -> AnchorId {
        AnchorId::of(&self.home)
    }

    /// How far the log is anchored.
    pub fn anchored(&self) -> Mark {
        run(anchor::state(&self.public_node(), &self.home, &self.source)).expect("a state").mark
    }

    /// One diagnosis with so many cases, whose nonces follow from `tag`.
    pub fn record(&self, tag: u64, cases: u64) {
        let case = |index: u64| DiagnosisLog::Case {
            consentId: self.consent,
            nonce: U256::from(1_000 * tag + index).into(),
            policy: U256::ZERO,
            words: vec![U256::from(tag + 1), U256::from(index)],
        };
        let diagnosis = DiagnosisLog::Diagnosis { modelId: self.model, cases: (0..cases).map(case).collect() };
        self.say(Contract::DiagnosisLog, &DiagnosisLog::submitCall { diagnosis, proof: VERSION.to_vec().into() });
    }

    /// A batch of what is not anchored yet, as the node of a member has it.
    pub fn batch(&self) -> BatchFile {
        self.batch_from(Start::Anchored(self.anchored()), 1).expect("a batch")
    }

    pub fn batch_from(&self, start: Start, confirmations: u64) -> Result<BatchFile> {
        run(anchor::make(&self.source_node(), &self.source, self.anchor(), start, confirmations))
    }

    pub fn confirm(&self, node: &Node, file: &BatchFile) -> Result<()> {
        run(anchor::confirm(node, &self.source, file, 1))
    }

    /// As a member looks at the public chain before it signs.
    pub fn require_next(&self, file: &BatchFile, member: Address) -> Result<()> {
        run(anchor::require_next(&self.public_node(), &self.home, file, member))
    }

    /// Posts from the third account, which is no member.
    pub fn post(&self, file: &BatchFile) -> Result<Option<Settled>> {
        self.post_to(&self.home, file)
    }

    pub fn post_to(&self, deployment: &Deployment, file: &BatchFile) -> Result<Option<Settled>> {
        let (node, wallet, terms) = (self.public_node(), Anvil::wallet(2), terms());
        run(anchor::post(Session { node: &node, deployment, wallet: &wallet, terms: &terms, observer: &Silent }, file))
    }

    /// How many transactions the third account has sent on the public chain.
    pub fn sent(&self) -> u64 {
        self.public.nonce(Anvil::wallet(2).address())
    }

    /// Makes the member that is a contract accept any signature, or answer with something else.
    pub fn contract_member(&self, accepts: bool) {
        let answer = if accepts { ACCEPTED } else { [0; 4] };
        put_code(&self.public, CONTRACT_MEMBER, answer);
    }

    fn approve_model(&self) -> B256 {
        put_code(&self.permissioned, ANSWERING, VERSION.0);
        let add = VerifierGateway::addVerifierCall { version: VERSION, verifier: ANSWERING };
        self.say(Contract::VerifierGateway, &add);
        let vectors = key_vectors();
        let key = vectors["key"].as_str().expect("a key").parse().expect("hexadecimal");
        let key_digest = vectors["vk_digest"].as_str().expect("a digest").parse().expect("hexadecimal");
        self.say(Contract::VerifyingKeyStore, &VerifyingKeyStore::registerCall { key });
        let model = self.say(Contract::ModelRegistry, &registration(key_digest));
        let (authority, name) = (Anvil::wallet(0).address(), "Ethics board".to_owned());
        self.say(Contract::ModelRegistry, &ModelRegistry::listAuthorityCall { authority, name });
        let (evidence, uri) = (B256::ZERO, String::new());
        let approve = ModelRegistry::approveCall { modelId: model, evidenceDigest: evidence, uri };
        self.say(Contract::ModelRegistry, &approve);
        model
    }

    fn grant_consent(&self) -> B256 {
        let purpose = self.source.parameters.purpose;
        let consent = ConsentRegistry::Consent { purpose, ..ground::consent(Anvil::wallet(0).address(), 1) };
        self.say(Contract::ConsentRegistry, &ConsentRegistry::grantCall { consent })
    }

    /// What a call by the admin returns, after it was sent.
    fn say<C: alloy::sol_types::SolCall>(&self, contract: Contract, call: &C) -> C::Return {
        let (to, admin) = (self.source.address(contract), Anvil::wallet(0));
        let at = zkdx_client::node::At::Latest;
        let returned = run(self.source_node().call(admin.address(), to, call, at)).expect("it would go through");
        send(&self.permissioned, SOURCE_CHAIN, &admin, &Call::new(to, call));
        returned
    }
}

fn registration(key_digest: B256) -> ModelRegistry::registerCall {
    ModelRegistry::registerCall {
        keyDigest: key_digest,
        weightCommitment: ModelRegistry::G1Point { x: U256::from(1), y: U256::from(2) },
        metadataDigest: B256::ZERO,
        metadataUri: String::new(),
    }
}

fn key_vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../contracts/vectors/keys.json");
    serde_json::from_slice(&std::fs::read(path).expect("vectors are checked in")).expect("JSON")
}

fn send(anvil: &Anvil, chain: u64, wallet: &Wallet, call: &Call) {
    run(transaction::transact(&node(&anvil.url()), chain, wallet, call, &terms(), &Silent)).expect("it is mined");
}

/// PUSH4 answer, PUSH1 224, SHL, PUSH0, MSTORE, PUSH1 32, PUSH0, RETURN: every call gets the same word.
fn put_code(anvil: &Anvil, at: Address, answer: [u8; 4]) {
    let [a, b, c, d] = answer;
    let code = [0x63, a, b, c, d, 0x60, 0xe0, 0x1b, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];
    let digits: String = code.iter().map(|byte: &u8| format!("{byte:02x}")).collect();
    anvil.rpc("anvil_setCode", json!([at, format!("0x{digits}")]));
}
