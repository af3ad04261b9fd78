//! Proofs to the log: one alone, or many in one pairing. What is recorded already is not sent again.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};
use zkdx_contracts::abi::DiagnosisLog;
use zkdx_contracts::{abi, calldata};
use zkdx_verifier::ProofFile;

use crate::deployment::Contract;
use crate::error::{ClientError, Result};
use crate::session::Session;
use crate::transaction::{Call, Settled};

/// Most proofs in one transaction: 32 take 4.2 million gas.
pub const MAX_BATCH: usize = 32;

/// A proof that was recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Which of the proofs, from 0.
    pub proof: usize,
    /// What cannot be recorded again, for each case.
    pub nullifiers: Vec<B256>,
    /// The transaction, shared by a batch; none if it was recorded before.
    pub settled: Option<std::sync::Arc<Settled>>,
}

/// Records every proof; `each` is told of those that are done, so that a later failure loses nothing.
pub async fn submit(session: Session<'_>, proofs: &[ProofFile], mut each: impl FnMut(Recorded)) -> Result<()> {
    proofs.iter().try_for_each(|proof| check_context(session, proof, session.wallet.address()))?;
    check_distinct(proofs)?;
    let mut fresh = Vec::new();
    for (index, proof) in proofs.iter().enumerate() {
        match is_recorded(session, proof, session.wallet.address()).await? {
            true => each(Recorded { proof: index, nullifiers: nullifiers(proof), settled: None }),
            false => fresh.push(index),
        }
    }
    for &index in &fresh {
        preflight(session, &proofs[index]).await?;
    }
    // Proofs of one key and one model beside each other share pairs.
    fresh.sort_by_key(|&index| proofs[index].statement.model_id);
    for chunk in fresh.chunks(MAX_BATCH) {
        let batch: Vec<&ProofFile> = chunk.iter().map(|&index| &proofs[index]).collect();
        let settled = std::sync::Arc::new(session.send(&call(session, &batch)).await?);
        for (&index, proof) in chunk.iter().zip(&batch) {
            confirm(session, proof).await?;
            each(Recorded { proof: index, nullifiers: nullifiers(proof), settled: Some(settled.clone()) });
        }
    }
    Ok(())
}

/// Fails if two cases could not be recorded both.
fn check_distinct(proofs: &[ProofFile]) -> Result<()> {
    let mut seen = BTreeSet::new();
    match proofs.iter().flat_map(nullifiers).find(|nullifier| !seen.insert(*nullifier)) {
        None => Ok(()),
        Some(nullifier) => {
            let what = format!("two of the proofs have the nullifier {nullifier}, which is recorded once");
            Err(ClientError::Mismatch { what, next: "give each proof once, and of two with one nonce only one" })
        }
    }
}

/// What the log remembers of each case.
pub fn nullifiers(proof: &ProofFile) -> Vec<B256> {
    let statement = &proof.statement;
    let of = |case: &zkdx_circuits::statement::Case| {
        zkdx_circuits::statement::nullifier(&statement.model_id, &case.record_commitment, &case.context)
    };
    statement.cases.iter().map(|case| of(case).into()).collect()
}

/// Fails unless every case is for this log, this chain and `submitter`.
pub(crate) fn check_context(session: Session<'_>, proof: &ProofFile, submitter: Address) -> Result<()> {
    let log = session.deployment.address(Contract::DiagnosisLog);
    for case in &proof.statement.cases {
        let context = &case.context;
        if context.chain_id != session.deployment.chain_id || context.verifier != log.into_array() {
            let other = Address::from(context.verifier);
            let what = format!(
                "the proof is for the log {other} on chain {}, not for {log} on chain {}",
                context.chain_id, session.deployment.chain_id
            );
            return Err(ClientError::Mismatch {
                what,
                next: "prove again with `zkdx prove --deployment` and this deployment",
            });
        }
        if context.submitter != submitter.into_array() {
            let what =
                format!("the proof is for the submitter {}, not for {submitter}", Address::from(context.submitter));
            return Err(ClientError::Mismatch {
                what,
                next: "submit from that account, or prove again with this one as --submitter",
            });
        }
    }
    Ok(())
}

/// Whether exactly this is recorded, by `submitter`. Some cases alone are an error: they cannot be recorded together any more.
pub(crate) async fn is_recorded(session: Session<'_>, proof: &ProofFile, submitter: Address) -> Result<bool> {
    let log = session.deployment.address(Contract::DiagnosisLog);
    let diagnosis = calldata::submit(&proof.statement, &proof.proof).diagnosis;
    let (model, count) = (diagnosis.modelId, diagnosis.cases.len());
    let mut recorded = 0;
    for one in diagnosis.cases {
        let call = DiagnosisLog::isRecordedCall { submitter, modelId: model, one };
        recorded += usize::from(session.node.view(log, &call).await?);
    }
    match recorded {
        0 => Ok(false),
        _ if recorded == count => Ok(true),
        _ => {
            let what = format!("{recorded} of the {count} cases of a proof are recorded already");
            Err(ClientError::Mismatch { what, next: "prove the other cases without them" })
        }
    }
}

async fn preflight(session: Session<'_>, proof: &ProofFile) -> Result<()> {
    let submit = calldata::submit(&proof.statement, &proof.proof);
    let submitter = session.wallet.address();
    let call = DiagnosisLog::preflightCall { submitter, diagnosis: submit.diagnosis, proof: submit.proof };
    session.node.view(session.deployment.address(Contract::DiagnosisLog), &call).await.map(drop)
}

fn call(session: Session<'_>, batch: &[&ProofFile]) -> Call {
    let log = session.deployment.address(Contract::DiagnosisLog);
    let mut submits = batch.iter().map(|file| calldata::submit(&file.statement, &file.proof));
    match (batch.len(), submits.next()) {
        (1, Some(submit)) => Call::new(log, &submit),
        (_, first) => {
            let all = first.into_iter().chain(submits);
            let (diagnoses, proofs) = all.map(|submit| (submit.diagnosis, submit.proof)).unzip();
            Call::new(log, &abi::DiagnosisLog::submitBatchCall { diagnoses, proofs })
        }
    }
}

/// A mined transaction without its effect would be a node that lies.
async fn confirm(session: Session<'_>, proof: &ProofFile) -> Result<()> {
    match is_recorded(session, proof, session.wallet.address()).await? {
        true => Ok(()),
        false => {
            let why = "it says that the submission is mined, and that nothing is recorded".into();
            Err(ClientError::Answer { method: "eth_getTransactionReceipt".into(), why })
        }
    }
}
