//! An account's key: read from an encrypted keystore or from the environment, wiped when dropped, never printed.

mod keystore;

use std::fmt;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope, TxLegacy};
use alloy::eips::Encodable2718;
use alloy::primitives::{Address, B256, Bytes};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::{Eip712Domain, SolStruct};
use rand::{CryptoRng, Rng};
use zeroize::Zeroizing;

use crate::error::{ClientError, Result};
use crate::node::Sent;

pub use keystore::{Cost, KeystoreError};

/// A key of secp256k1 that signs for one account.
pub struct Wallet {
    signer: PrivateKeySigner,
}

/// A transaction that can be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// With EIP-1559 fees.
    DynamicFee(TxEip1559),
    /// With one price of gas (EIP-155), for chains without a base fee.
    Legacy(TxLegacy),
}

impl Wallet {
    /// A new account.
    pub fn random(rng: &mut (impl Rng + CryptoRng)) -> Self {
        loop {
            let mut key = Zeroizing::new([0; 32]);
            rng.fill_bytes(&mut key[..]);
            if let Ok(wallet) = Self::from_bytes(&key[..]) {
                return wallet;
            }
        }
    }

    /// The account of a private key: 64 hexadecimal digits, with or without `0x`.
    pub fn from_hex(text: &str) -> Result<Self> {
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, &mut key[..])
            .map_err(|_| ClientError::Wallet("a private key is 64 hexadecimal digits".into()))?;
        Self::from_bytes(&key[..])
    }

    /// The account in an encrypted keystore, version 3. If the keystore names an account, it must be that one.
    pub fn from_keystore(json: &[u8], password: &str) -> Result<Self> {
        let unusable = |error: keystore::KeystoreError| ClientError::Wallet(error.to_string());
        let named = keystore::address(json).map_err(unusable)?;
        let wallet = Self::from_bytes(&keystore::decrypt(json, password).map_err(unusable)?[..])?;
        match named.is_none_or(|named| named == wallet.address()) {
            true => Ok(wallet),
            false => {
                Err(ClientError::Wallet(format!("the keystore holds the key of another account, {}", wallet.address())))
            }
        }
    }

    /// An encrypted keystore of this account, version 3.
    pub fn to_keystore(&self, password: &str, cost: Cost, rng: &mut (impl Rng + CryptoRng)) -> Result<String> {
        let key = Zeroizing::new(self.signer.to_bytes().0);
        keystore::encrypt(&key, self.address(), password, cost, rng)
            .map_err(|error| ClientError::Wallet(error.to_string()))
    }

    fn from_bytes(key: &[u8]) -> Result<Self> {
        let invalid = |_| ClientError::Wallet("it is not between 1 and the curve's order".into());
        Ok(Self { signer: PrivateKeySigner::from_slice(key).map_err(invalid)? })
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Signs typed data (EIP-712): `r ‖ s ‖ v`, low `s`, `v` 27 or 28.
    pub fn sign_typed<T: SolStruct>(&self, data: &T, domain: &Eip712Domain) -> Result<Bytes> {
        self.sign_hash(data.eip712_signing_hash(domain))
    }

    fn sign_hash(&self, hash: B256) -> Result<Bytes> {
        let signature = self.signer.sign_hash_sync(&hash).map_err(|error| ClientError::Wallet(error.to_string()))?;
        Ok(signature.as_bytes().into())
    }

    /// Signs a transaction.
    pub fn sign(&self, transaction: Unsigned) -> Result<Sent> {
        let envelope: TxEnvelope = match transaction {
            Unsigned::DynamicFee(transaction) => self.signed(transaction)?.into(),
            Unsigned::Legacy(transaction) => self.signed(transaction)?.into(),
        };
        Ok(Sent { hash: *envelope.tx_hash(), raw: envelope.encoded_2718().into() })
    }

    fn signed<T: SignableTransaction<alloy::primitives::Signature>>(
        &self,
        transaction: T,
    ) -> Result<alloy::consensus::Signed<T>> {
        let signature = self.signer.sign_hash_sync(&transaction.signature_hash());
        let signature = signature.map_err(|error| ClientError::Wallet(error.to_string()))?;
        Ok(transaction.into_signed(signature))
    }
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wallet({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "00000000000000000000000000000000000000000000000000000000000000ff";

    #[test]
    fn a_keystore_with_another_accounts_name_is_refused() {
        let wallet = Wallet::from_hex(KEY).expect("a key");
        let keystore = wallet.to_keystore("p", Cost::Light, &mut rand::thread_rng()).expect("encrypts");
        let open = |keystore: &str| Wallet::from_keystore(keystore.as_bytes(), "p").map(|wallet| wallet.address());
        assert_eq!(open(&keystore), Ok(wallet.address()));
        let (named, nobody) = (hex::encode(wallet.address()), hex::encode(Address::ZERO));
        assert_eq!(open(&keystore.replace(&named, &format!("0x{}", named.to_uppercase()))), Ok(wallet.address()));
        for other in [nobody.as_str(), "", "0x", "ff", &"f".repeat(42), "nobody"] {
            assert!(matches!(open(&keystore.replace(&named, other)), Err(ClientError::Wallet(_))), "{other}");
        }
    }

    #[test]
    fn no_error_repeats_what_may_be_a_key() {
        let digits = "46".repeat(32);
        let quoted =
            [format!("\"{KEY}\""), format!("\"0x{digits}\""), format!("{{\"version\":\"{digits}\"}}"), digits.clone()];
        for text in quoted.iter().map(String::as_str).chain([KEY]) {
            let error = Wallet::from_keystore(text.as_bytes(), text).map(drop).expect_err("no keystore");
            assert!(
                !format!("{error} {error:?}").contains(&digits[..8]) && !error.to_string().contains("00ff"),
                "{error}"
            );
        }
        for text in
            [&KEY[1..], "0x", "", "zz", &KEY.replace("ff", "fg"), &"0".repeat(64), &"f".repeat(64), &format!("{KEY}00")]
        {
            let error = Wallet::from_hex(text).map(drop).expect_err("no key");
            assert!(text.is_empty() || text.len() < 8 || !error.to_string().contains(&text[..8]), "{error}");
        }
        let shown = format!("{:?}", Wallet::from_hex(KEY).expect("a key"));
        assert!(!shown.contains("00ff"), "{shown}");
    }
}
