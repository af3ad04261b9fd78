//! The deterministic deployer, an account at the same address on every chain that has it: its calldata is a salt and creation code, and it
//! creates a contract at `keccak(0xff ‖ deployer ‖ salt ‖ keccak(code))` (EIP-1014).

use alloy::primitives::{Address, B256, address, b256, keccak256};

/// The deployer. Development chains have it from the start; a consortium puts it into its genesis.
pub const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// Hash of its code: 69 bytes that create what they are given and return its address.
pub(super) const DEPLOYER_CODE: B256 = b256!("2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989");

/// Where the deployer puts a contract.
pub fn address_of(salt: B256, code: &[u8]) -> Address {
    DEPLOYER.create2(salt, keccak256(code))
}
