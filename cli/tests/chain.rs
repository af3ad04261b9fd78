//! The program against a real node: everybody's part of the story, and what is refused on the way.

#[path = "chain/guards.rs"]
mod guards;
#[path = "../../client/tests/support/mod.rs"]
mod node_support;
#[path = "chain/people.rs"]
mod people;
mod support;

use node_support::{Action, Anvil, Options, Proxy};
use people::{EVERYBODY, Ground, Who, balance, consents, everybody, prepared, text};
use serde_json::json;
use support::Place;
use zkdx_client::{Address, U256};

#[test]
fn two_hospitals_an_owner_a_patient_an_authority_and_a_payer() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    let (model, record) = prepared(&anvil, &place);
    let standing = ground.ok(Who::Nobody, &format!("model show {model}"));
    assert_eq!((&standing["usable"], &standing["approvals"]), (&json!(true), &json!(1)));

    // Two hospitals, each under a consent of its own.
    for (who, name) in [(Who::Clinic, "a"), (Who::OtherClinic, "b")] {
        let account = who.address();
        consents(
            &ground,
            &account.to_string(),
            &format!("--model {model} --record {record}"),
            &format!("{name}.consent"),
        );
        place.ok(&format!(
            "prove --deployment deployment.json --submitter {account} --consent {name}.consent -o {name}.json"
        ));
        let recorded = ground.sends(who, &format!("submit {name}.json"));
        let again = ground.sends(who, &format!("submit {name}.json"));
        assert_eq!(recorded["recorded"][0]["nullifiers"], again["recorded"][0]["nullifiers"]);
        assert!(recorded["recorded"][0]["transaction"].is_object() && again["recorded"][0]["transaction"].is_null());
    }
    ground.refused(&anvil, Who::OtherClinic, "submit a.json", 3, &["is for the submitter"]);

    // A request: the payer pays, the prover proves, price and fee arrive.
    consents(&ground, "market", &format!("--model {model}"), "market.consent");
    let paid = balance(&anvil, Who::Payer.address());
    let ask = format!(
        "request make --model {model} --record {record} --consent market.consent --price 0.01ether --fee 0.002ether"
    );
    ground.sends(Who::Payer, &ask);
    assert!(paid - balance(&anvil, Who::Payer.address()) >= U256::from(12_000_000_000_000_000u64));
    let nonce = anvil.nonce(Who::Payer.address());
    assert!(ground.sends(Who::Payer, &ask)["transaction"].is_null());
    assert_eq!(anvil.nonce(Who::Payer.address()), nonce, "the same file asks no second time");
    let prover = Who::Prover.address();
    place.ok(&format!("prove --deployment deployment.json --request request.json --prover {prover} -o market.json"));
    place.ok("register model.zkdx --out b.registration --public b.public");
    let foreign = "prove --registration b.registration --deployment deployment.json --request request.json -o c.json";
    place.refused(&format!("{foreign} --prover {prover}"), 3, &["the registration is of another one"]);
    ground.refused(
        &anvil,
        Who::Nobody,
        "fulfil request.json --proof market.json",
        3,
        &["another request or another prover"],
    );
    // Anybody may bring it; the fee is the prover's.
    ground.sends(Who::Nobody, &format!("fulfil request.json --proof market.json --prover {prover}"));
    assert_eq!(ground.ok(Who::Payer, "request status request.json")["state"], "fulfilled");
    for (who, amount) in [(Who::Owner, "10000000000000000"), (Who::Prover, "2000000000000000")] {
        assert_eq!(ground.sends(who, "withdraw")["amount"], amount);
        assert!(ground.sends(who, "withdraw")["transaction"].is_null());
    }

    // The patient withdraws, by a signature that the other hospital brings; then nothing is recorded any more.
    let revoked = ground.run(Who::Patient, "consent revoke a.consent --sign-only");
    assert_eq!(revoked.code, Some(0), "{revoked:#?}");
    ground.sends(Who::OtherClinic, "consent revoke a.consent");
    assert!(ground.sends(Who::OtherClinic, "consent revoke a.consent")["transaction"].is_null());
    let clinic = Who::Clinic.address();
    place.ok(&format!("prove --deployment deployment.json --submitter {clinic} --consent a.consent -o late.json"));
    ground.refused(&anvil, Who::Clinic, "submit late.json", 1, &["ConsentRevoked", "ask for a new consent"]);

    // And the authority revokes the model.
    ground.sends(Who::Authority, &format!("model revoke {model} --reason biased"));
    assert_eq!(ground.ok(Who::Nobody, &format!("model show {model}"))["usable"], false);
    let other = Who::OtherClinic.address();
    place.ok(&format!("prove --deployment deployment.json --submitter {other} --consent b.consent -o last.json"));
    ground.refused(&anvil, Who::OtherClinic, "submit last.json", 1, &["RevokedModel", "successor"]);
}

