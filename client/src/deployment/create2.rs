//! The deterministic deployer, an account at the same address on every chain that has it: its calldata is a salt and creation code, and it
//! creates a contract at `keccak(0xff ‖ deployer ‖ salt ‖ keccak(code))` (EIP-1014).

use alloy::primitives::{Address, B256, address, keccak256};

/// The deployer. Development chains have it from the start; a consortium puts it into its genesis.
pub const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// Where the deployer puts a contract.
pub fn address_of(salt: B256, code: &[u8]) -> Address {
    DEPLOYER.create2(salt, keccak256(code))
}
