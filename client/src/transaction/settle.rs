//! Sends a transaction and watches it until it is confirmed.
//!
//! All versions of a transaction have one nonce, so at most one of them is ever mined, and which one does not matter: they differ in
//! fees alone. Whatever becomes of node, pool or chain meanwhile, the question is the same at each look: is one of them in a block of the
//! present chain, how deep, and if not, does the chain still have room for it?

use std::time::{Duration, Instant};

use alloy::primitives::B256;

use super::{Call, Event, Observer, Quote, Settled, Terms};
use crate::error::{ClientError, Result};
use crate::node::{At, Broadcast, Node, Receipt, Sent};
use crate::wallet::Wallet;

/// Looks at which the nonce was used and no receipt was there, before it counts as used by another: nodes index receipts a moment later.
const DOUBTS: u32 = 5;
/// How long a transaction may be unknown before it is handed to the node again.
const RESEND: Duration = Duration::from_secs(5);

/// A transaction on its way.
struct Flight<'f> {
    node: &'f Node,
    wallet: &'f Wallet,
    call: &'f Call,
    quote: &'f Quote,
    terms: &'f Terms,
    observer: &'f dyn Observer,
    /// Every version, the newest last.
    versions: Vec<Sent>,
    /// Fees of the newest.
    offer: (u128, u128),
    offered: Instant,
    handed: Instant,
    doubts: u32,
    /// Where it was seen last, and how deep.
    seen: Option<(u64, B256, u64)>,
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
    let offer = (quote.fees.max_fee, quote.fees.tip);
    let (now, versions) = (Instant::now(), vec![wallet.sign(quote.unsigned(call, offer.0, offer.1))?]);
    let (offered, handed, doubts, seen) = (now, now, 0, None);
    let mut flight =
        Flight { node, wallet, call, quote, terms, observer, versions, offer, offered, handed, doubts, seen };
    flight.launch().await?;
    flight.watch(now).await
}

impl Flight<'_> {
    async fn launch(&mut self) -> Result<()> {
        let first = self.newest();
        match self.broadcast().await {
            Ok(Broadcast::Refused(why)) => Err(refused(why, self.quote)),
            // Used or underpriced: another program sends from this account at this moment. Watching tells which one won.
            Ok(_) => {
                self.observer.happened(&Event::Sent(first));
                Ok(())
            }
            Err(error) => Err(self.silent(error)),
        }
    }

    async fn watch(&mut self, start: Instant) -> Result<Settled> {
        loop {
            let found = self.look().await.map_err(|error| self.silent(error))?;
            if let Some(settled) = found {
                return Ok(settled);
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
        let depth = self.node.height().await?.saturating_sub(block) + 1;
        if self.seen != Some((block, hash, depth)) {
            self.seen = Some((block, hash, depth));
            self.observer.happened(&Event::Mined { block, confirmations: depth.min(self.terms.confirmations) });
        }
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
    async fn canonical_receipt(&self) -> Result<Option<Receipt>> {
        for version in self.versions.iter().rev() {
            let Some(receipt) = self.node.receipt(version.hash).await? else { continue };
            let header = self.node.header(At::Number(receipt.block_number.to())).await?;
            if receipt.transaction_hash == version.hash
                && header.is_some_and(|header| header.hash == receipt.block_hash)
            {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }

    async fn executed(&self, receipt: Receipt) -> Result<Settled> {
        if receipt.status.to::<u64>() == 1 {
            return Ok(receipt.into());
        }
        // It was simulated before, so the state changed meanwhile: asking again tells why.
        let again = self.node.simulate(self.quote.from, self.call.to, &self.call.data, self.call.value).await;
        let why = format!("it was reverted in block {}, and would not be now", receipt.block_number);
        Err(again.err().unwrap_or(ClientError::Reverted(why)))
    }

    async fn not_mined(&mut self) -> Result<()> {
        if let Some((block, ..)) = self.seen.take() {
            self.observer.happened(&Event::Reorganised { block });
        }
        let used = self.node.nonce(self.quote.from, false).await? > self.quote.nonce;
        self.doubts = if used { self.doubts + 1 } else { 0 };
        if self.doubts > DOUBTS {
            return Err(self.replaced());
        }
        match used {
            true => Ok(()),
            false if self.offered.elapsed() >= self.terms.patience => self.outbid().await,
            false if self.handed.elapsed() >= RESEND.min(self.terms.patience) => self.resend().await,
            false => Ok(()),
        }
    }

    /// Hands the newest version to a node that has lost it: by a restart, a full pool, or a reorganisation.
    async fn resend(&mut self) -> Result<()> {
        self.handed = Instant::now();
        if self.node.transaction(self.newest()).await?.is_none() && self.broadcast().await? == Broadcast::Accepted {
            self.observer.happened(&Event::SentAgain(self.newest()));
        }
        Ok(())
    }

    /// Offers more, as long as the ceiling allows it.
    async fn outbid(&mut self) -> Result<()> {
        self.offered = Instant::now();
        let Some(offer) = self.quote.fees.outbid(self.offer) else { return self.resend().await };
        let version = self.wallet.sign(self.quote.unsigned(self.call, offer.0, offer.1))?;
        match self.node.broadcast(&version.raw).await? {
            Broadcast::Accepted | Broadcast::Known => {
                self.observer.happened(&Event::Outbid(version.hash));
                self.versions.push(version);
                self.offer = offer;
            }
            // Not enough more: the next offer starts from here. A version that no node has cannot be mined.
            Broadcast::Underpriced => self.offer = offer,
            Broadcast::NonceUsed | Broadcast::Refused(_) => {}
        }
        Ok(())
    }

    async fn broadcast(&self) -> Result<Broadcast> {
        match self.versions.last() {
            Some(version) => self.node.broadcast(&version.raw).await,
            None => Ok(Broadcast::Known),
        }
    }

    fn newest(&self) -> B256 {
        self.versions.last().map_or(B256::ZERO, |version| version.hash)
    }

    fn replaced(&self) -> ClientError {
        ClientError::Replaced { hash: self.newest(), account: self.quote.from, nonce: self.quote.nonce }
    }

    fn late(&self) -> ClientError {
        let what = match self.seen {
            None => "not mined".to_owned(),
            Some((_, _, depth)) => format!("mined, with {depth} of {} confirmations", self.terms.confirmations),
        };
        ClientError::NotSettled { hash: self.newest(), seconds: self.terms.timeout.as_secs(), what }
    }

    /// An unreachable node is another thing once a transaction may be on its way.
    fn silent(&self, error: ClientError) -> ClientError {
        match error {
            ClientError::Unreachable { node, why } => {
                ClientError::SilentAfterSending { hash: self.newest(), node, why }
            }
            other => other,
        }
    }
}

fn refused(why: String, quote: &Quote) -> ClientError {
    if why.to_ascii_lowercase().contains("insufficient funds") {
        let needed = quote.most.saturating_add(quote.value);
        return ClientError::InsufficientFunds { account: quote.from, needed, balance: Default::default() };
    }
    ClientError::Node { method: "eth_sendRawTransaction".into(), why }
}
