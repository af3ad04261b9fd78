//! Encrypted keystores, version 3 (the Web3 Secret Storage Definition): `key = KDF(password)`, the private key under AES-128-CTR with the
//! first half of `key`, and `keccak(second half ‖ ciphertext)` to tell a wrong password.
//!
//! A keystore is a stranger's file: costs are bounded before they are paid, and nothing is sliced that was not measured.

use aes::cipher::{KeyIvInit, StreamCipher};
use alloy::primitives::Address;
use hmac::Hmac;
use rand::{CryptoRng, Rng};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sha3::{Digest, Keccak256};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

type Aes128Ctr = ctr::Ctr128BE<aes::Aes128>;

/// Largest memory that a keystore's scrypt may take: `128·n·r` bytes. Common programs ask for 256 MiB.
const MAX_SCRYPT_BYTES: u64 = 1 << 30;
/// Most rounds of scrypt's inner loop over all lanes, `n·r·p`.
const MAX_SCRYPT_WORK: u64 = 1 << 24;
/// Most iterations of PBKDF2.
const MAX_ITERATIONS: u32 = 10_000_000;
/// Bytes of the derived key, a private key, and their parts.
const KEY_BYTES: usize = 32;
const HALF: usize = 16;

/// Why a keystore cannot be opened or made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeystoreError {
    /// Not a keystore.
    #[error("the keystore is malformed: {0}")]
    Malformed(String),
    /// A keystore of another kind.
    #[error("the keystore uses {0}, which is not supported")]
    Unsupported(String),
    /// Deriving its key would cost too much.
    #[error("the keystore asks for too much work: {0}")]
    TooCostly(String),
    /// The password is not the one it was encrypted with, or the file was changed.
    #[error("wrong password, or the keystore was changed")]
    WrongPassword,
}

/// How much work a password costs who guesses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// scrypt with `n = 2^18, r = 8`: 256 MiB, some half a second.
    Standard,
    /// scrypt with `n = 2^12`: for accounts whose keystore never leaves a test.
    Light,
}

