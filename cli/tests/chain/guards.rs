//! Slips that would cost money or rights: a request whose file is lost, a consent that covers nothing, an account that is nobody's.

use serde_json::json;
use zkdx_client::Address;

use crate::people::{Ground, Who, everybody};
use crate::support::Place;

/// The file of a request is what brings its money back, or to the prover.
#[test]
fn no_request_with_money_in_it_is_replaced() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    ground.sends(Who::Admin, "deploy --delay 0");
    let id = |byte: &str| format!("0x{}", byte.repeat(32));
    let (model, record) = (id("11"), id("02"));
    let ask = format!("request make --model {model} --record {record} --price 5gwei --fee 1gwei");
    let known = format!("{ask} --consent {}", id("33"));
    // A dry run writes nothing, and a wait that is too long is not begun.
    let before = place.files();
    let answer = ground.run(Who::Payer, &format!("{known} --dry-run --json"));
    assert_eq!((answer.code, answer.one_object()["dry_run"].clone()), (Some(0), json!(true)), "{answer:#?}");
    assert!(place.files() == before, "a dry run wrote something");
    ground.refused(&anvil, Who::Payer, &format!("{known} --lasting 11years"), 2, &["ten years", "--lasting"]);
    // The payment is on its way: it is waited for, and the file is kept.
    anvil.automine(false);
    let answer = ground.run(Who::Payer, &format!("{known} --yes --timeout 1"));
    answer.assert_refused(6, &["run the command again"]);
    let file = place.read("request.json");
    let again = ground.run(Who::Payer, &format!("{known} --force --yes --outbid-after 1"));
    again.assert_refused(6, &["are still pending"]);
    anvil.mine(1);
    anvil.automine(true);
    ground.refused(&anvil, Who::Payer, &format!("{known} --force"), 3, &["is paid and open", "another path"]);
    assert_eq!(place.read("request.json"), file);
    assert_eq!(ground.sends(Who::Payer, &known)["state"], "requested");
    // Once the money is back it may go; and so may one that was never paid, which cannot be paid any more.
    anvil.rpc("evm_increaseTime", json!([90_000]));
    anvil.mine(1);
    ground.sends(Who::Nobody, "request refund request.json");
    let late = format!("{known} -o late.json --lasting 1s");
    let answer = ground.run(Who::Payer, &late);
    answer.assert_refused(1, &["DeadlinePassed"]);
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    ground.refused(&anvil, Who::Payer, &late, 3, &["not paid before its deadline", "--force"]);
    assert!(place.read("late.json") != file);
}

/// Under a consent that is for others nobody could fulfil a request.
#[test]
fn requests_are_made_under_consents_that_cover_them() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    ground.sends(Who::Admin, "deploy --delay 0");
    let id = |byte: &str| format!("0x{}", byte.repeat(32));
    let (model, record, other) = (id("11"), id("02"), id("03"));
    let ask = format!("request make --model {model} --record {record} --price 5gwei --fee 1gwei");
    let clinic = Who::Clinic.address();
    let terms = [
        (format!("--grantee {clinic} --any-approved --lasting 1day"), "grantee is not the market"),
        (format!("--grantee market --model {other} --lasting 1day"), "another model"),
        (format!("--grantee market --any-approved --record {other} --lasting 1day"), "another record"),
        ("--grantee market --any-approved --from 1 --until 2".into(), "it has ended"),
    ];
    for (number, (terms, why)) in terms.iter().enumerate() {
        ground.ok(Who::Patient, &format!("consent sign {terms} -o {number}.consent"));
        let line = format!("{ask} --consent {number}.consent");
        ground.refused(&anvil, Who::Payer, &line, 3, &["does not cover the request", why]);
    }
    let line = format!("consent sign --grantee anyone --model {model} --record {record} --lasting 1day");
    ground.ok(Who::Patient, &line);
    ground.sends(Who::Payer, &format!("{ask} --consent consent.json"));
    // What was paid stays so when the consent has ended.
    ground.ok(Who::Patient, "consent sign --grantee market --any-approved --lasting 6s -o short.consent");
    let short = format!("{ask} --consent short.consent -o short.json");
    ground.sends(Who::Payer, &short);
    std::thread::sleep(std::time::Duration::from_millis(6_500));
    assert_eq!(ground.sends(Who::Payer, &short)["state"], "requested");
    let late = format!("{ask} --consent short.consent -o late.json");
    ground.refused(&anvil, Who::Payer, &late, 3, &["does not cover the request", "it has ended"]);
}

/// A slip in an account's digits, and the zero address where money or rights would be lost.
#[test]
fn mistyped_accounts_are_refused() {
    let (anvil, place) = (everybody(), Place::new());
    let ground = Ground { place: &place, url: anvil.url() };
    ground.sends(Who::Admin, "deploy --delay 0");
    let zero = Address::ZERO.to_string();
    let right = Who::Clinic.address().to_string();
    let slip: String = right
        .chars()
        .enumerate()
        .map(|(at, c)| if at > 2 && c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c })
        .collect();
    let slip = format!("{}{}", &slip[..slip.len() - 1], if slip.ends_with('1') { 'A' } else { 'B' });
    let sign = "--any-approved --lasting 1day";
    for line in [
        format!("withdraw --to {slip}"),
        format!("withdraw --token {slip}"),
        format!("authority add {slip} --name X"),
        format!("authority remove {slip} --reason X"),
        format!("consent sign --grantee {slip} {sign}"),
        format!("deploy --admin {slip} -o other.json"),
        format!("deploy --guardian {slip} -o other.json"),
        format!("deploy --anchor-member {slip} -o other.json"),
        format!("fulfil request.json --prover {slip}"),
        format!("prove --submitter {slip}"),
        format!("prove --verifier {slip}"),
        format!("prove --deployment deployment.json --request request.json --prover {slip}"),
        format!(
            "request make --model 0x{0} --record 0x{0} --consent 0x{0} --price 1 --fee 1 --token {slip}",
            "11".repeat(32)
        ),
    ] {
        ground.run(Who::Admin, &line).assert_refused(2, &["EIP-55"]);
    }
    for line in [
        format!("withdraw --to {zero}"),
        format!("authority add {zero} --name X"),
        format!("consent sign --grantee {zero} {sign}"),
        format!("fulfil request.json --prover {zero}"),
        format!("prove --deployment deployment.json --request request.json --prover {zero}"),
    ] {
        ground.run(Who::Admin, &line).assert_refused(2, &["the zero address is nobody's"]);
    }
    let purpose = "deploy --purpose 0x1234 -o other.json";
    ground.refused(&anvil, Who::Admin, purpose, 2, &["the purpose `0x1234` is no keccak", "64 digits"]);
    // Both ways to write it without a checksum are right.
    for line in [right.to_lowercase(), format!("0x{}", right[2..].to_uppercase())] {
        ground.ok(Who::Patient, &format!("consent sign --grantee {line} {sign} --force"));
    }
    let market = place.json("deployment.json")["contracts"]["InferenceMarket"].clone();
    let line = format!("withdraw --to {}", market.as_str().expect("an address"));
    ground.refused(&anvil, Who::Admin, &line, 3, &["out of the contract"]);
}
