//! What a chain's history says of a record, a model, a consent or a whole log, and whether it holds: everything is checked again, natively,
//! and as little as possible is believed.
//!
//! [`read()`] fixes a block and reads a [`History`] on it; [`examine()`] checks it without a node and makes a [`Report`], which is printed as a
//! table, as JSON or as a FHIR bundle. What is checked and what has to be trusted stands in `docs/src/audit.md`.

mod calldata;
mod entry;
mod event;
mod examine;
mod facts;
mod fhir;
mod finding;
mod history;
mod line;
mod proofs;
mod read;
mod reading;
mod report;
mod scope;
mod table;
mod text;
mod time;
mod trail;
mod witness;

pub use entry::{Entry, case_digest, chained, entry_digest};
pub use event::Place;
pub use examine::examine;
pub use fhir::Bundle;
pub use finding::{Finding, FindingKind};
pub use history::{Block, ConsentState, Event, Facts, History, ModelFact, Setting, Transaction, Version, VersionState};
pub use proofs::{ProofState, Setup};
pub use read::{Scope, read};
pub use reading::OutcomeReading;
pub use report::{EntryReport, Line, ModelReport, Report, Summary};
pub use scope::Subject;
pub use trail::consents::{ConsentTrail, Grant};
pub use trail::models::{Approval, ModelTrail, Revocation};
pub use trail::requests::{Fulfilment, RequestTrail};
pub use trail::versions::VersionTrail;
pub use trail::{Circumstances, Named};
