//! The report for people: one line for each event in the order of time, then each entry with its checks, then counts and findings.

use std::fmt::Write;

use super::entry::Entry;
use super::line::short;
use super::proofs::{ProofState, Setup};
use super::report::{EntryReport, Line, ModelReport, Report, Summary};
use super::scope::Subject;
use super::time::iso;
use super::trail::Named;
use crate::node::printable;

impl Report {
    /// The report for people.
    pub fn to_table(&self) -> String {
        let mut text = self.heading();
        self.events.iter().for_each(|line| text.push_str(&event(line)));
        self.entries.iter().for_each(|report| text.push_str(&self.entry(report)));
        self.findings.iter().for_each(|finding| {
            let _ = writeln!(text, "FINDING  {}", printable(&finding.line()));
        });
        text + &summary(&self.summary)
    }

    fn heading(&self) -> String {
        let (chain, log) = (self.contracts.chain_id, self.contracts.log);
        let subject = match &self.subject {
            Subject::Log => "the whole log".to_owned(),
            Subject::Record(id) => format!("record {id}"),
            Subject::Model(id) => format!("model {id}"),
            Subject::Consent(id) => format!("consent {id}"),
        };
        let block = &self.block;
        let (length, head) = (self.length, self.head);
        format!(
            "{subject}\nchain {chain}, log {log}: {length} entries, head {head}\nblock {} ({}), {}, as told by {}\n\n",
            block.number,
            block.hash,
            when(block.time),
            self.nodes.join(", ")
        )
    }

    fn entry(&self, report: &EntryReport) -> String {
        let EntryReport { entry, circumstances, proof, reading, .. } = report;
        let Entry { index, record, consent, .. } = entry;
        let mut text = format!("\nentry {index}: {}\n", printable(&reading.summary()));
        let mut row = |name: &str, value: String| {
            let _ = writeln!(text, "  {name:<10}{value}");
        };
        row("record", record.to_string());
        row("model", self.model_row(entry, &circumstances.approved_by));
        row("consent", consent.to_string());
        row("submitter", format!("{}, in {}", entry.submitter, entry.place.transaction));
        if let Some(request) = circumstances.request {
            row("paid by", format!("request {request}"));
        }
        row("proof", proof_line(proof));
        self.since(entry).into_iter().for_each(|what| row("since", what));
        text
    }

    fn model_row(&self, entry: &Entry, approved_by: &[Named]) -> String {
        let name = self.model(entry).and_then(|model| model.name.as_ref());
        let name = name.map(|(name, version)| format!(" ({} {})", printable(name), printable(version)));
        format!("{}{}, approved by {}", entry.model, name.unwrap_or_default(), names(approved_by))
    }

    fn model(&self, entry: &Entry) -> Option<&ModelReport> {
        self.models.iter().find(|model| model.trail.id == entry.model)
    }

    /// What became of model, consent and verifier after the entry.
    fn since(&self, entry: &Entry) -> Vec<String> {
        let model = self.model(entry).map(|model| &model.trail);
        let revoked = model
            .and_then(|model| model.revoked.as_ref())
            .map(|revocation| format!("model revoked {}: {}", when(revocation.at.time), printable(&revocation.reason)));
        let successor = model.and_then(|model| model.successor).map(|id| format!("model succeeded by {id}"));
        let consent = self.consents.iter().find(|consent| consent.id == entry.consent);
        let withdrawn = consent.and_then(|consent| consent.withdrawn);
        let withdrawn = withdrawn.map(|place| format!("consent withdrawn {}", when(place.time)));
        let verifier = self.verifiers.iter().find(|verifier| verifier.version == entry.version);
        let frozen = verifier.and_then(|verifier| verifier.frozen);
        let frozen = frozen.map(|(place, _)| format!("verifier frozen {}", when(place.time)));
        [revoked, successor, withdrawn, frozen].into_iter().flatten().collect()
    }
}

fn event(line: &Line) -> String {
    let who = line.who.map(|account| account.to_string()).unwrap_or_else(|| "-".into());
    let (block, time) = (line.place.block, when(line.place.time));
    format!("{block:>9}  {time}  {:<20}{who:<44}{}  {}\n", line.event, short(&line.about), line.what)
}

fn names(named: &[Named]) -> String {
    let name = |one: &Named| format!("{} ({})", printable(&one.name), one.account);
    let names: Vec<_> = named.iter().map(name).collect();
    if names.is_empty() { "nobody".into() } else { names.join(", ") }
}

fn proof_line(proof: &ProofState) -> String {
    match proof {
        ProofState::Verified { setup, records } => {
            let setup = match setup {
                Setup::SingleParty => "single-party setup (not for production)",
                Setup::Ceremony => "setup by a ceremony",
            };
            format!("verified, {setup}, about {records} record{}", if *records == 1 { "" } else { "s" })
        }
        ProofState::NotFound => "not found".into(),
        ProofState::Refused { why } => format!("REFUSED: {}", printable(why)),
        ProofState::Unchecked { why } => format!("not checked: {}", printable(why)),
    }
}

fn summary(summary: &Summary) -> String {
    let Summary { replayed, entries, verified, single_party, findings } = *summary;
    let single = if single_party == 0 { String::new() } else { format!(" ({single_party} under single-party keys)") };
    let replayed = counted(replayed, "entry", "entries");
    let findings = counted(findings, "finding", "findings");
    format!("\n{replayed} replayed, {verified} of {entries} proofs verified{single}, {findings}")
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn when(seconds: u64) -> String {
    iso(seconds).unwrap_or_else(|| format!("second {seconds}"))
}
