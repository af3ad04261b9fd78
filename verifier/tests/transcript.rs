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
        "7ab0a92c572c0cf00abe171f1b714dfc9bc46a8548689bc5dbdc8f222eda7c24",
        "a9b0215ec5b2ad62ef3cbf0b6f80302d5e078c58c084ac433f8c180db5fd4492",
        "fc8c69d83b56e42ae08730b375b6613350c1ed9ccab26da9480bd04ee377e5cc",
        "b63ae20b13d15aa32456c2a7a3c5debacaf6cad34c69962559afba451f6f7790",
    ];
    assert_eq!(digests.map(hex::encode), expected);
}
