//! Posts a signed batch, once: what the contract would refuse is refused before, with a reason, and so is what it cannot see.
//!
//! The contract keeps batches in order, but takes the head that members sign for granted. A batch that goes on from another head than the
//! anchored one means that the permissioned chain was rewritten, or that its signers were deceived.

use alloy::primitives::{Address, B256, Signature};

use super::state::{mark, reach, require_member, threshold};
use super::{BatchFile, MemberSignature};
use crate::consent::unless;
use crate::deployment::Deployment;
use crate::error::{ClientError, Result};
use crate::log::Mark;
use crate::node::{At, Node};
use crate::session::Session;
use crate::transaction::Settled;

/// Bytes of an ECDSA signature: `r ‖ s ‖ v`.
const ECDSA: usize = 65;

/// Posts a batch; none if it is anchored already.
pub async fn post(session: Session<'_>, file: &BatchFile) -> Result<Option<Settled>> {
    let node = session.node;
    file.check(session.deployment)?;
    reach(node, session.deployment).await?;
    if is_anchored(node, file).await? {
        return Ok(None);
    }
    check_signatures(node, file).await?;
    // Another account may have posted it at this moment.
    let settled = unless(session.send(&file.call()).await, "NotContiguous")?;
    match is_anchored(node, file).await? {
        true => Ok(settled),
        false => {
            let why = "it says that the batch is posted, and that nothing is anchored".into();
            Err(ClientError::Answer { method: "eth_getTransactionReceipt".into(), why })
        }
    }
}

/// Fails unless the batch is what the anchor of a deployment waits for next, and an account is one of its members: before it signs.
pub async fn require_next(node: &Node, deployment: &Deployment, file: &BatchFile, member: Address) -> Result<()> {
    file.check(deployment)?;
    reach(node, deployment).await?;
    require_member(node, &file.anchor, member).await?;
    match is_anchored(node, file).await? {
        false => Ok(()),
        true => {
            let what = format!("the batch {} is anchored already", file.hash());
            Err(ClientError::Mismatch { what, next: "nothing is left to sign" })
        }
    }
}

/// Whether exactly this is anchored; an error if it is not and cannot be next.
async fn is_anchored(node: &Node, file: &BatchFile) -> Result<bool> {
    let batch = file.batch();
    let anchored = mark(node, &file.anchor, batch.source_chain_id, batch.source_log).await?;
    match anchored.length {
        length if length == batch.first_index && anchored.head == file.start().head => Ok(false),
        length if length == batch.first_index => Err(contradiction(&anchored, file.start().head)),
        length if length < batch.end() => Err(apart(length, file)),
        length if length == batch.end() && anchored.head != batch.head => Err(contradiction(&anchored, batch.head)),
        _ => has_root(node, file).await,
    }
}

/// Whether the first entry's batch has this root: its siblings lead to no other.
async fn has_root(node: &Node, file: &BatchFile) -> Result<bool> {
    let batch = file.batch();
    let Some(first) = file.inclusion(batch.first_index) else { return Err(apart(batch.end(), file)) };
    match node.view(file.anchor.address, &first.call()).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_refusal("NotIncluded") => Err(taken(file)),
        Err(error) => Err(error),
    }
}

async fn check_signatures(node: &Node, file: &BatchFile) -> Result<()> {
    for one in file.signatures() {
        require_member(node, &file.anchor, one.member).await?;
        // What a contract accepts, it alone knows: the simulation asks it.
        if !is_signed(file.hash(), one) && node.code(one.member, At::Latest).await?.is_empty() {
            return Err(unsigned(one.member));
        }
    }
    let (needed, got) = (threshold(node, &file.anchor).await?, file.signatures().len());
    match got as u64 >= needed {
        true => Ok(()),
        false => {
            let what = format!("{needed} members must sign the batch, {got} did");
            let next = "have more members sign it with `zkdx anchor sign`";
            Err(ClientError::Mismatch { what, next })
        }
    }
}

