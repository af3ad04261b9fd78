//! Files of the anchor come from strangers: every change of every field is refused, and nothing in them makes the program stop.

use serde_json::{Value, json};
use zkdx_client::anchor::{AnchorId, BatchFile, InclusionFile};
use zkdx_client::log::{Entry, Mark, Replay, Version};
use zkdx_client::{Address, B256, ClientError, Deployment, Parameters, Wallet};

fn wallet(index: u8) -> Wallet {
    Wallet::from_hex(&format!("{:064x}", u16::from(index) + 1)).expect("a key")
}

/// Entries 3 to 7 of a log, signed by two.
fn batch() -> BatchFile {
    let source = Deployment::new(1_337, 0, Parameters::simple(Address::repeat_byte(1)));
    let anchor = AnchorId { chain_id: 1, address: Address::repeat_byte(2) };
    let entry = |index: u64| Entry {
        index,
        nullifier: B256::repeat_byte(index as u8),
        digest: B256::repeat_byte(0x40 + index as u8),
        version: Version::repeat_byte(9),
        time: 1_700_000_000 + index,
    };
    let (start, entries) = (Mark { length: 3, head: B256::repeat_byte(7) }, (3..8).map(entry).collect::<Vec<_>>());
    let end = entries.iter().fold(start, |mark, entry| mark.after(entry));
    let mut file = BatchFile::new(anchor, &source, &Replay { start, entries, end }).expect("has entries");
    file.sign(&wallet(1)).expect("signs");
    file.sign(&wallet(0)).expect("signs");
    file
}

/// Does something to a list.
type Change = fn(&mut Vec<Value>);

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Pointers to everything in a value that is neither an object nor a list.
fn leaves(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, inner)| leaves(inner, &format!("{at}/{name}"))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, inner)| leaves(inner, &format!("{at}/{index}"))).collect()
        }
        _ => vec![at.to_owned()],
    }
}

/// The same kind of value, and another.
fn changed(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_u64().expect("unsigned") + 1),
        Value::String(text) if text.starts_with("0x") => {
            let last = if text.ends_with('0') { "1" } else { "0" };
            json!(text[..text.len() - 1].to_owned() + last)
        }
        other => json!(format!("{other}x")),
    }
}

/// How many changes of single fields `read` refuses; it must refuse all but those `free` says.
fn refuses_every_change(file: &str, free: &str, read: impl Fn(&[u8]) -> Option<ClientError>) -> usize {
    let json = json_of(file);
    assert_eq!(read(file.as_bytes()), None);
    let all = leaves(&json, "");
    for pointer in &all {
        let mut edited = json.clone();
        let place = edited.pointer_mut(pointer).expect("a leaf");
        let replacements = [changed(place), Value::Null, json!([]), json!(-1), json!("0x"), json!(u64::MAX)];
        for replacement in replacements {
            *edited.pointer_mut(pointer).expect("a leaf") = replacement.clone();
            if !pointer.contains(free) {
                assert!(read(edited.to_string().as_bytes()).is_some(), "{pointer} = {replacement}");
            }
        }
    }
    all.len()
}

#[test]
fn every_changed_field_of_a_batch_is_refused() {
    let file = batch();
    let read = |bytes: &[u8]| BatchFile::from_json(bytes).err();
    // Signatures are tried on the public chain: what a contract accepts can be any bytes.
    assert_eq!(refuses_every_change(&file.to_json(), "/signature", read), 46);
    assert_eq!(BatchFile::from_json(file.to_json().as_bytes()), Ok(file));
}

#[test]
fn every_changed_field_of_an_inclusion_is_refused() {
    let inclusion = batch().inclusion(5).expect("in the batch");
    let read = |bytes: &[u8]| InclusionFile::from_json(bytes).err();
    // Which anchor it is said to be in is compared with the deployment; that is on the public chain.
    assert_eq!(refuses_every_change(&inclusion.to_json(), "/anchor", read), 16);
    for index in 3..8 {
        let inclusion = batch().inclusion(index).expect("in the batch");
        assert_eq!(InclusionFile::from_json(inclusion.to_json().as_bytes()), Ok(inclusion));
    }
}

