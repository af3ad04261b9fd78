// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice A consortium member's signature.
/// @param member Whose.
/// @param signature ECDSA of the member's key, or what the member's wallet accepts (EIP-1271).
struct MemberSignature {
    address member;
    bytes signature;
}
