//! Sends a transaction and watches it until it is confirmed.
//!
//! All versions of a transaction have one nonce, so at most one of them is ever mined, and which one does not matter: they differ in
//! fees alone. Whatever becomes of node, pool or chain meanwhile, the question is the same at each look: is one of them in a block of the
//! present chain, how deep, and if not, does the chain still have room for it?
//!
//! Once a version was handed over, no answer of a node proves that it is not on its way, so each is watched for, and an error tells its hash.

use std::time::{Duration, Instant};

use alloy::primitives::B256;

use super::{Call, Event, Observer, Quote, Settled, Terms};
use crate::error::{ClientError, Result};
use crate::node::{At, Broadcast, Node, Receipt, Sent};
use crate::wallet::Wallet;

/// Looks at which the nonce was used and no receipt was there, before it counts as used by another: nodes index receipts a moment later.
const DOUBTS: u32 = 5;
/// How long a transaction may be unknown before it is handed to the node again, or a fourth of the patience if that is less.
const RESEND: Duration = Duration::from_secs(5);

/// A transaction on its way.
struct Flight<'f> {
    node: &'f Node,
    wallet: &'f Wallet,
    call: &'f Call,
    quote: &'f Quote,
    terms: &'f Terms,
    observer: &'f dyn Observer,
    /// Every version that was ever handed to a node, also if the node said no, or nothing.
    versions: Vec<Sent>,
    /// The one that the node should have.
    current: Sent,
    /// What was offered last.
    offer: (u128, u128),
    offered: Instant,
    handed: Instant,
    /// Whether the node finds the offer too low.
    too_low: bool,
    doubts: u32,
    /// Where it was seen last, and how deep.
    seen: Option<(u64, B256, u64)>,
    /// The block of a receipt that the node's chain does not have.
    orphan: Option<u64>,
    /// Since when the node's answers are of no use.
    trouble: Option<Instant>,
}

/// Sends and waits until enough blocks confirm it.
pub async fn settle(
    node: &Node,
    wallet: &Wallet,
    call: &Call,
    quote: &Quote,
    terms: &Terms,
    observer: &dyn Observer,
) -> Result<Settled> {
    let (offer, now) = ((quote.fees.max_fee, quote.fees.tip), Instant::now());
    let current = wallet.sign(quote.unsigned(call, offer.0, offer.1))?;
    let (versions, offered, handed, too_low) = (vec![current.clone()], now, now, false);
    let (doubts, seen, orphan, trouble) = (0, None, None, None);
    let mut flight = Flight {
        node,
        wallet,
        call,
        quote,
        terms,
        observer,
        versions,
        current,
        offer,
        offered,
        handed,
        too_low,
        doubts,
        seen,
        orphan,
        trouble,
    };
    flight.launch().await?;
    flight.watch(now).await
}

