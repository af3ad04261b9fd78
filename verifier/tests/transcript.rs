//! The transcript, byte by byte as `docs/src/encodings.md` fixes it, and pinned.

mod common;

use zkdx_circuits::statement::{Context, keccak};
use zkdx_circuits::{Fr, field};
use zkdx_verifier::Transcript;
use zkdx_verifier::encoding::g1_bytes;

#[test]
fn the_challenges_hash_what_the_page_says() {
    let (model, proof) = (common::model(), common::proof());
    let (context, words) = (Context::default().digest(), [Fr::from(5u64), -Fr::from(1u64)]);
    let tag = keccak([&b"zkdx/two-round-groth16/v1/transcript"[..]]);
    let model_tag = keccak([&b"zkdx/v1/model"[..]]);
    let d_w = g1_bytes(&model.commitment);
    let key_digest = keccak([&common::key().to_bytes()[..]]);
    let model_id = keccak([&[&model_tag[..], &key_digest, &d_w, &model.metadata].concat()[..]]);
    assert_eq!(model_id, model.id());
    let fixed = [&tag[..], &context, &key_digest, &model_id, &d_w, &g1_bytes(&proof.d_1)].concat();
    let seed = keccak([&fixed[..], &field::to_bytes(&words[0]), &field::to_bytes(&words[1])]);
    let transcript = Transcript { context: &context, model: &model, first_round: &proof.d_1, words: &words };
    assert_eq!(transcript.seed(), seed);
    let mut index = [0u8; 32];
    index[31] = 1;
    assert_eq!(transcript.challenges(2)[1], field::from_hash(&keccak([&seed[..], &index])));
}

/// Changing any of these voids every key and proof in the world.
#[test]
fn pinned() {
    let (model, proof) = (common::model(), common::proof());
    let (context, words) = (Context::default().digest(), [Fr::from(5u64), -Fr::from(1u64)]);
    let transcript = Transcript { context: &context, model: &model, first_round: &proof.d_1, words: &words };
    let digests = [common::key().digest(), model.id(), transcript.seed(), keccak([&proof.to_bytes()[..]])];
    let expected = [
        "110ea6fddc57913e9823a6153c35d8179f3ac58d6d2e164285e69f506eee31a1",
        "91887797498ab97df54023d9d78f6572f883a410d8158263338e40c1fbb71f4b",
        "17b88d90238d7667c3eb54bb0a439b64fbd117d4b111de4743f8d830e7686cb8",
        "b63ae20b13d15aa32456c2a7a3c5debacaf6cad34c69962559afba451f6f7790",
    ];
    assert_eq!(digests.map(hex::encode), expected);
}
