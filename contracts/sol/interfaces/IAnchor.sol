// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Batch} from "../types/Batch.sol";
import {MemberSignature} from "../types/MemberSignature.sol";

/// @title Logs of permissioned chains, anchored on a public one
interface IAnchor {
    /// @notice Entries of a log were anchored.
    event BatchAnchored(
        uint256 indexed sourceChainId,
        address indexed sourceLog,
        uint256 firstIndex,
        uint256 count,
        bytes32 root,
        bytes32 head
    );
    /// @notice An account may sign batches from now on.
    event MemberAdded(address indexed member);
    /// @notice An account's signature does not count any more.
    event MemberRemoved(address indexed member);
    /// @notice So many members must sign a batch.
    event ThresholdSet(uint256 threshold);

    /// @notice There is no entry in the batch.
    error EmptyAnchorBatch();
    /// @notice The batch does not begin where the last one ended.
    error NotContiguous(uint256 expected, uint256 got);
    /// @notice Fewer signatures than must be.
    error TooFewSignatures(uint256 required, uint256 got);
    /// @notice Signatures are in strictly ascending order of their members.
    error MembersNotAscending(address before, address member);
    /// @notice This account is no member.
    error UnknownMember(address account);
    /// @notice The account is a member already.
    error MemberTaken(address member);
    /// @notice The signature is not that member's over this batch.
    error InvalidMemberSignature(address member);
    /// @notice The threshold is not between 1 and the number of members.
    error InvalidMemberThreshold(uint256 threshold, uint256 members);
    /// @notice The log's entries are anchored up to this index, not included.
    error NotAnchored(uint256 length, uint256 index);
    /// @notice The proof does not lead from the entry to the root of its batch.
    error NotIncluded(uint256 index, bytes32 entryDigest);

    /// @notice Anchors the next entries of a log. Anyone may bring what enough members have signed.
    /// @param batch The entries.
    /// @param signatures Over `batchHash(batch)`, in ascending order of the members.
    function post(Batch calldata batch, MemberSignature[] calldata signatures) external;

    /// @notice Adds a member. For the admin.
    /// @param member The account.
    function addMember(address member) external;

    /// @notice Removes a member; enough must be left for the threshold. For the admin.
    /// @param member The account.
    function removeMember(address member) external;

    /// @notice Sets how many members must sign a batch. For the admin.
    /// @param threshold The number.
    function setThreshold(uint256 threshold) external;

    /// @notice Returns if an entry is anchored, and reverts with a named error otherwise.
    /// @param sourceChainId The log's chain.
    /// @param sourceLog The log.
    /// @param index The entry's number.
    /// @param entryDigest The entry's digest.
    /// @param proof The siblings on the way from its leaf to the root.
    function verifyInclusion(
        uint256 sourceChainId,
        address sourceLog,
        uint256 index,
        bytes32 entryDigest,
        bytes32[] calldata proof
    ) external view;

    /// @notice The EIP-712 hash that members sign.
    /// @param batch The entries.
    /// @return The hash.
    function batchHash(Batch calldata batch) external view returns (bytes32);

    /// @notice How many entries of a log are anchored, and the head of its chain after them.
    /// @param sourceChainId The log's chain.
    /// @param sourceLog The log.
    /// @return length The number.
    /// @return head The head; zero if none is anchored.
    function stateOf(uint256 sourceChainId, address sourceLog) external view returns (uint256 length, bytes32 head);

    /// @notice Whether an account is a member.
    /// @param account The account.
    /// @return True if it is.
    function isMember(address account) external view returns (bool);
}
