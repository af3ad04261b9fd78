//! A story on a real node: authorities, models, consents, entries one by one, in a batch, two under one proof and one that the market paid for,
//! and how some of it ended.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod forge;

use zkdx_circuits::statement::Case;
use zkdx_circuits::{Context, Fr, OutcomeKind, Statement, field};
use zkdx_client::audit::{History, Scope, Subject};
use zkdx_client::consent::{self, Consent, ConsentFile, Scope as Models};
use zkdx_client::market::{self, Request, RequestFile};
use zkdx_client::registry::{self, Word};
use zkdx_client::transaction::Silent;
use zkdx_client::{Address, B256, Contract, Deployment, Result, Session, U256, Wallet, submission};
use zkdx_verifier::{ProofFile, PublicModel, Reading, SetupKind};

use crate::ground::{CHAIN, deploy, deployment, node, run, terms};
use crate::support::{Anvil, Options};
use forge::Forge;

/// Who does what: wallets of the node.
const ADMIN: u8 = 0;
const OWNER: u8 = 1;
const CLINIC: u8 = 2;
const PATIENT: u8 = 3;
const PAYER: u8 = 4;
const ETHICS: u8 = 5;

/// What the story left on the chain.
pub struct Story {
    pub anvil: Anvil,
    pub deployment: Deployment,
    pub single: Forge,
    pub double: Forge,
    /// The consent of the first three entries.
    pub consent: B256,
    /// The record of the first entry.
    pub record: B256,
    pub request: B256,
}

pub fn record(number: u64) -> Fr {
    Fr::from(1_000_000 + number)
}

pub fn word(value: &Fr) -> B256 {
    field::to_bytes(value).into()
}

impl Story {
    /// Tells it to a new node.
    pub fn tell() -> Self {
        let anvil = Anvil::start(Options { accounts: 6, ..Options::default() });
        let single = Forge::new("one", 200, 1, OutcomeKind::Class, SetupKind::SingleParty);
        let double = Forge::new("two", 201, 2, OutcomeKind::Commitment, SetupKind::Ceremony);
        let deployment = deployment(CHAIN);
        deploy(&anvil.url(), &deployment).expect("deploys");
        let (consent, request) = (B256::ZERO, B256::ZERO);
        let mut story = Self { anvil, deployment, single, double, consent, record: word(&record(1)), request };
        story.models();
        story.entries();
        story.paid();
        story.ends();
        story
    }

    /// Everything that the node says of a subject.
    pub fn read(&self, subject: Subject) -> Result<History> {
        let scope = Scope { subject, block: None, confirmations: 0 };
        run(zkdx_client::audit::read(&[&node(&self.anvil.url())], &self.deployment, &scope))
    }

    pub fn publics(&self) -> Vec<PublicModel> {
        vec![self.single.public.clone(), self.double.public.clone()]
    }

