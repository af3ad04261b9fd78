//! Whether a proof that is there already is the one that would be made.

use std::path::Path;

use zkdx_circuits::{Context as ProofContext, Fr};
use zkdx_prover::ProvingKey;
use zkdx_verifier::diagnosis::verify_file;
use zkdx_verifier::{PreparedVerifyingKey, ProofFile, PublicModel};

use super::outputs::Outputs;
use crate::commands::verify::read_opening;
use crate::error::{CliError, Context, Kind, Result};
use crate::store;

const NEXT: &str = "move it elsewhere, or pass --force to replace it";

/// Checks proofs under one key for one model.
pub(super) struct Checker<'c> {
    key: PreparedVerifyingKey,
    public: &'c PublicModel,
}

impl<'c> Checker<'c> {
    /// A checker of proofs for the model `public`.
    pub(super) fn new(key: &ProvingKey, public: &'c PublicModel) -> Result<Self> {
        let key =
            PreparedVerifyingKey::new(key.verifying.clone()).or_fail(Kind::Input, "cannot use the proving key")?;
        Ok(Self { key, public })
    }

    /// Refuses files that are no complete proof about the record with this commitment, for use in `context` but for the nonce.
    pub(super) fn check(&self, outputs: &Outputs, commitment: Fr, context: &ProofContext) -> Result<()> {
        let proof = outputs.proof.as_path();
        let file = store::read_proof(proof).map_err(|error| CliError { next: Some(NEXT.into()), ..error })?;
        if file.statement.record_commitment != commitment {
            return Err(foreign(proof, "the record commitments differ"));
        }
        if (ProofContext { nonce: file.statement.context.nonce, ..context.clone() }) != file.statement.context {
            return Err(foreign(
                proof,
                "it was made for another context: chain, verifier, submitter, consent or policy",
            ));
        }
        self.verify(outputs, &file)
    }

    fn verify(&self, outputs: &Outputs, file: &ProofFile) -> Result<()> {
        let read = |path: &Path| {
            read_opening(path).map_err(|error| {
                let why = format!("its committed outcome cannot be opened with `{}`", path.display());
                foreign(&outputs.proof, &format!("{why}: {}", error.why.unwrap_or(error.what)))
            })
        };
        let opening = outputs.opening.as_deref().map(read).transpose()?;
        let verified = verify_file(&self.key, self.public, file, opening.as_ref());
        verified.map(drop).map_err(|why| foreign(&outputs.proof, &why.to_string()))
    }
}

fn foreign(path: &Path, why: &str) -> CliError {
    let what = format!("`{}` is not the proof of this record under this model and key", path.display());
    CliError::new(Kind::Refused, what).why(why).next(NEXT)
}
