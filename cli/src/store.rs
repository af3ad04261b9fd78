//! The files of zkdx: what each holds, how it is read and checked, how it is written.

use std::num::NonZeroUsize;
use std::path::Path;

use zeroize::Zeroizing;
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::quantize::QuantizedModel;
use zkdx_circuits::statement::keccak;
use zkdx_circuits::{Architecture, Blinding, Card, Encoding, OutcomeKind, Record, field};
use zkdx_prover::{ProvingKey, Registration, Subgroup};
use zkdx_verifier::file::{self, Kind as FileKind};
use zkdx_verifier::{PreparedVerifyingKey, ProofFile, PublicModel, VerifyingKey};

use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Content, NewFile, Overwrite, Privacy};

/// A quantised model with its card. Secret.
pub(crate) struct ModelFile {
    /// Name, version, description.
    pub(crate) card: Card,
    /// Architecture and parameters.
    pub(crate) model: QuantizedModel,
}

/// An encoded record with its blinding. Secret.
pub(crate) struct RecordFile {
    /// Digest of the encoding that it was encoded by.
    pub(crate) encoding: [u8; 32],
    /// Whether values were saturated.
    pub(crate) policy: Policy,
    /// What hides it.
    pub(crate) blinding: Blinding,
    /// The entries.
    pub(crate) record: Record,
}

impl ModelFile {
    /// The file's bytes.
    pub(crate) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>> {
        let card = serde_json::to_vec(&self.card).or_fail(Kind::Internal, "cannot write the model card")?;
        let mut payload = Zeroizing::new((card.len() as u32).to_be_bytes().to_vec());
        payload.extend_from_slice(&card);
        payload.extend_from_slice(&self.model.to_secret_bytes());
        Ok(Zeroizing::new(file::seal(FileKind::QuantizedModel, &payload)))
    }

    fn from_payload(payload: &[u8]) -> std::result::Result<Self, String> {
        let malformed = || "its content is malformed".to_owned();
        let (length, rest) = payload.split_first_chunk::<4>().ok_or_else(malformed)?;
        let (card, model) = rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or_else(malformed)?;
        let card = serde_json::from_slice(card).map_err(|error| format!("its card: {error}"))?;
        let model = QuantizedModel::from_bytes(model).map_err(|error| error.to_string())?;
        Ok(Self { card, model })
    }

    /// The architecture with the outcome and the number of records that a key was made for.
    pub(crate) fn architecture_of(&self, key: &VerifyingKey) -> Option<Architecture> {
        let outcomes = [OutcomeKind::Class, OutcomeKind::ClassAndScores, OutcomeKind::Commitment];
        let records = NonZeroUsize::new(key.records)?;
        let with = |outcome| Architecture { outcome, records, ..self.model.architecture.clone() };
        outcomes.into_iter().map(with).find(|architecture| architecture.digest() == key.architecture)
    }
}

impl RecordFile {
    /// The file's bytes.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut payload = Zeroizing::new(self.encoding.to_vec());
        payload.push(self.policy as u8);
        payload.extend_from_slice(&field::to_bytes(self.blinding.expose()));
        self.record.entries().iter().for_each(|entry| payload.extend_from_slice(&entry.to_be_bytes()));
        Zeroizing::new(file::seal(FileKind::Record, &payload))
    }

    fn from_payload(payload: &[u8]) -> std::result::Result<Self, String> {
        let malformed = || "its content is malformed".to_owned();
        let (encoding, rest) = payload.split_first_chunk::<32>().ok_or_else(malformed)?;
        let (policy, rest) = rest.split_first().ok_or_else(malformed)?;
        let (blinding, entries) = rest.split_first_chunk::<32>().ok_or_else(malformed)?;
        let (entries, []) = entries.as_chunks::<8>() else { return Err(malformed()) };
        let policy = match policy {
            0 => Policy::Refuse,
            1 => Policy::Saturate,
            _ => return Err(malformed()),
        };
        let blinding = field::from_bytes(blinding).map(Blinding::from_field).ok_or_else(malformed)?;
        let record = Record::new(entries.iter().map(|bytes| i64::from_be_bytes(*bytes)).collect());
        Ok(Self { encoding: *encoding, policy, blinding, record })
    }
}

/// What binds a committed record to the encoding it was made by.
pub(crate) fn encoding_digest(encoding: &Encoding) -> Result<[u8; 32]> {
    let json = serde_json::to_vec(encoding).or_fail(Kind::Internal, "cannot write the encoding")?;
    Ok(keccak([&json[..]]))
}

/// Reads a quantised model.
pub(crate) fn read_model(path: &Path) -> Result<ModelFile> {
    let bytes = files::read(path)?;
    let payload = open(path, FileKind::QuantizedModel, &bytes, "make one with `zkdx quantize`")?;
    ModelFile::from_payload(payload).map_err(|why| unreadable(path, why, "make it again with `zkdx quantize`"))
}

