// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../../sol/interfaces/IGroth16Verifier.sol";
import {Claim} from "../../sol/types/Claim.sol";

/// @notice A verifier of another version that accepts everything: whoever routes to it has been fooled.
contract Credulous is IGroth16Verifier {
    bytes4 public constant VERSION = 0xc0ffee00;

    function verify(Claim calldata, uint256[] calldata, bytes calldata) external pure {}
    function verifyBatch(Claim[] calldata, uint256[][] calldata, bytes[] calldata) external pure {}
}