#[test]
fn entries_cannot_be_dropped_repeated_swapped_or_added() {
    let json = json_of(&batch().to_json());
    let edit = |change: Change| {
        let mut edited = json.clone();
        change(edited["entries"].as_array_mut().expect("a list"));
        BatchFile::from_json(edited.to_string().as_bytes()).expect_err("it was changed")
    };
    let changes: [Change; 6] = [
        |rows| drop(rows.pop()),
        |rows| drop(rows.remove(0)),
        |rows| rows.swap(1, 2),
        |rows| rows.push(rows[4].clone()),
        |rows| rows[1] = rows[0].clone(),
        |rows| rows.clear(),
    ];
    for change in changes {
        assert!(matches!(edit(change), ClientError::File { .. }));
    }
}

#[test]
fn signatures_are_in_ascending_order_each_once() {
    let file = batch();
    let members: Vec<Address> = file.signatures().iter().map(|one| one.member).collect();
    let mut sorted = vec![wallet(0).address(), wallet(1).address()];
    sorted.sort();
    assert_eq!(members, sorted);
    let edit = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut edited = json_of(&file.to_json());
        change(edited["signatures"].as_array_mut().expect("a list"));
        BatchFile::from_json(edited.to_string().as_bytes())
    };
    assert!(edit(&|list| list.swap(0, 1)).is_err());
    assert!(edit(&|list| list.push(list[1].clone())).is_err());
    assert!(edit(&|list| list[0]["more"] = json!(1)).is_err());
    assert_eq!(edit(&|list| drop(list.remove(0))).expect("one is left").signatures().len(), 1);
    let mut again = file.clone();
    again.sign(&wallet(0)).expect("signs");
    again.merge(&file).expect("the same");
    assert_eq!(again, file);
}

#[test]
fn copies_of_one_batch_are_merged_and_of_two_are_not() {
    let file = batch();
    let with = |keep: usize| {
        let mut json = json_of(&file.to_json());
        drop(json["signatures"].as_array_mut().expect("a list").remove(1 - keep));
        BatchFile::from_json(json.to_string().as_bytes()).expect("one is left")
    };
    let (mut one, other) = (with(1), with(0));
    one.merge(&other).expect("one batch");
    assert_eq!(one, file);
    // A signature that another copy has otherwise.
    let mut json = json_of(&file.to_json());
    json["signatures"][0]["signature"] = json!("0x1234");
    let doubtful = BatchFile::from_json(json.to_string().as_bytes()).expect("any bytes");
    let error = one.merge(&doubtful).expect_err("two signatures");
    assert!(error.to_string().contains("two different signatures"), "{error}");
    assert_eq!(one, file);
    // The same entries for another anchor.
    let source = Deployment::new(1_337, 0, Parameters::simple(Address::repeat_byte(1)));
    let entries = file.entries().copied().collect();
    let replay = Replay { start: file.start(), entries, end: Mark { length: 8, head: file.batch().head } };
    let anchor = AnchorId { chain_id: 2, ..file.anchor };
    let elsewhere = BatchFile::new(anchor, &source, &replay).expect("has entries");
    assert!(one.merge(&elsewhere).expect_err("two batches").to_string().contains("two batches"));
}

#[test]
fn cut_and_foreign_files_are_refused_with_a_sentence() {
    let (batch, inclusion) = (batch().to_json(), batch().inclusion(4).expect("in the batch").to_json());
    for end in (0..batch.len() - 1).step_by(97) {
        assert!(BatchFile::from_json(&batch.as_bytes()[..end]).is_err());
    }
    for bytes in [inclusion.as_bytes(), b"", b"[]", b"null", &[0xff; 40], b"{\"format\":\"zkdx-anchor-batch\"}"] {
        let error = BatchFile::from_json(bytes).expect_err("no batch");
        assert!(error.to_string().starts_with("this is no batch that can be used: ") && !error.next().is_empty());
    }
    assert!(InclusionFile::from_json(batch.as_bytes()).is_err());
    let mut deep = json_of(&inclusion);
    deep["siblings"] = json!(vec![B256::ZERO; 65]);
    let error = InclusionFile::from_json(deep.to_string().as_bytes()).expect_err("too deep");
    assert!(error.to_string().contains("too many siblings"), "{error}");
}
