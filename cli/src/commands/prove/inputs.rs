//! What every proof of one model is made with, and whether it fits together.

use std::path::{Path, PathBuf};

use zkdx_circuits::{Architecture, OutcomeKind};
use zkdx_prover::{Network, ProvingKey, Registration, Subgroup};

use crate::args::ProveArgs;
use crate::error::{CliError, Context, Kind, Result};
use crate::files;
use crate::memory::{self, Task};
use crate::store::{self, ModelFile, RecordFile};

/// A model with its keys and registrations.
pub(super) struct Inputs {
    /// Card and parameters.
    pub(super) file: ModelFile,
    /// Keys, at least one.
    pub(super) keyed: Vec<Keyed>,
    /// Where the model is.
    model: PathBuf,
    /// Digest of the encoding that records must have.
    encoding: [u8; 32],
}

/// A key with the model's registration under it.
pub(super) struct Keyed {
    /// The key.
    pub(super) key: ProvingKey,
    /// The secret half of the registration.
    pub(super) registration: Registration,
    /// The architecture of the key.
    architecture: Architecture,
    /// Bytes of the key's file.
    length: u64,
}

impl Inputs {
    /// Reads everything but records, if it belongs together.
    pub(super) fn read(args: &ProveArgs) -> Result<Self> {
        check_pairs(args)?;
        let file = store::read_model(&args.model)?;
        let pairs = args.key.iter().zip(&args.registration);
        let keyed = pairs.map(|paths| Keyed::read(args, &file, paths)).collect::<Result<Vec<_>>>()?;
        if keyed.iter().skip(1).any(|other| other.architecture.outcome != keyed[0].architecture.outcome) {
            return Err(CliError::new(Kind::Input, "the keys are for different outcomes")
                .why("one discloses what another hides")
                .next("use keys that were compiled with one --outcome"));
        }
        let encoding = store::encoding_digest(&file.model.architecture.encoding)?;
        Ok(Self { file, keyed, model: args.model.clone(), encoding })
    }

    /// Whether the outcome is committed, so that there is an opening.
    pub(super) fn commits(&self) -> bool {
        self.keyed.iter().any(|keyed| keyed.architecture.outcome == OutcomeKind::Commitment)
    }

    /// A committed record, if it was encoded for this model.
    pub(super) fn record(&self, path: &Path) -> Result<RecordFile> {
        let record = store::read_record(path)?;
        let refuse = |why: &str| {
            let what = format!("`{}` was encoded for another model than `{}`", path.display(), self.model.display());
            Err(CliError::new(Kind::Input, what).why(why).next("commit to the record again with this circuit"))
        };
        if record.encoding != self.encoding {
            return refuse("features, units or ranges differ");
        }
        let (encoding, entries) = (&self.file.model.architecture.encoding, record.record.entries());
        if entries.len() != encoding.len || !entries.iter().all(|&entry| encoding.interval.contains(entry)) {
            return refuse("it has another number of entries, or entries out of range");
        }
        Ok(record)
    }
}

impl Keyed {
    fn read(args: &ProveArgs, file: &ModelFile, (path, registered): (&PathBuf, &PathBuf)) -> Result<Self> {
        let key = store::read_proving_key(path, Subgroup::OnProof)?;
        let registration = store::read_registration(registered)?;
        let foreign = || {
            let what = format!("`{}` is not a key for `{}`", path.display(), args.model.display());
            CliError::new(Kind::Input, what)
                .why("the key was made for another architecture")
                .next("use the key that the model was registered with")
        };
        let architecture = file.architecture_of(&key.verifying).ok_or_else(foreign)?;
        let keyed = Self { key, registration, architecture, length: files::length(path)? };
        keyed.check_registration(args, file, (path, registered))?;
        Ok(keyed)
    }

    /// The compiled network, if there is memory enough to prove with it.
    pub(super) fn network(&self) -> Result<Network> {
        let network = Network::compile(self.architecture.clone()).or_fail(Kind::Input, "cannot compile the model")?;
        memory::check(Task::Prove { key: self.length }, &network, "cannot prove this diagnosis")?;
        Ok(network)
    }

    fn check_registration(&self, args: &ProveArgs, file: &ModelFile, (key, path): (&Path, &Path)) -> Result<()> {
        let refuse = |what: String, why: &str, next: &str| Err(CliError::new(Kind::Input, what).why(why).next(next));
        let path = path.display();
        if self.registration.model().key != self.key.verifying.digest() {
            let what = format!("`{path}` was made with another key than `{}`", key.display());
            return refuse(what, "the key digests differ", "register the model again with this key");
        }
        if self.registration.model().metadata != file.card.digest() {
            let what = format!("`{path}` is the registration of another model than `{}`", args.model.display());
            return refuse(what, "the model cards differ", "register this model");
        }
        Ok(())
    }
}

fn check_pairs(args: &ProveArgs) -> Result<()> {
    let (keys, registrations) = (args.key.len(), args.registration.len());
    if keys != registrations {
        return Err(CliError::new(Kind::Usage, format!("there are {keys} keys and {registrations} registrations"))
            .why("a model is registered under each key anew")
            .next("name a --registration for each --key, in the same order"));
    }
    if keys > 1 && args.records.is_none() {
        return Err(CliError::new(Kind::Usage, "one record is proven with one key").next("name the key to use"));
    }
    Ok(())
}