/// Whether it is the member's own signature, in the one form that the contract takes: low `s`, `v` 27 or 28.
pub(super) fn is_signed(hash: B256, one: &MemberSignature) -> bool {
    let canonical = one.signature.len() == ECDSA && matches!(one.signature.last(), Some(27 | 28));
    let signature = Signature::from_raw(&one.signature).ok().filter(|_| canonical);
    let low = signature.filter(|signature| signature.normalize_s().is_none());
    let signer = low.and_then(|signature| signature.recover_address_from_prehash(&hash).ok());
    signer == Some(one.member)
}

fn unsigned(member: Address) -> ClientError {
    let what = format!("the signature of {member} is not that account's over this batch");
    ClientError::Mismatch { what, next: "take it out of the file, and have the member sign with `zkdx anchor sign`" }
}

fn apart(anchored: u64, file: &BatchFile) -> ClientError {
    let (first, end) = (file.batch().first_index, file.batch().end());
    let what = format!("{anchored} entries of the log are anchored, the batch has those from {first} on to {end}");
    let next = match anchored < first {
        true => "post the batch before this one first",
        false => "make the batch again with `zkdx anchor batch`, and have it signed again",
    };
    ClientError::Mismatch { what, next }
}

fn taken(file: &BatchFile) -> ClientError {
    let what = format!("entry {} is anchored in another batch", file.batch().first_index);
    let next = "make a batch of what is not anchored yet with `zkdx anchor batch`; if the entry itself is another, the permissioned chain was rewritten";
    ClientError::Mismatch { what, next }
}

fn contradiction(anchored: &Mark, head: B256) -> ClientError {
    let Mark { length, head: other } = anchored;
    let what = format!("after {length} entries the anchored head is {other}, the batch has {head} there");
    let next = "do not post it: the permissioned chain was rewritten, or somebody signed what is not on it";
    ClientError::Contradiction { what, next }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Bytes, U256, keccak256};

    use super::*;
    use crate::Wallet;
    use crate::anchor::{AnchorId, Batch};

    fn batch() -> Batch {
        Batch { count: 1, ..Batch::default() }
    }

    fn anchor() -> AnchorId {
        AnchorId { chain_id: 1, address: Address::repeat_byte(7) }
    }

    fn signature_of(wallet: &Wallet) -> Bytes {
        wallet.sign_typed(&batch().to_abi(), &anchor().domain()).expect("signs")
    }

    fn flipped(signature: &[u8], at: usize) -> Bytes {
        let mut changed = signature.to_vec();
        changed[at] ^= 1;
        changed.into()
    }

    #[test]
    fn only_the_members_canonical_signature_counts() {
        let (wallet, hash) = (Wallet::from_hex(&"11".repeat(32)).expect("a key"), batch().hash(&anchor()));
        let signature = signature_of(&wallet);
        let is = |signature: Bytes, member| is_signed(hash, &MemberSignature { member, signature });
        assert!(is(signature.clone(), wallet.address()));
        assert!(!is(signature.clone(), Address::repeat_byte(1)));
        assert!(!is_signed(
            keccak256("other"),
            &MemberSignature { member: wallet.address(), signature: signature.clone() }
        ));
        assert!((0..ECDSA).step_by(8).all(|at| !is(flipped(&signature, at), wallet.address())));
        assert!((0..ECDSA).all(|length| !is(signature[..length].to_vec().into(), wallet.address())));
        // The same point with the other `s` and the other `v`, and `v` counted from 0: the contract refuses them.
        let order = U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
        let high = order.expect("a number") - U256::from_be_slice(&signature[32..64]);
        let twin = [&signature[..32], &high.to_be_bytes::<32>(), &[signature[64] ^ 7]].concat();
        assert!(!is(twin.into(), wallet.address()));
        let mut zero_based = signature.to_vec();
        zero_based[64] -= 27;
        assert!(!is(zero_based.into(), wallet.address()));
    }
}
