//! `zkdx export`: what contracts take.

use serde_json::{Value, json};
use zkdx_circuits::field;
use zkdx_contracts::calldata;
use zkdx_verifier::file::{self, Kind as FileKind};
use zkdx_verifier::{ProofFile, PublicModel, VerifyingKey};

use super::hex;
use zkdx_prover::Subgroup;

use crate::args::{ExportArgs, ExportForm};
use crate::error::Result;
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Where model cards may be found is up to who registers them.
const NO_URI: &str = "";

/// What can be exported.
enum Exported {
    Key(Box<VerifyingKey>),
    Model(Box<PublicModel>),
    Proof(Box<ProofFile>),
}

/// Exports.
pub(super) fn run(args: &ExportArgs, output: Output) -> Result<()> {
    let exported = read(args)?;
    let text = match args.form {
        ExportForm::Calldata => hex(exported.calldata()),
        ExportForm::Hex => hex(exported.bytes()),
        ExportForm::Json => exported.json().to_string(),
    };
    match &args.out {
        Some(path) => {
            store::write_public(path, format!("{text}\n").as_bytes(), Overwrite::from(&args.force))?;
            output.result(&json!({ "file": path }), || format!("wrote {}", path.display()));
        }
        None => output.result(&json!({ "export": exported.json(), "calldata": hex(exported.calldata()) }), || text),
    }
    Ok(())
}

fn read(args: &ExportArgs) -> Result<Exported> {
    let bytes = files::read(&args.file)?;
    match file::peek(&bytes) {
        Some(FileKind::ProvingKey) => {
            Ok(Exported::Key(Box::new(store::read_proving_key(&args.file, Subgroup::Checked)?.verifying)))
        }
        Some(_) => Ok(Exported::Key(Box::new(store::read_verifying_key(&args.file)?.key().clone()))),
        None if store::json_format(&bytes).as_deref() == Some("zkdx-model") => {
            Ok(Exported::Model(Box::new(store::read_public_model(&args.file)?)))
        }
        None => Ok(Exported::Proof(Box::new(store::read_proof(&args.file)?))),
    }
}

impl Exported {
    fn calldata(&self) -> Vec<u8> {
        match self {
            Self::Key(key) => calldata::bytes(&calldata::register_key(key)),
            Self::Model(model) => calldata::bytes(&calldata::register_model(model.model(), NO_URI)),
            Self::Proof(proof) => calldata::bytes(&calldata::submit(&proof.statement, &proof.proof)),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Key(key) => key.to_bytes(),
            Self::Model(model) => model.model().to_bytes(),
            Self::Proof(proof) => proof.proof.to_bytes().to_vec(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Key(key) => json!({ "digest": hex(key.digest()), "key": hex(key.to_bytes()) }),
            Self::Model(model) => {
                let commitment = zkdx_verifier::encoding::g1_bytes(&model.model().commitment);
                let (x, y) = commitment.split_at(32);
                json!({
                    "model_id": hex(model.model().id()), "key_digest": hex(model.model().key),
                    "weight_commitment": { "x": hex(x), "y": hex(y) }, "metadata_digest": hex(model.model().metadata),
                })
            }
            Self::Proof(proof) => {
                let words = proof.statement.words();
                json!({
                    "model_id": hex(proof.statement.model_id), "words": words.iter().map(field::to_bytes).map(hex).collect::<Vec<_>>(),
                    "contexts": proof.statement.cases.iter().map(|case| &case.context).collect::<Vec<_>>(),
                    "context_digests": proof.statement.cases.iter().map(|case| hex(case.context.digest())).collect::<Vec<_>>(),
                    "context_digest": hex(proof.statement.context_digest()),
                    "proof": hex(proof.proof.to_bytes()),
                })
            }
        }
    }
}
