// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";
import {IVerifyingKeyStore} from "./interfaces/IVerifyingKeyStore.sol";
import {KEY_ARCHITECTURE} from "./libraries/KeyCodec.sol";
import {KeyRules} from "./libraries/KeyRules.sol";

/// @title Verification keys, each stored once under its digest
/// @notice A key lies in the code of an account of its own, whose address follows from this contract and the digest
/// alone: a reader needs neither storage nor a call, and code at that address has passed the checks below.
contract VerifyingKeyStore is IVerifyingKeyStore {
    /// @dev Deploys what follows it: PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN, a zero byte to stop
    /// whoever calls the account. The size, 2 bytes with the zero byte counted, goes between the halves.
    bytes1 private constant DEPLOY_PUSH = 0x61;
    bytes8 private constant DEPLOY_COPY = 0x80600a5f395ff300;

    /// @inheritdoc IVerifyingKeyStore
    function register(bytes calldata key) external returns (bytes32 keyDigest) {
        keyDigest = keccak256(key);
        if (isRegistered(keyDigest)) return keyDigest;
        KeyRules.check(key);
        bytes memory creationCode = abi.encodePacked(DEPLOY_PUSH, uint16(key.length + 1), DEPLOY_COPY, key);
        address pointer = Create3.deploy(0, keyDigest, creationCode);
        emit KeyRegistered(keyDigest, bytes32(key[KEY_ARCHITECTURE:]), pointer);
    }

    /// @inheritdoc IVerifyingKeyStore
    function keyOf(bytes32 keyDigest) external view returns (bytes memory key) {
        if (!isRegistered(keyDigest)) revert UnknownKey(keyDigest);
        bytes memory code = pointerOf(keyDigest).code;
        // Drops the zero byte: the word at `code` + 1 becomes the length of what follows.
        assembly ("memory-safe") {
            key := add(code, 1)
            mstore(key, sub(mload(code), 1))
        }
    }

    /// @inheritdoc IVerifyingKeyStore
    function isRegistered(bytes32 keyDigest) public view returns (bool) {
        return pointerOf(keyDigest).code.length != 0;
    }

    /// @inheritdoc IVerifyingKeyStore
    function pointerOf(bytes32 keyDigest) public view returns (address) {
        return Create3.computeAddress(keyDigest);
    }
}
