//! `zkdx inspect`: what a file is, without its secrets.

use serde_json::{Value, json};
use zkdx_circuits::onnx::{self, ImportOptions};
use zkdx_verifier::Opening;
use zkdx_verifier::file::{self, Kind as FileKind};

use super::verify::setup_name;
use super::{anchor, consent, hex, request};
use zkdx_prover::Subgroup;

use crate::args::InspectArgs;
use crate::chain;
use crate::error::{Context, Kind, Result};
use crate::files;
use crate::output::{Output, bytes};
use crate::store;

/// Shows a file.
pub(super) fn run(args: &InspectArgs, output: Output) -> Result<()> {
    let content = files::read(&args.file)?;
    let kind = file::peek(&content);
    let value = match kind {
        Some(kind) => zkdx_file(args, kind, content.len())?,
        None if content.trim_ascii_start().starts_with(b"{") => json_file(args, &content)?,
        None => return onnx_file(args, &content, output),
    };
    output.result(&value, || render(&value, ""));
    Ok(())
}

fn onnx_file(args: &InspectArgs, content: &[u8], output: Output) -> Result<()> {
    let what = format!("cannot import `{}`", args.file.display());
    let options = ImportOptions { output: args.output.clone() };
    let summary = onnx::inspect(content, &options).or_fail(Kind::Input, what)?;
    output.result(&summary, || summary.to_string());
    Ok(())
}

fn json_file(args: &InspectArgs, content: &[u8]) -> Result<Value> {
    if serde_json::from_slice::<Opening>(content).is_ok() {
        return Ok(json!({ "file": "opening of a committed outcome", "secret": true }));
    }
    if store::json_format(content).as_deref() == Some("zkdx-model") {
        let model = store::read_public_model(&args.file)?;
        let mut value = json!({
            "file": "public half of a registration", "model_id": hex(model.model().id()), "key": hex(model.model().key),
            "card": model.card(), "labels": model.architecture().labels, "outcome": model.architecture().outcome,
            "features": model.architecture().encoding.len, "layers": model.architecture().layers.len(),
        });
        if model.architecture().positions.get() > 1 {
            value["positions"] = json!(model.architecture().positions);
        }
        return Ok(value);
    }
    if let Some(value) = chain_file(args, content)? {
        return Ok(value);
    }
    let proof = store::read_proof(&args.file)?;
    Ok(json!({
        "file": "proof (not checked here: use `zkdx verify`)", "claims": proof.reading,
        "model_id": hex(proof.statement.model_id), "contexts": proof.statement.cases.iter().map(|case| &case.context).collect::<Vec<_>>(),
    }))
}

/// A file of a command that talks to a chain.
fn chain_file(args: &InspectArgs, content: &[u8]) -> Result<Option<Value>> {
    Ok(match store::json_format(content).as_deref() {
        Some("zkdx-deployment") => {
            let deployment = chain::read_deployment(&args.file)?;
            let contracts: Vec<_> =
                deployment.contracts().map(|(one, at)| json!({ "contract": one.name(), "address": at })).collect();
            Some(
                json!({ "file": "deployment", "chain_id": deployment.chain_id, "parameters": deployment.parameters, "contracts": contracts }),
            )
        }
        Some("zkdx-consent") => {
            let file = consent::read(&args.file)?;
            Some(json!({
                "file": "consent (for those involved: it names the patient's account)", "consent_id": file.id(), "consent": file.consent,
                "chain_id": file.chain_id, "registry": file.registry, "signed": file.signature.is_some(), "revocation_signed": file.revocation.is_some(),
            }))
        }
        Some("zkdx-request") => {
            let file = request::read(&args.file)?;
            Some(
                json!({ "file": "request", "request_id": file.id(), "request": file.request, "chain_id": file.chain_id, "market": file.market }),
            )
        }
        Some("zkdx-anchor-batch") => {
            let file = anchor::read(&args.file)?;
            let members: Vec<_> = file.signatures().iter().map(|one| one.member).collect();
            Some(
                json!({ "file": "batch of entries to anchor", "batch_hash": file.hash(), "batch": file.batch(), "anchor": file.anchor, "signed_by": members }),
            )
        }
        Some("zkdx-inclusion") => {
            let file = anchor::read_inclusion(&args.file)?;
            Some(json!({
                "file": "proof that an entry is anchored (not checked here: use `zkdx anchor check`)", "entry": file.entry, "root": file.root(),
                "source_chain_id": file.source_chain_id, "source_log": file.source_log, "anchor": file.anchor,
            }))
        }
        _ => None,
    })
}

fn zkdx_file(args: &InspectArgs, kind: FileKind, length: usize) -> Result<Value> {
    let path = &args.file;
    let mut value = match kind {
        FileKind::VerifyingKey => {
            let key = store::read_verifying_key(path)?;
            json!({
                "digest": hex(key.digest()), "setup": setup_name(key.key().setup),
                "architecture": hex(key.key().architecture), "statement_words": key.key().words(),
                "challenges": key.key().challenges, "records": key.key().records,
            })
        }
        FileKind::ProvingKey => {
            let key = store::read_proving_key(path, Subgroup::Checked)?;
            let columns = key.circuit.columns;
            json!({
                "digest": hex(key.verifying.digest()), "circuit": hex(key.circuit.digest),
                "constraints": key.circuit.constraints, "domain": key.circuit.domain_length(),
                "weight_columns": columns.weight, "first_round_columns": columns.small + columns.field,
                "second_round_columns": columns.second, "records": key.verifying.records,
            })
        }
        FileKind::Registration => {
            let model = store::read_registration(path)?;
            json!({ "model_id": hex(model.model().id()), "key": hex(model.model().key), "secret": true })
        }
        FileKind::QuantizedModel => {
            let file = store::read_model(path)?;
            architecture(&file.model.architecture, json!({ "card": file.card, "secret": true }))
        }
        FileKind::Circuit => architecture(&store::read_circuit(path)?, json!({})),
        FileKind::Record => {
            let record = store::read_record(path)?;
            json!({ "entries": record.record.entries().len(), "policy": record.policy, "secret": true })
        }
        FileKind::Model | FileKind::Proof => json!({}),
    };
    value["file"] = json!(kind.name());
    value["size"] = json!(bytes(length as u64));
    Ok(value)
}

fn architecture(architecture: &zkdx_circuits::Architecture, mut value: Value) -> Value {
    let layers: Vec<_> = architecture.layers.iter().map(|node| node.name.clone()).collect();
    let parameters: usize = architecture.parameters.iter().map(|spec| spec.shape.iter().product::<usize>()).sum();
    value["architecture"] = json!(hex(architecture.digest()));
    value["features"] = json!(architecture.encoding.len);
    value["labels"] = json!(architecture.labels);
    value["outcome"] = json!(architecture.outcome);
    value["records"] = json!(architecture.records);
    value["layers"] = json!(layers);
    if architecture.positions.get() > 1 {
        value["positions"] = json!(architecture.positions);
    }
    value["parameters"] = json!(parameters);
    value
}

/// Names and values, one a line, nested ones indented.
fn render(value: &Value, indent: &str) -> String {
    let Some(fields) = value.as_object() else { return value.to_string() };
    let line = |(name, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{indent}{name}\n{}", render(value, &format!("{indent}  "))),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            let item = |item: &Value| format!("{indent}{name}\n{}", render(item, &format!("{indent}  ")));
            items.iter().map(item).collect::<Vec<_>>().join("\n")
        }
        Value::String(text) => format!("{indent}{name:<22} {text}"),
        other => format!("{indent}{name:<22} {other}"),
    };
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}
