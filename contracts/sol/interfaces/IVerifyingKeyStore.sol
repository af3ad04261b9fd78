// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Verification keys, each stored once under its digest
interface IVerifyingKeyStore {
    /// @notice A key was checked and stored.
    /// @param keyDigest Keccak of the key.
    /// @param architecture Digest of the architecture that the key is for.
    /// @param pointer The account whose code is a zero byte and the key.
    event KeyRegistered(bytes32 indexed keyDigest, bytes32 indexed architecture, address pointer);

    /// @notice No key with this digest is stored.
    error UnknownKey(bytes32 keyDigest);

    /// @notice Checks a key and stores it. Anyone may call it; a stored key is left as it is.
    /// @param key The verification key's bytes.
    /// @return keyDigest Keccak of the key, its name from now on.
    function register(bytes calldata key) external returns (bytes32 keyDigest);

    /// @notice Whether a key is stored.
    /// @param keyDigest Its digest.
    /// @return True if it is.
    function isRegistered(bytes32 keyDigest) external view returns (bool);

    /// @notice Where a key is or would be stored.
    /// @param keyDigest Its digest.
    /// @return The account whose code is a zero byte and the key.
    function pointerOf(bytes32 keyDigest) external view returns (address);

    /// @notice Reads a key; reverts with UnknownKey if it is not stored.
    /// @param keyDigest Its digest.
    /// @return The verification key's bytes.
    function keyOf(bytes32 keyDigest) external view returns (bytes memory);
}