/// Reads a committed record.
pub(crate) fn read_record(path: &Path) -> Result<RecordFile> {
    let bytes = files::read(path)?;
    let payload = open(path, FileKind::Record, &bytes, "make one with `zkdx commit`")?;
    RecordFile::from_payload(payload).map_err(|why| unreadable(path, why, "make it again with `zkdx commit`"))
}

/// Reads a circuit: a public architecture.
pub(crate) fn read_circuit(path: &Path) -> Result<Architecture> {
    let bytes = files::read(path)?;
    let payload = open(path, FileKind::Circuit, &bytes, "make one with `zkdx compile`")?;
    let next = "make it again with `zkdx compile`";
    let architecture: Architecture =
        serde_json::from_slice(payload).map_err(|error| unreadable(path, error.to_string(), next))?;
    architecture.validate().map_err(|error| unreadable(path, error.to_string(), next))?;
    Ok(architecture)
}

/// Bytes of a circuit file.
pub(crate) fn circuit_bytes(architecture: &Architecture) -> Result<Vec<u8>> {
    let json = serde_json::to_vec(architecture).or_fail(Kind::Internal, "cannot write the architecture")?;
    Ok(file::seal(FileKind::Circuit, &json))
}

/// Reads a proving key; `subgroup` may be left to the proof only where a proof is made.
pub(crate) fn read_proving_key(path: &Path, subgroup: Subgroup) -> Result<ProvingKey> {
    let bytes = files::map(path)?;
    let next = "take the key from `zkdx setup`, or fetch it again";
    ProvingKey::read(&bytes, subgroup).map_err(|error| unreadable(path, error.to_string(), next))
}

/// Reads a verification key.
pub(crate) fn read_verifying_key(path: &Path) -> Result<PreparedVerifyingKey> {
    let bytes = files::read(path)?;
    let next = "take the key from `zkdx setup`, or fetch it again";
    let payload = open(path, FileKind::VerifyingKey, &bytes, next)?;
    let key = VerifyingKey::from_bytes(payload).map_err(|error| unreadable(path, error.to_string(), next))?;
    PreparedVerifyingKey::new(key).map_err(|error| unreadable(path, error.to_string(), next))
}

/// Bytes of a verification key file.
pub(crate) fn verifying_key_bytes(key: &VerifyingKey) -> Vec<u8> {
    file::seal(FileKind::VerifyingKey, &key.to_bytes())
}

/// Reads the secret half of a registration.
pub(crate) fn read_registration(path: &Path) -> Result<Registration> {
    let bytes = files::read(path)?;
    let next = "register the model again with `zkdx register`";
    Registration::from_secret_bytes(&bytes).map_err(|error| unreadable(path, error.to_string(), next))
}

/// Reads the public half of a registration.
pub(crate) fn read_public_model(path: &Path) -> Result<PublicModel> {
    let bytes = files::read(path)?;
    let next = "take the file that `zkdx register` wrote with --public";
    PublicModel::from_json(&bytes).map_err(|error| unreadable(path, error.to_string(), next))
}

/// Reads a proof.
pub(crate) fn read_proof(path: &Path) -> Result<ProofFile> {
    let bytes = files::read(path)?;
    let next = "ask for the proof again: a proof that was changed never verifies";
    ProofFile::from_json(&bytes).map_err(|error| unreadable(path, error.to_string(), next))
}

/// Writes a file anyone may read.
pub(crate) fn write_public(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<()> {
    files::write_all(&[public(path, bytes)], overwrite)
}

/// Writes a file only its owner may read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<()> {
    files::write_all(&[secret(path, bytes)], overwrite)
}

/// A file anyone may read.
pub(crate) fn public<'f>(path: &'f Path, bytes: &'f [u8]) -> NewFile<'f> {
    NewFile { path, content: Content::Bytes(bytes), privacy: Privacy::Public }
}

/// A proving key, which anyone may read.
pub(crate) fn proving_key<'f>(path: &'f Path, key: &'f ProvingKey) -> NewFile<'f> {
    NewFile { path, content: Content::Key(key), privacy: Privacy::Public }
}

/// A file only its owner may read.
pub(crate) fn secret<'f>(path: &'f Path, bytes: &'f [u8]) -> NewFile<'f> {
    NewFile { path, content: Content::Bytes(bytes), privacy: Privacy::Secret }
}

/// The name in the field `format` of a JSON file of zkdx.
pub(crate) fn json_format(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: String,
    }
    serde_json::from_slice(bytes).ok().map(|Format { format }| format)
}

fn open<'b>(path: &Path, kind: FileKind, bytes: &'b [u8], next: &str) -> Result<&'b [u8]> {
    file::open(kind, bytes).map_err(|error| unreadable(path, error.to_string(), next))
}

fn unreadable(path: &Path, why: String, next: &str) -> CliError {
    CliError::new(Kind::Input, format!("cannot use `{}`", path.display())).why(why).next(next)
}