    fn act<T>(&self, who: u8, work: impl AsyncFnOnce(Session<'_>) -> Result<T>) -> T {
        let (node, wallet, terms) = (node(&self.anvil.url()), Anvil::wallet(who), terms());
        let deployment = &self.deployment;
        run(work(Session { node: &node, deployment, wallet: &wallet, terms: &terms, observer: &Silent }))
            .expect("it goes through")
    }

    fn say(&self, who: u8, word: Word) {
        assert!(self.act(who, async |session| registry::say(session, word).await).is_some());
    }

    fn models(&self) {
        for (authority, name) in [(ADMIN, "Notified body"), (ETHICS, "Ethics board")] {
            let authority = Anvil::wallet(authority).address();
            self.say(ADMIN, Word::List { authority, name: name.into() });
        }
        for forge in [&self.single, &self.double] {
            self.act(OWNER, async |session| {
                registry::register_key(session, &forge.key).await?;
                registry::register_model(session, forge.model(), "https://models.example/card").await
            });
            for authority in [ADMIN, ETHICS] {
                let (model, evidence) = (forge.model().id().into(), B256::repeat_byte(authority + 1));
                self.say(authority, Word::Approve { model, evidence, uri: format!("https://a{authority}.example") });
            }
        }
        let (model, reason) = (self.double.model().id().into(), "not looked at closely".into());
        self.say(ETHICS, Word::WithdrawApproval { model, reason });
    }

    fn entries(&mut self) {
        let clinic = Anvil::wallet(CLINIC).address();
        self.consent = self.consent(clinic, Models::AnyApproved, U256::ZERO, 1);
        let one = |number: u64| {
            let case = self.case(clinic, self.consent, record(number), Fr::from(number % 2), B256::repeat_byte(1));
            proof(&self.single, vec![case])
        };
        let two = [8, 9].map(|number| {
            self.case(clinic, self.consent, record(number), Fr::from(number << 60), B256::repeat_byte(2))
        });
        for proofs in [vec![one(1)], vec![one(2), one(3)], vec![proof(&self.double, two.to_vec())]] {
            self.act(CLINIC, async |session| submission::submit(session, &proofs, |_| {}).await);
        }
    }

    fn paid(&mut self) {
        let market = self.deployment.address(Contract::InferenceMarket);
        let model: B256 = self.single.model().id().into();
        let asked = record(4);
        let consent = self.consent(market, Models::Model(model), word(&asked).into(), 2);
        let request = Request {
            payer: Anvil::wallet(PAYER).address(),
            token: Address::ZERO,
            price: U256::from(700),
            fee: U256::from(300),
            model,
            record: word(&asked).into(),
            consent,
            saturated: true,
            deadline: u64::MAX >> 8,
            salt: B256::repeat_byte(9),
        };
        let file = RequestFile::new(&self.deployment, request).expect("a request");
        self.request = file.id();
        let prover = Anvil::wallet(OWNER).address();
        let case = self.case(market, consent, asked, Fr::from(1u64), file.nonce(prover));
        let proof = proof(&self.single, vec![case]);
        self.act(PAYER, async |session| market::ask(session, &file).await);
        self.act(OWNER, async |session| market::fulfil(session, &[file], prover, &proof).await);
    }

    fn ends(&self) {
        let (single, double): (B256, B256) = (self.single.model().id().into(), self.double.model().id().into());
        let file = self.consent_file(Anvil::wallet(CLINIC).address(), Models::AnyApproved, U256::ZERO, 1);
        self.act(PATIENT, async |session| consent::revoke(session, &file).await);
        let authority = Anvil::wallet(ETHICS).address();
        self.say(ADMIN, Word::StrikeOff { authority, reason: "dissolved".into() });
        self.say(OWNER, Word::Succeed { model: double, successor: single });
        self.say(ADMIN, Word::Revoke { model: double, reason: "superseded".into() });
    }

    fn consent_file(&self, grantee: Address, scope: Models, record: U256, salt: u8) -> ConsentFile {
        let patient: Wallet = Anvil::wallet(PATIENT);
        let (valid_from, valid_until) = (1, (1 << 40) - 1);
        let (purpose, salt) = (self.deployment.parameters.purpose, B256::repeat_byte(salt));
        let consent =
            Consent { patient: patient.address(), grantee, purpose, scope, record, valid_from, valid_until, salt };
        let mut file = ConsentFile::new(&self.deployment, consent).expect("a consent");
        file.sign(&patient).expect("signs");
        file
    }

    /// A consent of the patient, brought by the clinic.
    fn consent(&self, grantee: Address, scope: Models, record: U256, salt: u8) -> B256 {
        let file = self.consent_file(grantee, scope, record, salt);
        self.act(CLINIC, async |session| consent::grant(session, &file).await);
        file.id()
    }

    fn case(&self, submitter: Address, consent: B256, record: Fr, outcome: Fr, nonce: B256) -> Case {
        let context = Context {
            chain_id: self.deployment.chain_id,
            verifier: self.deployment.address(Contract::DiagnosisLog).into_array(),
            submitter: submitter.into_array(),
            consent_id: consent.0,
            nonce: nonce.0,
            ..Context::default()
        };
        Case { record_commitment: record, outcome: vec![outcome], context }
    }
}

fn proof(forge: &Forge, cases: Vec<Case>) -> ProofFile {
    let statement = Statement { model_id: forge.model().id(), cases };
    let proof = forge.prove(&statement);
    ProofFile { statement, proof, reading: Reading { model: String::new(), cases: Vec::new() } }
}