#[test]
fn many_proofs_share_a_transaction_and_only_new_ones_are_sent() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    let (model, _) = prepared(&anvil, &place);
    let clinic = Who::Clinic.address();
    consents(&ground, &clinic.to_string(), &format!("--model {model}"), "consent.json");
    let prove = format!("prove --deployment deployment.json --submitter {clinic} --consent consent.json");
    for name in ["one", "two", "three"] {
        place.ok(&format!("{prove} -o {name}.json"));
    }
    ground.sends(Who::Clinic, "submit one.json");
    let recorded = ground.sends(Who::Clinic, "submit one.json two.json three.json");
    let of = |index: usize| recorded["recorded"][index]["transaction"]["hash"].as_str();
    assert!(of(0).is_none() && of(1).is_some() && of(1) == of(2), "{recorded}");
    // The same twice is no accident of the log's.
    ground.refused(&anvil, Who::Clinic, "submit two.json two.json", 3, &["have the nullifier", "each proof once"]);
    // One that cannot be recorded stops the others before anything is sent.
    place.ok(&format!("{prove} -o four.json"));
    place.ok(&format!(
        "prove --deployment deployment.json --submitter {clinic} --consent 0x{} -o stray.json",
        "77".repeat(32)
    ));
    ground.refused(&anvil, Who::Clinic, "submit four.json stray.json", 1, &["UnknownConsent", "zkdx consent grant"]);
}

#[test]
fn requests_that_nobody_fulfils_are_refunded() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    ground.sends(Who::Admin, "deploy --delay 0");
    let id = |byte: &str| format!("0x{}", byte.repeat(32));
    let ask = format!(
        "request make --model {} --record {} --consent {} --price 5gwei --fee 1gwei",
        id("11"),
        id("02"),
        id("33")
    );
    ground.sends(Who::Payer, &ask);
    ground.refused(&anvil, Who::Payer, "request refund request.json", 1, &["DeadlineNotPassed"]);
    ground.refused(&anvil, Who::Payer, &ask.replace("5gwei", "6gwei"), 3, &["holds another request", "--force"]);
    anvil.rpc("evm_increaseTime", json!([90_000]));
    anvil.mine(1);
    ground.sends(Who::Nobody, "request refund request.json");
    assert!(ground.sends(Who::Nobody, "request refund request.json")["transaction"].is_null());
    assert_eq!(ground.sends(Who::Payer, "withdraw")["amount"], "6000000000");
    assert_eq!(ground.sends(Who::Payer, &ask)["state"], "refunded", "the same again is open no more");
    place.edit("request.json", "changed.json", "/request/price", json!("0x1"));
    ground.refused(&anvil, Who::Payer, "request refund changed.json", 3, &["it was changed"]);
}

/// `PlainToken` of `contracts/test/support/Tokens.sol`, compiled as the contracts are.
const TOKEN: &str = include_str!("chain/plain_token.hex");

#[test]
fn requests_are_paid_in_tokens_to_the_unit() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    let (model, record) = prepared(&anvil, &place);
    let (token, market) =
        (Address::repeat_byte(0x70), place.json("deployment.json")["contracts"]["InferenceMarket"].clone());
    let market: Address = market.as_str().expect("an address").parse().expect("an address");
    let (payer, prover) = (Who::Payer.address(), Who::Prover.address());
    anvil.rpc("anvil_setCode", json!([token, TOKEN.trim()]));
    // mint(payer, 1000); approve(market, 1), which is too little.
    people::calls(&anvil, payer, token, &format!("0x40c10f19{:0>64}{:064x}", hex::encode(payer), 1_000));
    people::calls(&anvil, payer, token, &format!("0x095ea7b3{:0>64}{:064x}", hex::encode(market), 1));
    let units = |who: Address| people::asks(&anvil, token, &format!("0x70a08231{:0>64}", hex::encode(who)));
    consents(&ground, "market", "--any-approved", "consent.json");
    let ask = format!(
        "request make --model {model} --record {record} --consent consent.json --token {token} --price 700 --fee 50"
    );
    ground.sends(Who::Payer, &ask);
    assert_eq!((units(payer), units(market)), (U256::from(250), U256::from(750)));
    assert!(ground.sends(Who::Payer, &ask)["transaction"].is_null());
    let dear = ask.replace("--price 700", "--price 201") + " -o second.json";
    ground.refused(&anvil, Who::Payer, &dear, 3, &["250 units of the token", "costs 251"]);
    place.ok(&format!("prove --deployment deployment.json --request request.json --prover {prover}"));
    ground.sends(Who::Prover, "fulfil request.json");
    for (who, amount) in [(Who::Owner, 700), (Who::Prover, 50)] {
        let to = Address::repeat_byte(who as u8);
        ground.sends(who, &format!("withdraw --token {token} --to {to}"));
        assert_eq!(units(to), U256::from(amount));
    }
    assert_eq!(units(market), U256::ZERO);
}

