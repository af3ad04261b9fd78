//! `zkdx audit`: what a chain's history says of a record, a model, a consent or a whole log, checked again.

use serde_json::{Value, json};
use zkdx_client::audit::{self, Report, Scope, Subject};
use zkdx_client::{ClientError, Node};

use crate::args::{AuditArgs, AuditFormat, NodeArgs};
use crate::chain::{self, Link};
use crate::error::{CliError, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Audits. A history that does not hold is shown all the same, and refused.
pub(super) fn run(args: &AuditArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    args.out.as_ref().map_or(Ok(()), |path| files::check_writable(path, overwrite))?;
    let deployment = chain::read_deployment(&args.deployment.deployment)?;
    let publics = args.public.iter().map(|path| store::read_public_model(path)).collect::<Result<Vec<_>>>()?;
    let links = args.rpc.iter().map(|url| link(url, args)).collect::<Result<Vec<_>>>()?;
    let nodes: Vec<&Node> = links.iter().map(|link| &link.node).collect();
    let first = links.first().ok_or_else(|| CliError::from(ClientError::Url("there is none".into())))?;
    let scope = scope(args);
    let history = first.wait(audit::read(&nodes, &deployment, &scope))?;
    let report = audit::examine(&history, scope.subject, &publics);
    if let Some(path) = &args.out {
        store::write_public(path, text(&report, args.format).as_bytes(), overwrite)?;
    }
    show(&report, args, output)
}

fn link(url: &str, args: &AuditArgs) -> Result<Link> {
    Link::new(&NodeArgs { rpc: url.to_owned(), retry_for: args.retry_for })
}

fn scope(args: &AuditArgs) -> Scope {
    let record = args.record.map(Subject::Record);
    let subject = record.or(args.model.map(Subject::Model)).or(args.consent.map(Subject::Consent));
    let confirmations = args.confirmations.saturating_sub(1);
    Scope { subject: subject.unwrap_or(Subject::Log), block: args.block, confirmations }
}

fn text(report: &Report, format: AuditFormat) -> String {
    match format {
        AuditFormat::Table => report.to_table() + "\n",
        AuditFormat::Json => report.to_json(),
        AuditFormat::Fhir => report.to_fhir_json(),
    }
}

/// For programs the report, or where it was written; with what does not hold beside it.
fn value(report: &Report, args: &AuditArgs) -> Value {
    match (&args.out, args.format) {
        (Some(path), _) => json!({ "file": path, "summary": report.summary, "findings": report.findings }),
        (None, AuditFormat::Fhir) => json!(report.to_fhir()),
        (None, _) => json!(report),
    }
}

fn show(report: &Report, args: &AuditArgs, output: Output) -> Result<()> {
    let shown = || match &args.out {
        Some(path) => format!("wrote {}", path.display()),
        None => text(report, args.format).trim_end().to_owned(),
    };
    match (report.findings.first(), output.is_json()) {
        (None, _) => output.result(&value(report, args), shown),
        // One object says both, report and refusal.
        (Some(_), true) => return Err(refusal(report).done(value(report, args))),
        (Some(_), false) => {
            output.result(&Value::Null, shown);
            return Err(refusal(report));
        }
    }
    Ok(())
}

fn refusal(report: &Report) -> CliError {
    let why = report.findings.first().map(|finding| finding.line()).unwrap_or_default();
    let count = report.findings.len();
    let what = if count == 1 { "1 thing does".to_owned() } else { format!("{count} things do") };
    CliError::new(Kind::Refused, format!("the history does not hold: {what} not fit, the first is below"))
        .why(why)
        .next("ask another node with --rpc; if it says the same, do not rely on these entries and tell the log's operators")
}
