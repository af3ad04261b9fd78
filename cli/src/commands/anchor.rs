//! `zkdx anchor`: the log of a permissioned chain, anchored on a public one.

use std::path::Path;

use serde_json::json;
use zkdx_client::anchor::{self, AnchorId, BatchFile, InclusionFile, Start};
use zkdx_client::{Address, B256, Deployment};

use crate::args::{AnchorBatchArgs, AnchorCommand, AnchorDeploymentArgs, AnchorProveArgs, AnchorSignArgs};
use crate::args::{NodeArgs, SendArgs, SourceArgs};
use crate::chain::{self, Link, Sender};
use crate::error::{CliError, Kind, Result};
use crate::files::{self, Overwrite};
use crate::output::Output;
use crate::store;

/// Makes, signs, posts, proves or checks.
pub(super) fn run(command: &AnchorCommand, output: Output) -> Result<()> {
    match command {
        AnchorCommand::Batch(args) => batch(args, output),
        AnchorCommand::Sign(args) => sign(args, output),
        AnchorCommand::Post { batches, anchor, send } => {
            let paths: Vec<&Path> = batches.iter().map(AsRef::as_ref).collect();
            post(&paths, anchor, send, output)
        }
        AnchorCommand::Prove(args) => prove(args, output),
        AnchorCommand::Check { inclusion, anchor, node } => check(inclusion, anchor, node, output),
    }
}

/// The permissioned chain: its contracts, which must be there, and a node.
struct Source<'a> {
    deployment: Deployment,
    link: Link,
    args: &'a SourceArgs,
}

impl<'a> Source<'a> {
    fn open(args: &'a SourceArgs) -> Result<Self> {
        let (deployment, link) = chain::open(&args.deployment, &args.node)?;
        Ok(Self { deployment, link, args })
    }

    /// A node of the public chain, as patient as that of this one.
    fn public(&self, rpc: &str) -> Result<Link> {
        Link::new(&NodeArgs { rpc: rpc.to_owned(), retry_for: self.args.node.retry_for })
    }
}

fn batch(args: &AnchorBatchArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_writable(&args.out, overwrite)?;
    let home = chain::read_deployment(&args.anchor.anchor_deployment)?;
    let source = Source::open(&args.source)?;
    let start = start(args, &home, &source)?;
    let Source { deployment, link, args: SourceArgs { confirmations, .. } } = &source;
    let made = anchor::make(&link.node, deployment, AnchorId::of(&home), start, *confirmations);
    let file = link.wait(made)?;
    store::write_public(&args.out, file.to_json().as_bytes(), overwrite)?;
    output.result(&summary(&file, &args.out), || {
        format!("{}\nwrote {} for the members to sign", text(&file), args.out.display())
    });
    Ok(())
}

fn start(args: &AnchorBatchArgs, home: &Deployment, source: &Source<'_>) -> Result<Start> {
    match (args.first, &args.anchor_rpc) {
        (Some(first), _) => Ok(Start::Index(first)),
        (None, Some(rpc)) => {
            let public = source.public(rpc)?;
            let state = public.wait(anchor::state(&public.node, home, &source.deployment))?;
            Ok(Start::Anchored(state.mark))
        }
        (None, None) => {
            let error = CliError::new(Kind::Usage, "it is not known from which entry on");
            Err(error.next("give a node of the public chain with --anchor-rpc, or an index with --first"))
        }
    }
}

/// Compares first: no member signs what its own node does not show.
fn sign(args: &AnchorSignArgs, output: Output) -> Result<()> {
    let out = args.out.as_deref().unwrap_or(&args.batch);
    let overwrite = if args.out.is_none() { Overwrite::Yes } else { Overwrite::from(&args.force) };
    files::check_writable(out, overwrite)?;
    let mut file = read(&args.batch)?;
    let home = chain::read_deployment(&args.anchor.anchor_deployment)?;
    file.check(&home)?;
    let wallet = chain::wallet(&args.wallet)?;
    let source = Source::open(&args.source)?;
    if let Some(rpc) = &args.anchor_rpc {
        let public = source.public(rpc)?;
        public.wait(anchor::require_next(&public.node, &home, &file, wallet.address()))?;
    }
    let Source { deployment, link, args: SourceArgs { confirmations, .. } } = &source;
    link.wait(anchor::confirm(&link.node, deployment, &file, *confirmations))?;
    file.sign(&wallet)?;
    store::write_public(out, file.to_json().as_bytes(), overwrite)?;
    output.result(&summary(&file, out), || signed(&file, wallet.address(), out));
    Ok(())
}

