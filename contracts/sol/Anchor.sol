// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Arrays} from "@openzeppelin/contracts/utils/Arrays.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IAnchor} from "./interfaces/IAnchor.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {Batch} from "./types/Batch.sol";
import {MemberSignature} from "./types/MemberSignature.sol";

/// @title Logs of permissioned chains, anchored on a public one
/// @notice Enough members of a consortium vouch for the next entries of a log with their signatures. What is anchored
/// stays, and each index is in one batch alone: members who later rewrite their chain contradict themselves in public.
/// The anchor shows what they vouched for and when, not that a diagnosis was proven; for that, replay the log.
contract Anchor is IAnchor, EIP712, AccessControlDefaultAdminRules {
    using Arrays for uint256[];

    bytes32 private constant BATCH_TYPE = keccak256(
        "Batch(uint256 sourceChainId,address sourceLog,uint256 firstIndex,uint256 count,bytes32 root,bytes32 head)"
    );

    /// @dev The batches of a log: where each ends, exclusively and ascending, and its root.
    struct Source {
        bytes32 head;
        uint256[] ends;
        bytes32[] roots;
    }

    /// @notice How many members must sign a batch.
    uint256 public threshold;
    /// @notice How many members there are.
    uint256 public memberCount;

    /// @inheritdoc IAnchor
    mapping(address account => bool) public isMember;
    mapping(uint256 chainId => mapping(address log => Source)) private _sources;

    /// @param adminDelay Seconds between the two steps of a change of admin.
    /// @param admin Who decides on members and threshold.
    /// @param members The first members.
    /// @param firstThreshold How many must sign.
    constructor(uint48 adminDelay, address admin, address[] memory members, uint256 firstThreshold)
        EIP712("zkdx anchor", "1")
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        for (uint256 i; i < members.length; ++i) {
            _add(members[i]);
        }
        _setThreshold(firstThreshold);
    }

    /// @inheritdoc IAnchor
    function post(Batch calldata batch, MemberSignature[] calldata signatures) external {
        if (batch.count == 0) revert EmptyAnchorBatch();
        Source storage source = _sources[batch.sourceChainId][batch.sourceLog];
        uint256 expected = _lengthOf(source);
        if (batch.firstIndex != expected) revert NotContiguous(expected, batch.firstIndex);
        _requireSignatures(batchHash(batch), signatures);
        source.head = batch.head;
        source.ends.push(batch.firstIndex + batch.count);
        source.roots.push(batch.root);
        emit BatchAnchored(batch.sourceChainId, batch.sourceLog, batch.firstIndex, batch.count, batch.root, batch.head);
    }

    /// @inheritdoc IAnchor
    function addMember(address member) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _add(member);
    }

    /// @inheritdoc IAnchor
    function removeMember(address member) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (!isMember[member]) revert UnknownMember(member);
        if (memberCount == threshold) revert InvalidMemberThreshold(threshold, memberCount - 1);
        isMember[member] = false;
        --memberCount;
        emit MemberRemoved(member);
    }

    /// @inheritdoc IAnchor
    function setThreshold(uint256 newThreshold) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setThreshold(newThreshold);
    }

    /// @inheritdoc IAnchor
    function verifyInclusion(
        uint256 sourceChainId,
        address sourceLog,
        uint256 index,
        bytes32 entryDigest,
        bytes32[] calldata proof
    ) external view {
        Source storage source = _sources[sourceChainId][sourceLog];
        uint256 length = _lengthOf(source);
        if (index >= length) revert NotAnchored(length, index);
        // The first batch that ends behind the index.
        bytes32 root = source.roots[source.ends.upperBound(index)];
        bytes32 leaf = Transcript.anchorLeaf(sourceChainId, sourceLog, index, entryDigest);
        if (!MerkleProof.verifyCalldata(proof, root, leaf)) revert NotIncluded(index, entryDigest);
    }

    /// @inheritdoc IAnchor
    function stateOf(uint256 sourceChainId, address sourceLog) external view returns (uint256 length, bytes32 head) {
        Source storage source = _sources[sourceChainId][sourceLog];
        return (_lengthOf(source), source.head);
    }

    /// @inheritdoc IAnchor
    function batchHash(Batch calldata batch) public view returns (bytes32) {
        // A struct of static members is encoded member after member, as EIP-712 has it.
        return _hashTypedDataV4(keccak256(abi.encode(BATCH_TYPE, batch)));
    }

    function _add(address member) private {
        if (isMember[member]) revert MemberTaken(member);
        isMember[member] = true;
        ++memberCount;
        emit MemberAdded(member);
    }

    function _setThreshold(uint256 newThreshold) private {
        if (newThreshold == 0 || newThreshold > memberCount) revert InvalidMemberThreshold(newThreshold, memberCount);
        threshold = newThreshold;
        emit ThresholdSet(newThreshold);
    }

    /// @dev Ascending, so that no member counts twice. Every signature must be good, also beyond the threshold.
    function _requireSignatures(bytes32 hash, MemberSignature[] calldata signatures) private view {
        if (signatures.length < threshold) revert TooFewSignatures(threshold, signatures.length);
        address before = address(0);
        for (uint256 i; i < signatures.length; ++i) {
            address member = signatures[i].member;
            if (member <= before) revert MembersNotAscending(before, member);
            if (!isMember[member]) revert UnknownMember(member);
            bool valid = SignatureChecker.isValidSignatureNowCalldata(member, hash, signatures[i].signature);
            if (!valid) revert InvalidMemberSignature(member);
            before = member;
        }
    }

    function _lengthOf(Source storage source) private view returns (uint256) {
        uint256 batches = source.ends.length;
        return batches == 0 ? 0 : source.ends[batches - 1];
    }
}
