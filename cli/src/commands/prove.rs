//! `zkdx prove`: the diagnosis of a committed record.

use std::path::{Path, PathBuf};

use rand::RngCore;
use rand::rngs::OsRng;
use serde_json::{Value, json};
use zkdx_circuits::architecture::Policy;
use zkdx_circuits::{Architecture, Context as ProofContext, OutcomeKind};
use zkdx_prover::{Cpu, Network, Pace, Patient, Proven, Prover, ProvingKey, Registration, Step, Subgroup};

use crate::args::{ContextArgs, ProveArgs};
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::memory::{self, Task};
use crate::output::{Output, duration};
use crate::resources;
use crate::store::{self, ModelFile, RecordFile};

/// Everything a proof is made of.
struct Inputs {
    file: ModelFile,
    key: ProvingKey,
    registration: Registration,
    record: RecordFile,
}

/// Proves.
pub(super) fn run(args: &ProveArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    check_outputs(args, args.opening.as_ref(), overwrite)?;
    let inputs = read(args)?;
    let architecture = inputs.architecture(args)?;
    let opening = opening_path(args, &architecture);
    check_outputs(args, opening.as_ref(), overwrite)?;
    let network = Network::compile(architecture).or_fail(Kind::Input, "cannot compile the model")?;
    memory::check(Task::Prove { key: files::length(&args.key)? }, &network, "cannot prove this diagnosis")?;
    resources::reset_peak();
    let (proven, elapsed) = output.rounds("prove", |progress| prove(&inputs, &network, args, progress))?;
    write(args, &inputs.key, &proven, opening, overwrite)?;
    let reading = &proven.file.reading;
    let value = json!({ "proof": args.out, "reading": reading, "prove_seconds": elapsed.as_secs_f64() });
    output.result(&value, || {
        let diagnosis = reading.diagnosis.as_deref().unwrap_or("committed, not disclosed");
        format!(
            "diagnosis  {diagnosis}\nmodel      {}\nwrote {} in {}",
            reading.model,
            args.out.display(),
            duration(elapsed)
        )
    });
    Ok(())
}

fn check_outputs(args: &ProveArgs, opening: Option<&PathBuf>, overwrite: Overwrite) -> Result<()> {
    let outputs = [Some(&args.out), args.timings.as_ref(), opening];
    let outputs: Vec<&Path> = outputs.into_iter().flatten().map(PathBuf::as_path).collect();
    files::check_all_writable(&outputs, overwrite)
}

fn read(args: &ProveArgs) -> Result<Inputs> {
    Ok(Inputs {
        file: store::read_model(&args.model)?,
        key: store::read_proving_key(&args.key, Subgroup::OnProof)?,
        registration: store::read_registration(&args.registration)?,
        record: store::read_record(&args.record)?,
    })
}

impl Inputs {
    /// The architecture of the key, if model, registration and record belong to it.
    fn architecture(&self, args: &ProveArgs) -> Result<Architecture> {
        let mismatch = |what: String, why: &str, next: &str| CliError::new(Kind::Input, what).why(why).next(next);
        let (model, key) = (args.model.display(), args.key.display());
        let found = self.file.architecture_of(&self.key.verifying.architecture);
        let architecture = found.ok_or_else(|| {
            let why = "the key was made for another architecture";
            mismatch(
                format!("`{key}` is not a key for `{model}`"),
                why,
                "use the key that the model was registered with",
            )
        })?;
        if self.registration.model().key != self.key.verifying.digest() {
            let what = format!("`{}` was made with another key than `{key}`", args.registration.display());
            return Err(mismatch(what, "the key digests differ", "register the model again with this key"));
        }
        if self.registration.model().metadata != self.file.card.digest() {
            let what = format!("`{}` is the registration of another model than `{model}`", args.registration.display());
            return Err(mismatch(what, "the model cards differ", "register this model"));
        }
        if self.record.encoding != store::encoding_digest(&architecture.encoding)? {
            let what = format!("`{}` was encoded for another model than `{model}`", args.record.display());
            return Err(mismatch(
                what,
                "features, units or ranges differ",
                "commit to the record again with this circuit",
            ));
        }
        Ok(architecture)
    }
}

fn prove(inputs: &Inputs, network: &Network, args: &ProveArgs, progress: &(dyn Fn(&str) + Sync)) -> Result<Proven> {
    let pace = if args.timings.is_some() { Pace::OneByOne } else { Pace::Overlapped };
    let prover = Prover::new(&inputs.key, &inputs.registration, &Cpu);
    let prover = prover.or_fail(Kind::Input, "cannot use the proving key")?.at(pace).reporting(progress);
    let public = network.public_model(&inputs.registration, inputs.file.card.clone());
    let patient = Patient { record: &inputs.record.record, blinding: &inputs.record.blinding };
    let context = proof_context(&args.context, inputs.record.policy);
    let proven = network.prove(&prover, (&inputs.file.model.parameters, &public), &patient, context, &mut OsRng);
    proven.or_fail(Kind::Input, "cannot prove this diagnosis")
}

fn proof_context(args: &ContextArgs, policy: Policy) -> ProofContext {
    let mut nonce = [0; 32];
    OsRng.fill_bytes(&mut nonce);
    ProofContext {
        chain_id: args.chain_id,
        verifier: args.verifier,
        submitter: args.submitter,
        consent_id: args.consent,
        nonce: args.nonce.unwrap_or(nonce),
        policy,
    }
}

fn opening_path(args: &ProveArgs, architecture: &Architecture) -> Option<PathBuf> {
    let default = || args.out.with_extension("outcome");
    (architecture.outcome == OutcomeKind::Commitment).then(|| args.opening.clone().unwrap_or_else(default))
}

fn write(
    args: &ProveArgs,
    key: &ProvingKey,
    proven: &Proven,
    opening: Option<PathBuf>,
    overwrite: Overwrite,
) -> Result<()> {
    let (proof, timings) = (proven.file.to_json(), timings(key, proven).to_string());
    let outcome = serde_json::to_vec_pretty(&proven.opening).or_fail(Kind::Internal, "cannot write the opening")?;
    let outcome = zeroize::Zeroizing::new(outcome);
    let mut files = vec![store::public(&args.out, proof.as_bytes())];
    files.extend(args.timings.as_ref().map(|path| store::public(path, timings.as_bytes())));
    files.extend(opening.as_ref().map(|path| store::secret(path, &outcome)));
    files::write_all(&files, overwrite)
}

/// Seconds by step, in order, with what they depend on. Steps run one after the other where this is asked for.
fn timings(key: &ProvingKey, proven: &Proven) -> Value {
    let seconds = |(name, step): (&str, Step)| json!({ "step": name, "wall_seconds": step.wall.as_secs_f64(), "cpu_seconds": step.cpu.as_secs_f64() });
    let steps = proven.timings.steps();
    let steps = std::iter::once(("synthesis", proven.synthesis)).chain(steps).map(seconds).collect::<Vec<_>>();
    let (circuit, columns) = (&key.circuit, &key.circuit.columns);
    json!({
        "steps": steps,
        "constraints": circuit.constraints, "domain": circuit.domain_length(),
        "columns": {
            "public": columns.public, "weight": columns.weight, "small": columns.small, "field": columns.field,
            "second": columns.second,
        },
        "proving_key_bytes": key.file_bytes(), "peak_bytes": resources::peak_bytes(),
        "threads": std::thread::available_parallelism().map_or(0, usize::from),
    })
}