impl Cost {
    fn log_n(self) -> u8 {
        match self {
            Self::Standard => 18,
            Self::Light => 12,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Keystore {
    version: u8,
    id: String,
    address: Option<String>,
    // Older programs wrote it with a capital letter.
    #[serde(alias = "Crypto")]
    crypto: Crypto,
}

#[derive(Serialize, Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    #[serde(with = "bare_hex")]
    ciphertext: Vec<u8>,
    kdf: String,
    kdfparams: KdfParams,
    #[serde(with = "bare_hex")]
    mac: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct CipherParams {
    #[serde(with = "bare_hex")]
    iv: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KdfParams {
    Scrypt {
        dklen: usize,
        n: u64,
        r: u32,
        p: u32,
        #[serde(with = "bare_hex")]
        salt: Vec<u8>,
    },
    Pbkdf2 {
        dklen: usize,
        c: u32,
        prf: String,
        #[serde(with = "bare_hex")]
        salt: Vec<u8>,
    },
}

/// The account that a keystore names, if it names one. Anybody can write another there.
pub(super) fn address(json: &[u8]) -> Result<Option<Address>, KeystoreError> {
    let keystore: Keystore = serde_json::from_slice(json).map_err(unreadable)?;
    let Some(text) = keystore.address else { return Ok(None) };
    let mut address = Address::ZERO;
    let malformed = |_| KeystoreError::Malformed("address is none".into());
    hex::decode_to_slice(text, &mut address[..]).map(|()| Some(address)).map_err(malformed)
}

/// The private key in a keystore.
pub(super) fn decrypt(json: &[u8], password: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeystoreError> {
    let keystore: Keystore = serde_json::from_slice(json).map_err(unreadable)?;
    if keystore.version != 3 {
        return Err(KeystoreError::Unsupported(format!("version {}", keystore.version)));
    }
    let crypto = keystore.crypto;
    if crypto.cipher != "aes-128-ctr" {
        return Err(KeystoreError::Unsupported(format!("the cipher `{}`", crate::node::printable(&crypto.cipher))));
    }
    let length = |what: &str| KeystoreError::Malformed(format!("{what} has another length"));
    let mut secret = Zeroizing::new([0; KEY_BYTES]);
    let iv: [u8; HALF] = crypto.cipherparams.iv[..].try_into().map_err(|_| length("iv"))?;
    *secret = crypto.ciphertext[..].try_into().map_err(|_| length("ciphertext"))?;
    let key = derive(&crypto.kdf, &crypto.kdfparams, password)?;
    if !bool::from(mac(&key, &crypto.ciphertext).ct_eq(&crypto.mac)) {
        return Err(KeystoreError::WrongPassword);
    }
    apply(&key, &iv, &mut secret);
    Ok(secret)
}

/// A keystore of a private key.
pub(super) fn encrypt(
    secret: &[u8; KEY_BYTES],
    address: Address,
    password: &str,
    cost: Cost,
    rng: &mut (impl Rng + CryptoRng),
) -> Result<String, KeystoreError> {
    let (salt, iv, id): ([u8; KEY_BYTES], [u8; HALF], [u8; HALF]) = (rng.r#gen(), rng.r#gen(), rng.r#gen());
    let kdfparams = KdfParams::Scrypt { dklen: KEY_BYTES, n: 1 << cost.log_n(), r: 8, p: 1, salt: salt.to_vec() };
    let key = derive("scrypt", &kdfparams, password)?;
    let mut ciphertext = Zeroizing::new(*secret);
    apply(&key, &iv, &mut ciphertext);
    let crypto = Crypto {
        cipher: "aes-128-ctr".into(),
        cipherparams: CipherParams { iv: iv.to_vec() },
        ciphertext: ciphertext.to_vec(),
        kdf: "scrypt".into(),
        kdfparams,
        mac: mac(&key, &ciphertext[..]).to_vec(),
    };
    let keystore = Keystore { version: 3, id: uuid(id), address: Some(hex::encode(address)), crypto };
    serde_json::to_string(&keystore).map_err(|error| KeystoreError::Malformed(error.to_string()))
}

/// Where it stops making sense. What is there is not said: it may be a bare key, or a password.
fn unreadable(error: serde_json::Error) -> KeystoreError {
    KeystoreError::Malformed(format!("it is no keystore from line {}, column {} on", error.line(), error.column()))
}

fn derive(kdf: &str, params: &KdfParams, password: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeystoreError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    match (kdf, params) {
        ("scrypt", KdfParams::Scrypt { dklen: KEY_BYTES, n, r, p, salt }) => {
            let params = scrypt_params(*n, *r, *p)?;
            scrypt::scrypt(password.as_bytes(), salt, &params, &mut key[..])
                .map_err(|error| KeystoreError::Malformed(error.to_string()))?;
        }
        ("pbkdf2", KdfParams::Pbkdf2 { dklen: KEY_BYTES, c, prf, salt }) if prf == "hmac-sha256" => {
            if !(1..=MAX_ITERATIONS).contains(c) {
                return Err(KeystoreError::TooCostly(format!("{c} iterations")));
            }
            pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), salt, *c, &mut key[..])
                .map_err(|error| KeystoreError::Malformed(error.to_string()))?;
        }
        _ => return Err(KeystoreError::Unsupported("another key derivation, or another length of its key".into())),
    }
    Ok(key)
}

fn scrypt_params(n: u64, r: u32, p: u32) -> Result<scrypt::Params, KeystoreError> {
    if n < 2 || !n.is_power_of_two() {
        return Err(KeystoreError::Malformed("scrypt's n is no power of two".into()));
    }
    let block = n.saturating_mul(r.into());
    if block.saturating_mul(128) > MAX_SCRYPT_BYTES || block.saturating_mul(p.into()) > MAX_SCRYPT_WORK {
        return Err(KeystoreError::TooCostly(format!("scrypt with n = {n}, r = {r}, p = {p}")));
    }
    // RFC 7914 has n below 2^(16·r); few programs ever wrote keystores beyond.
    if u64::from(n.ilog2()) >= 16 * u64::from(r) && r > 0 {
        return Err(KeystoreError::Unsupported(format!("scrypt with n = {n} and r = {r}")));
    }
    let malformed = |_| KeystoreError::Malformed("parameters of scrypt".into());
    scrypt::Params::new(n.ilog2() as u8, r, p, KEY_BYTES).map_err(malformed)
}

fn mac(key: &[u8; KEY_BYTES], ciphertext: &[u8]) -> [u8; 32] {
    Keccak256::new().chain_update(&key[HALF..]).chain_update(ciphertext).finalize().into()
}

fn apply(key: &[u8; KEY_BYTES], iv: &[u8; HALF], text: &mut [u8; KEY_BYTES]) {
    let (left, _) = key.split_at(HALF);
    Aes128Ctr::new(left.into(), iv.into()).apply_keystream(text);
}

/// A random UUID (RFC 9562, version 4).
fn uuid(mut bytes: [u8; HALF]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex::encode(bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Hexadecimal digits without `0x`, as keystores have them.
mod bare_hex {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
