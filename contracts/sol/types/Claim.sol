// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "./G1Point.sol";

/// @notice What a proof is bound to besides its statement words.
/// @param keyDigest Keccak of the verification key: which architecture and setup.
/// @param modelId Identity of the registered model.
/// @param weightCommitment D_W, the model's committed weights.
/// @param contextDigest Where, by whom and under which consents the proof may be used.
/// @param records How many records the words are about: they must not be cut into cases in another way.
struct Claim {
    bytes32 keyDigest;
    bytes32 modelId;
    G1Point weightCommitment;
    bytes32 contextDigest;
    uint256 records;
}
