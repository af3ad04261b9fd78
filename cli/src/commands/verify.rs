//! `zkdx verify`: checks a proof and prints what it says.

use std::fmt::Write;

use serde_json::json;
use zkdx_circuits::field;
use zkdx_verifier::diagnosis::{ClassReading, ScoreReading, verify_file};
use zkdx_verifier::{Diagnosis, Opening, ProofFile, SetupKind};

use super::{hex, map};
use crate::args::VerifyArgs;
use crate::error::{CliError, Context, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::{Output, duration};
use crate::store;

/// Verifies.
pub(super) fn run(args: &VerifyArgs, output: Output) -> Result<()> {
    let (key, model) = (store::read_verifying_key(&args.key)?, store::read_public_model(&args.model)?);
    let file = store::read_proof(&args.proof)?;
    let openings = args.opening.iter().map(|path| read_opening(path)).collect::<Result<Vec<_>>>()?;
    if args.require_ceremony && key.key().setup != SetupKind::Ceremony {
        return Err(CliError::new(Kind::Refused, "the key comes from a single-party setup, a ceremony is demanded")
            .next("ask for a proof under a key from a ceremony, or leave --require-ceremony out"));
    }
    let start = std::time::Instant::now();
    let next = "do not rely on this proof; check that key and model are the ones it was made for";
    let diagnosis = verify_file(&key, &model, &file, &openings);
    let elapsed = start.elapsed();
    let diagnosis =
        diagnosis.or_fail_with(Kind::Refused, format!("`{}` does not verify", args.proof.display()), next)?;
    args.map.as_ref().map_or(Ok(()), |path| map::write(path, &diagnosis.reading, Overwrite::from(&args.force)))?;
    let value = json!({
        "verified": true, "reading": diagnosis.reading, "model_id": hex(file.statement.model_id),
        "contexts": file.statement.cases.iter().map(|case| &case.context).collect::<Vec<_>>(), "setup": setup_name(diagnosis.setup), "verify_seconds": elapsed.as_secs_f64(),
    });
    output.result(&value, || text(&diagnosis, &file) + &format!("verified in {}", duration(elapsed)));
    Ok(())
}

/// Reads the opening of a committed outcome.
pub(super) fn read_opening(path: &std::path::Path) -> Result<Opening> {
    let what = format!("cannot use `{}`", path.display());
    let next = "take the file that `zkdx prove` wrote beside the proof";
    serde_json::from_slice(&files::read(path)?).or_fail_with(Kind::Input, what, next)
}

/// How a key was made, for people.
pub(super) fn setup_name(setup: SetupKind) -> &'static str {
    match setup {
        SetupKind::SingleParty => "single party (not for production)",
        SetupKind::Ceremony => "ceremony",
    }
}

/// A verified diagnosis for people.
pub(super) fn text(diagnosis: &Diagnosis, file: &ProofFile) -> String {
    let reading = &diagnosis.reading;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<12}{value}");
    };
    let several = reading.cases.len() > 1;
    for (index, (case, stated)) in reading.cases.iter().zip(&file.statement.cases).enumerate() {
        if several {
            line(
                &format!("case {}", index + 1),
                &format!("record commitment {}", hex(field::to_bytes(&stated.record_commitment))),
            );
        }
        match &case.map {
            Some(map) => {
                line("diagnosis", &format!("class map of {}", map.extents()));
                map.classes.iter().for_each(|class| line("", &class_line(class)));
            }
            None => line("diagnosis", case.diagnosis.as_deref().unwrap_or("committed; open it with --opening")),
        }
        case.scores.iter().for_each(|score| line("", &score_line(score)));
        line("record", &case.record);
    }
    line("model", &reading.model);
    line("model id", &hex(file.statement.model_id));
    line("setup", setup_name(diagnosis.setup));
    text
}

fn class_line(class: &ClassReading) -> String {
    format!("{:<12}  {:>9} positions ({})", class.label, class.positions, class.share)
}

fn score_line(score: &ScoreReading) -> String {
    let value = score.score.as_ref().map(|value| format!("  score {value:>9}")).unwrap_or_default();
    let probability = score.probability.as_ref().map(|value| format!("  probability {value}")).unwrap_or_default();
    format!("{:<12}{value}{probability}", score.label)
}
