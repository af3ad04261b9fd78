//! What every proof of one model is made with, and whether it fits together.

use std::path::Path;

use zkdx_circuits::{Architecture, OutcomeKind};
use zkdx_prover::{Network, ProvingKey, Registration, Subgroup};

use crate::args::ProveArgs;
use crate::error::{CliError, Context, Kind, Result};
use crate::files;
use crate::memory::{self, Task};
use crate::store::{self, ModelFile, RecordFile};

/// A model with its key and registration.
pub(super) struct Inputs {
    /// Card and parameters.
    pub(super) file: ModelFile,
    /// The key.
    pub(super) key: ProvingKey,
    /// The secret half of the registration.
    pub(super) registration: Registration,
    /// The architecture of the key.
    architecture: Architecture,
    /// Digest of the encoding that records must have.
    encoding: [u8; 32],
}

impl Inputs {
    /// Reads everything but records, if it belongs together.
    pub(super) fn read(args: &ProveArgs) -> Result<Self> {
        let file = store::read_model(&args.model)?;
        let key = store::read_proving_key(&args.key, Subgroup::OnProof)?;
        let registration = store::read_registration(&args.registration)?;
        let architecture = architecture(args, &file, &key)?;
        check_registration(args, &file, &key, &registration)?;
        let encoding = store::encoding_digest(&architecture.encoding)?;
        Ok(Self { file, key, registration, architecture, encoding })
    }

    /// The compiled network, if there is memory enough to prove with it.
    pub(super) fn network(&self, args: &ProveArgs) -> Result<Network> {
        let network = Network::compile(self.architecture.clone()).or_fail(Kind::Input, "cannot compile the model")?;
        memory::check(Task::Prove { key: files::length(&args.key)? }, &network, "cannot prove this diagnosis")?;
        Ok(network)
    }

    /// Whether the outcome is committed, so that there is an opening.
    pub(super) fn commits(&self) -> bool {
        self.architecture.outcome == OutcomeKind::Commitment
    }

    /// A committed record, if it was encoded for this model.
    pub(super) fn record(&self, path: &Path, args: &ProveArgs) -> Result<RecordFile> {
        let record = store::read_record(path)?;
        if record.encoding == self.encoding {
            return Ok(record);
        }
        let what = format!("`{}` was encoded for another model than `{}`", path.display(), args.model.display());
        let next = "commit to the record again with this circuit";
        Err(CliError::new(Kind::Input, what).why("features, units or ranges differ").next(next))
    }
}

/// The model's architecture with the outcome of the key.
fn architecture(args: &ProveArgs, file: &ModelFile, key: &ProvingKey) -> Result<Architecture> {
    file.architecture_of(&key.verifying.architecture).ok_or_else(|| {
        let what = format!("`{}` is not a key for `{}`", args.key.display(), args.model.display());
        CliError::new(Kind::Input, what)
            .why("the key was made for another architecture")
            .next("use the key that the model was registered with")
    })
}

fn check_registration(args: &ProveArgs, file: &ModelFile, key: &ProvingKey, registration: &Registration) -> Result<()> {
    let refuse = |what: String, why: &str, next: &str| Err(CliError::new(Kind::Input, what).why(why).next(next));
    let path = args.registration.display();
    if registration.model().key != key.verifying.digest() {
        let what = format!("`{path}` was made with another key than `{}`", args.key.display());
        return refuse(what, "the key digests differ", "register the model again with this key");
    }
    if registration.model().metadata != file.card.digest() {
        let what = format!("`{path}` is the registration of another model than `{}`", args.model.display());
        return refuse(what, "the model cards differ", "register this model");
    }
    Ok(())
}