#[test]
fn what_is_wrong_is_said_before_anything_is_sent() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    let (model, record) = prepared(&anvil, &place);
    let clinic = Who::Clinic.address();
    let unknown = format!("0x{}", "55".repeat(32));
    ground.refused(&anvil, Who::Authority, &format!("model approve {unknown}"), 1, &["UnknownModel", "--chain"]);
    ground.refused(&anvil, Who::Nobody, &format!("model approve {model}"), 1, &["UnknownAuthority"]);
    ground.refused(
        &anvil,
        Who::Nobody,
        &format!("authority add {clinic} --name X"),
        1,
        &["AccessControlUnauthorizedAccount"],
    );
    ground.refused(&anvil, Who::Nobody, "register --chain", 3, &["registered already", "commit to the weights anew"]);
    let sign = |scope: &str, name: &str| {
        let line = format!("consent sign --grantee {clinic} --model {model} {scope} -o {name}");
        ground.ok(Who::Patient, &line);
    };
    // Times: not yet, no more; and a record that the consent does not name.
    sign("--from 2030-01-01T00:00:00Z --until 2031-01-01T00:00:00Z", "early.consent");
    sign("--lasting 1h", "short.consent");
    sign(&format!("--record 0x{} --lasting 1h", "07".repeat(32)), "record.consent");
    let prove =
        |consent: &str| format!("prove --deployment deployment.json --submitter {clinic} --consent {consent} --force");
    ["early.consent", "short.consent"].iter().for_each(|name| {
        ground.sends(Who::Nobody, &format!("consent grant {name}"));
    });
    place.ok(&prove("early.consent"));
    ground.refused(&anvil, Who::Clinic, "submit proof.json", 1, &["ConsentNotYetValid", "wait"]);
    place.ok(&prove("short.consent"));
    let answer = ground.run(Who::Clinic, "submit proof.json --dry-run --json");
    assert_eq!((answer.code, answer.one_object()["dry_run"].clone()), (Some(0), json!(true)), "{answer:#?}");
    assert_eq!(anvil.nonce(clinic), 0, "a dry run sends nothing");
    let answer = ground.run(Who::Clinic, "submit proof.json");
    answer.assert_refused(2, &["no terminal to ask on", "--yes"]);
    anvil.rpc("evm_increaseTime", json!([4_000]));
    anvil.mine(1);
    ground.refused(&anvil, Who::Clinic, "submit proof.json", 1, &["ConsentExpired", "new consent"]);
    place.refused(&prove("record.consent"), 3, &["another record"]);
    let other = Who::OtherClinic.address();
    place.refused(
        &format!("prove --deployment deployment.json --submitter {other} --consent short.consent --force"),
        3,
        &["consent is for the submitter"],
    );
    // Files that were changed, and files of another deployment.
    place.edit("short.consent", "changed.consent", "/consent/valid_until", json!(4_000_000_000u64));
    ground.refused(&anvil, Who::Clinic, "consent grant changed.consent", 3, &["it was changed"]);
    place.edit("deployment.json", "elsewhere.json", "/contracts/DiagnosisLog", json!(clinic));
    ground.refused(
        &anvil,
        Who::Clinic,
        "submit proof.json --deployment elsewhere.json",
        3,
        &["do not follow from its parameters"],
    );
    place.edit("deployment.json", "other.json", "/chain_id", json!(1));
    ground.refused(
        &anvil,
        Who::Clinic,
        "submit proof.json --deployment other.json",
        6,
        &["on chain 31337, the deployment on chain 1"],
    );
    place.edit("proof.json", "tampered.json", "/proof", json!(format!("0x{}", "01".repeat(320))));
    ground.refused(&anvil, Who::Clinic, "submit tampered.json", 3, &["tampered.json"]);
    let ask = format!("request make --model {model} --record {record} --consent {unknown} --price 101ether --fee 0");
    ground.refused(&anvil, Who::Payer, &ask, 6, &["wei", "send it some"]);
}