impl Flight<'_> {
    async fn launch(&mut self) -> Result<()> {
        match self.node.broadcast(&self.current.raw).await {
            Ok(Broadcast::Refused(why)) => self.refused(why).await?,
            Ok(Broadcast::Underpriced) => self.underpriced().await?,
            // Used: a try whose answer was lost, or another program of this account. Watching tells which.
            Ok(Broadcast::Accepted | Broadcast::Known | Broadcast::NonceUsed) => {}
            Err(error) => self.endure(error)?,
        }
        self.observer.happened(&Event::Sent(self.current.hash));
        Ok(())
    }

    async fn watch(&mut self, start: Instant) -> Result<Settled> {
        loop {
            match self.look().await {
                Ok(Some(settled)) => return Ok(settled),
                Ok(None) => self.trouble = None,
                Err(error) => self.endure(error)?,
            }
            if start.elapsed() >= self.terms.timeout {
                return Err(self.late());
            }
            tokio::time::sleep(self.terms.poll).await;
        }
    }

    /// One look; the receipt once it is deep enough.
    async fn look(&mut self) -> Result<Option<Settled>> {
        let Some(receipt) = self.canonical_receipt().await? else {
            self.not_mined().await?;
            return Ok(None);
        };
        let (block, hash) = (receipt.block_number.to::<u64>(), receipt.block_hash);
        let depth = self.node.height().await?.saturating_sub(block).saturating_add(1);
        self.found(block, hash, depth);
        if depth < self.terms.confirmations {
            return Ok(None);
        }
        // The height may be that of another branch than the receipt's: look once more.
        match self.canonical_receipt().await? {
            Some(again) if again.block_hash == hash => self.executed(again).await.map(Some),
            _ => Ok(None),
        }
    }

    /// The receipt of whichever version is in a block of the present chain.
    async fn canonical_receipt(&mut self) -> Result<Option<Receipt>> {
        self.orphan = None;
        for version in self.versions.iter().rev() {
            let Some(receipt) = self.node.receipt(version.hash).await? else { continue };
            let block = receipt.block_number.to();
            let header = self.node.header(At::Number(block)).await?;
            if header.is_some_and(|header| header.hash == receipt.block_hash) {
                return Ok(Some(receipt));
            }
            self.orphan = Some(block);
        }
        Ok(None)
    }

    fn found(&mut self, block: u64, hash: B256, depth: u64) {
        if self.seen.is_some_and(|(_, before, _)| before != hash) {
            self.lost();
        }
        self.doubts = 0;
        if self.seen != Some((block, hash, depth)) {
            self.seen = Some((block, hash, depth));
            self.observer.happened(&Event::Mined { block, confirmations: depth.min(self.terms.confirmations) });
        }
    }

    /// The block in which it was seen is gone; what is offered for it gets its time once more.
    fn lost(&mut self) {
        if let Some((block, ..)) = self.seen.take() {
            self.offered = Instant::now();
            self.observer.happened(&Event::Reorganised { block });
        }
    }

    async fn executed(&self, receipt: Receipt) -> Result<Settled> {
        if receipt.status.to::<u64>() == 1 {
            return Ok(receipt.into());
        }
        // It was simulated before, so the state changed meanwhile: asking again tells why.
        match self.node.simulate(self.quote.from, self.call.to, &self.call.data, self.call.value).await {
            Err(ClientError::Reverted(why)) => Err(ClientError::Reverted(why)),
            _ => {
                let (hash, block) = (receipt.transaction_hash, receipt.block_number);
                Err(ClientError::Reverted(format!("{hash} was reverted in block {block}, and would not be now")))
            }
        }
    }

    async fn not_mined(&mut self) -> Result<()> {
        self.lost();
        let used = self.node.nonce(self.quote.from, false).await? > self.quote.nonce;
        // A receipt in a block that is gone says that the node has yet to make up its mind.
        self.doubts = if used && self.orphan.is_none() { self.doubts + 1 } else { 0 };
        if self.doubts > DOUBTS {
            return Err(self.replaced());
        }
        match used {
            true => Ok(()),
            false if self.too_low || self.offered.elapsed() >= self.terms.patience => self.outbid().await,
            false if self.handed.elapsed() >= RESEND.min(self.terms.patience / 4) => self.resend().await,
            false => Ok(()),
        }
    }

    /// Hands the current version to a node that has lost it: by a restart, a full pool, or a reorganisation.
    async fn resend(&mut self) -> Result<()> {
        self.handed = Instant::now();
        if self.node.transaction(self.current.hash).await?.is_none()
            && self.node.broadcast(&self.current.raw).await? == Broadcast::Accepted
        {
            self.observer.happened(&Event::SentAgain(self.current.hash));
        }
        Ok(())
    }

    /// Offers more, as long as the ceiling allows it.
    async fn outbid(&mut self) -> Result<()> {
        (self.offered, self.too_low) = (Instant::now(), false);
        let Some(offer) = self.quote.fees.outbid(self.offer) else { return self.resend().await };
        let version = self.wallet.sign(self.quote.unsigned(self.call, offer.0, offer.1))?;
        if !self.versions.contains(&version) {
            self.versions.push(version.clone());
        }
        match self.node.broadcast(&version.raw).await? {
            Broadcast::Accepted | Broadcast::Known => {
                self.observer.happened(&Event::Outbid(version.hash));
                (self.current, self.offer, self.handed) = (version, offer, Instant::now());
            }
            // Not enough more: the next offer starts from here.
            Broadcast::Underpriced => (self.offer, self.too_low) = (offer, true),
            Broadcast::NonceUsed => {}
            // The account may be too poor for more; the node should have what it offered before.
            Broadcast::Refused(_) => self.resend().await?,
        }
        Ok(())
    }

    /// The first offer was too low: for the node, or because another transaction of the account waits, which must not be outbid.
    async fn underpriced(&mut self) -> Result<()> {
        let all = self.node.nonce(self.quote.from, true).await?;
        if all > self.quote.nonce {
            return Err(ClientError::Pending { account: self.quote.from, count: all - self.quote.nonce });
        }
        self.too_low = true;
        Ok(())
    }

    /// Errors that may pass are borne as long as a silent node would be; the others end the watch.
    fn endure(&mut self, error: ClientError) -> Result<()> {
        let why = match error {
            ClientError::Unreachable { why, .. } => return Err(self.silent(why)),
            ClientError::Node { .. } | ClientError::Answer { .. } => error.to_string(),
            _ => return Err(error),
        };
        match self.trouble.get_or_insert_with(Instant::now).elapsed() >= self.node.patience() {
            true => Err(self.silent(why)),
            false => Ok(()),
        }
    }

    fn silent(&self, why: String) -> ClientError {
        ClientError::SilentAfterSending { hash: self.current.hash, node: self.node.name().into(), why }
    }

    fn replaced(&self) -> ClientError {
        ClientError::Replaced { hash: self.current.hash, account: self.quote.from, nonce: self.quote.nonce }
    }

    fn late(&self) -> ClientError {
        let what = match (self.seen, self.orphan) {
            (Some((_, _, depth)), _) => format!("mined, with {depth} of {} confirmations", self.terms.confirmations),
            (None, Some(block)) => format!("mined in a block {block} that is not on the node's chain"),
            (None, None) => "not mined".to_owned(),
        };
        ClientError::NotSettled { hash: self.current.hash, seconds: self.terms.timeout.as_secs(), what }
    }

    /// The node does not want it; or has it, from a try whose answer was lost, and does not want it twice.
    async fn refused(&self, why: String) -> Result<()> {
        if let Ok(Some(_)) = self.node.transaction(self.current.hash).await {
            return Ok(());
        }
        let (account, needed) = (self.quote.from, self.quote.first_offer());
        match self.node.balance(account).await {
            Ok(balance) if balance < needed => Err(ClientError::InsufficientFunds { account, needed, balance }),
            _ => Err(ClientError::Node { method: "eth_sendRawTransaction".into(), why }),
        }
    }
}