fn signed(file: &BatchFile, member: Address, out: &Path) -> String {
    let count = file.signatures().len();
    format!("{}\nsigned      by {member}\nsignatures  {count} in {}", text(file), out.display())
}

fn post(paths: &[&Path], anchor: &AnchorDeploymentArgs, send: &SendArgs, output: Output) -> Result<()> {
    let mut copies = paths.iter().map(|path| Ok((*path, read(path)?))).collect::<Result<Vec<_>>>()?.into_iter();
    let Some((_, mut file)) = copies.next() else {
        return Err(CliError::new(Kind::Usage, "there is no batch to post").next("name its file"));
    };
    for (path, copy) in copies {
        file.merge(&copy).map_err(|error| chain::in_file(path, error))?;
    }
    let home = chain::read_deployment(&anchor.anchor_deployment)?;
    file.check(&home)?;
    let sender = Sender::unchecked(home, Link::new(&send.node)?, chain::wallet(&send.wallet)?, send, output);
    let settled = sender.run(|session| anchor::post(session, &file))?;
    let batch = file.batch();
    let value = json!({
        "batch_hash": file.hash(), "batch": batch, "transaction": settled.as_ref().map(chain::transaction),
    });
    output.result(&value, || format!("{}\nanchored\n{}", text(&file), chain::settled_line(settled.as_ref())));
    Ok(())
}

fn prove(args: &AnchorProveArgs, output: Output) -> Result<()> {
    let overwrite = Overwrite::from(&args.force);
    files::check_writable(&args.out, overwrite)?;
    let file = read(&args.batch)?;
    let index = args.index.or_else(|| args.nullifier.and_then(|nullifier| file.find(nullifier)));
    let inclusion = index.and_then(|index| file.inclusion(index)).ok_or_else(|| absent(args, &file))?;
    store::write_public(&args.out, inclusion.to_json().as_bytes(), overwrite)?;
    let value = json!({ "inclusion": args.out, "entry": inclusion.entry, "root": inclusion.root() });
    output.result(&value, || format!("{}\nwrote {}", entry(&inclusion), args.out.display()));
    Ok(())
}

fn absent(args: &AnchorProveArgs, file: &BatchFile) -> CliError {
    let (path, batch) = (args.batch.display(), file.batch());
    let why = format!("it has the entries from {} on to {}, not included", batch.first_index, batch.end());
    CliError::new(Kind::Input, format!("the entry is not in `{path}`")).why(why).next("take the batch that it is in")
}

fn check(path: &Path, anchor: &AnchorDeploymentArgs, node: &NodeArgs, output: Output) -> Result<()> {
    let inclusion = read_inclusion(path)?;
    let home = chain::read_deployment(&anchor.anchor_deployment)?;
    let link = Link::new(node)?;
    link.wait(inclusion.check(&link.node, &home))?;
    let value = json!({
        "anchored": true, "entry": inclusion.entry, "source_chain_id": inclusion.source_chain_id,
        "source_log": inclusion.source_log, "root": inclusion.root(), "anchor": inclusion.anchor,
    });
    output.result(&value, || format!("{}\nanchored    the members vouched for it", entry(&inclusion)));
    Ok(())
}

fn entry(inclusion: &InclusionFile) -> String {
    let InclusionFile { entry, source_log, source_chain_id, .. } = inclusion;
    let (index, nullifier, time) = (entry.index, entry.nullifier, chain::time(entry.time));
    format!(
        "entry       {index} of the log {source_log} on chain {source_chain_id}\nnullifier   {nullifier}\nrecorded    {time}"
    )
}

fn summary(file: &BatchFile, path: &Path) -> serde_json::Value {
    let members: Vec<Address> = file.signatures().iter().map(|one| one.member).collect();
    json!({ "file": path, "batch_hash": file.hash(), "batch": file.batch(), "signed_by": members })
}

fn text(file: &BatchFile) -> String {
    let (batch, hash): (_, B256) = (file.batch(), file.hash());
    format!(
        "batch       {hash}\nentries     {} from {} on, of the log {} on chain {}\nroot        {}\nhead        {}",
        batch.count, batch.first_index, batch.source_log, batch.source_chain_id, batch.root, batch.head
    )
}

/// Reads a batch.
pub(super) fn read(path: &Path) -> Result<BatchFile> {
    BatchFile::from_json(&files::read(path)?).map_err(|error| chain::in_file(path, error))
}

/// Reads an inclusion.
pub(super) fn read_inclusion(path: &Path) -> Result<InclusionFile> {
    InclusionFile::from_json(&files::read(path)?).map_err(|error| chain::in_file(path, error))
}