#[test]
fn nodes_that_lie_or_are_silent_get_nothing() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    ground.sends(Who::Admin, "deploy --delay 0");
    let grant = "authority add 0x00000000000000000000000000000000000000a1 --name X --retry-for 1 --yes";
    // On another chain than it says: the deployment is for 31337, and so is what the node claims.
    let elsewhere = Anvil::start(Options { chain_id: 99, accounts: EVERYBODY, ..Options::default() });
    let proxy = Proxy::start(elsewhere.port());
    proxy.always("eth_chainId", Action::result(json!("0x7a69")));
    let liar = Ground { place: &place, url: proxy.url().replace("http://", "http://user:sesame@") + "/key-0123456789" };
    let answer = liar.run(Who::Admin, grant);
    answer.assert_refused(1, &["says that it is on chain 31337", "do not use this node"]);
    assert_eq!(elsewhere.nonce(Who::Admin.address()), 0);
    drop(proxy);
    let answer = liar.run(Who::Admin, grant);
    answer.assert_refused(6, &["cannot be reached", "what is done is not done twice"]);
    for secret in ["sesame", "key-0123456789", &Who::Admin.key()] {
        assert!(!answer.err.contains(secret) && !answer.out.contains(secret), "{answer:#?}");
    }
    let nowhere = Ground { place: &place, url: "ftp://127.0.0.1".into() };
    nowhere.run(Who::Admin, grant).assert_refused(2, &["neither http:// nor https://", "ZKDX_RPC"]);
}

#[test]
fn a_command_that_was_interrupted_is_taken_up_again() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    let (model, _) = prepared(&anvil, &place);
    let clinic = Who::Clinic.address();
    consents(&ground, &clinic.to_string(), &format!("--model {model}"), "consent.json");
    place.ok(&format!("prove --deployment deployment.json --submitter {clinic} --consent consent.json"));
    let nonce = anvil.nonce(clinic);
    anvil.automine(false);
    let answer = ground.run(Who::Clinic, "submit proof.json --yes --timeout 2");
    answer.assert_refused(6, &["not mined after 2 s", "run the command again"]);
    // It waits for what is pending, and finds it done.
    let answer = ground.run(Who::Clinic, "submit proof.json --yes --outbid-after 1");
    answer.assert_refused(6, &["1 earlier transactions", "still pending"]);
    anvil.mine(1);
    anvil.automine(true);
    assert!(ground.sends(Who::Clinic, "submit proof.json")["recorded"][0]["transaction"].is_null());
    assert_eq!(anvil.nonce(clinic), nonce + 1, "sent once");
}

#[test]
fn keys_are_kept_in_keystores_and_said_nowhere() {
    let (anvil, place) = (everybody(), Place::new());
    let password = "a password that nobody knows";
    place.write("password", format!("{password}\n"));
    let with = |environment: &[(&str, &str)], line: &str| place.run_with(environment, line);
    let made = with(&[("ZKDX_PASSWORD", password)], "account new -o a.keystore --json");
    assert_eq!(made.code, Some(0), "{made:#?}");
    assert_eq!(place.mode("a.keystore"), 0o600);
    let address = text(&made.one_object(), "/address");
    let shown = with(&[], "account show --keystore a.keystore --password-file password --json");
    assert_eq!(text(&shown.one_object(), "/address"), address);
    with(&[("ZKDX_PASSWORD", "wrong")], "account show --keystore a.keystore").assert_refused(3, &["wrong password"]);
    with(&[], "account show --keystore a.keystore").assert_refused(2, &["no terminal", "ZKDX_PASSWORD"]);
    with(&[], "account show").assert_refused(2, &["no account", "ZKDX_PRIVATE_KEY"]);
    with(&[("ZKDX_PRIVATE_KEY", "12")], "account show").assert_refused(3, &["64 hexadecimal digits"]);
    with(&[("ZKDX_PASSWORD", "short")], "account new -o b.keystore").assert_refused(2, &["fewer than 12"]);
    with(&[("ZKDX_PASSWORD", password)], "account new -o a.keystore").assert_refused(4, &["it exists"]);
    place.edit("a.keystore", "c.keystore", "/crypto/kdfparams/n", json!(1u64 << 40));
    with(&[("ZKDX_PASSWORD", password)], "account show --keystore c.keystore").assert_refused(3, &["too much work"]);
    anvil.set_balance(address.parse().expect("an address"), U256::from(10u64).pow(U256::from(19)));
    let environment = [("ZKDX_RPC", anvil.url()), ("ZKDX_PASSWORD", password.into())];
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let deployed = with(&environment, "deploy --delay 0 --yes --confirmations 1 --keystore a.keystore");
    assert_eq!(deployed.code, Some(0), "{deployed:#?}");
    assert!(!format!("{deployed:?}{shown:?}{made:?}").contains(password));
}
