//! Whether a proof that is there already is the one that would be made.

use std::path::{Path, PathBuf};

use zkdx_circuits::{Case, Context as ProofContext, Fr};
use zkdx_verifier::diagnosis::verify_file;
use zkdx_verifier::{PreparedVerifyingKey, ProofFile, PublicModel};

use super::jobs::PROOF_END;
use super::outputs::Outputs;
use super::session::Session;
use crate::commands::verify::read_opening;
use crate::error::{CliError, Context, Kind, Result};
use crate::files;
use crate::store;

const NEXT: &str = "move it elsewhere, or pass --force to replace it";

/// Checks proofs of one model under its keys.
pub(super) struct Checker<'c> {
    keys: Vec<(PreparedVerifyingKey, &'c PublicModel)>,
    /// Proofs about several records that the directory holds.
    joint: Vec<(PathBuf, ProofFile)>,
}

impl<'c> Checker<'c> {
    /// A checker of the proofs in the directory `out`.
    pub(super) fn new(sessions: &'c [Session<'c>], out: &Path) -> Result<Self> {
        let prepare = |session: &'c Session<'c>| {
            let key = PreparedVerifyingKey::new(session.key().verifying.clone());
            Ok((key.or_fail(Kind::Input, "cannot use the proving key")?, session.public()))
        };
        let keys = sessions.iter().map(prepare).collect::<Result<_>>()?;
        let proofs = files::list(out)?.into_iter().filter(|path| path.to_string_lossy().ends_with(PROOF_END));
        let read = |path: PathBuf| store::read_proof(&path).ok().map(|file| (path, file));
        let joint = proofs.filter_map(read).filter(|(_, file)| file.statement.cases.len() > 1).collect();
        Ok(Self { keys, joint })
    }

    /// Where a complete proof about the record with this commitment is, for use in `context` but for the nonce. Refuses a file of the
    /// record's own that is anything else.
    pub(super) fn find(&self, outputs: &Outputs, commitment: Fr, context: &ProofContext) -> Result<Option<PathBuf>> {
        let wanted = |case: &Case| case.record_commitment == commitment && same_but_nonce(&case.context, context);
        let about = self.joint.iter().filter(|(_, file)| file.statement.cases.iter().any(wanted));
        let mut found: Vec<_> =
            about.map(|(path, file)| self.verify(path, file, outputs).map(|()| path.clone())).collect();
        if outputs.proof.exists() {
            found.push(self.check_own(outputs, commitment, context).map(|()| outputs.proof.clone()));
        }
        let complete = found.iter().position(Result::is_ok);
        found.into_iter().nth(complete.unwrap_or(0)).transpose()
    }

    fn check_own(&self, outputs: &Outputs, commitment: Fr, context: &ProofContext) -> Result<()> {
        let proof = outputs.proof.as_path();
        let file = store::read_proof(proof).map_err(|error| CliError { next: Some(NEXT.into()), ..error })?;
        let mine = |case: &&Case| case.record_commitment == commitment;
        let Some(case) = file.statement.cases.iter().find(mine) else {
            return Err(foreign(proof, "the record commitments differ"));
        };
        if !same_but_nonce(&case.context, context) {
            return Err(foreign(
                proof,
                "it was made for another context: chain, verifier, submitter, consent or policy",
            ));
        }
        self.verify(proof, &file, outputs)
    }

    fn verify(&self, proof: &Path, file: &ProofFile, outputs: &Outputs) -> Result<()> {
        let read = |path: &PathBuf| {
            read_opening(path).map_err(|error| {
                let why = format!("its committed outcome cannot be opened with `{}`", path.display());
                foreign(proof, &format!("{why}: {}", error.why.unwrap_or(error.what)))
            })
        };
        let openings = outputs.openings.iter().map(read).collect::<Result<Vec<_>>>()?;
        let of_model =
            |(_, public): &&(PreparedVerifyingKey, &PublicModel)| public.model().id() == file.statement.model_id;
        let (key, public) = self
            .keys
            .iter()
            .find(of_model)
            .ok_or_else(|| foreign(proof, "it is about another model, or under another key"))?;
        verify_file(key, public, file, &openings).map(drop).map_err(|why| foreign(proof, &why.to_string()))
    }
}

fn same_but_nonce(one: &ProofContext, other: &ProofContext) -> bool {
    *one == ProofContext { nonce: one.nonce, ..other.clone() }
}

fn foreign(path: &Path, why: &str) -> CliError {
    let what = format!("`{}` is not the proof of this record under this model and key", path.display());
    CliError::new(Kind::Refused, what).why(why).next(NEXT)
}
