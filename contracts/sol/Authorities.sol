// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IModelRegistry} from "./interfaces/IModelRegistry.sol";

/// @title Authorities and their approvals
/// @notice Each listing of an authority gets a bit of its own, never used again. The listed ones are a word and the
/// approvals of a model are a word: the approvals that count are the bits in both, so striking an authority off voids
/// all its approvals at once, and reading how many count takes two slots.
abstract contract Authorities is IModelRegistry, AccessControlDefaultAdminRules {
    /// @notice How many authorities must approve a model.
    uint256 public immutable APPROVALS_REQUIRED;

    /// @dev Bits of a word.
    uint256 private constant MOST = 256;

    uint256 private _listed;
    uint256 private _everListed;
    /// @dev The single bit of a listed authority; zero for every other account.
    mapping(address authority => uint256) private _bitOf;
    mapping(bytes32 modelId => uint256) private _approvals;

    constructor(uint48 adminDelay, address admin, uint256 approvalsRequired)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        if (approvalsRequired == 0 || approvalsRequired > MOST) revert InvalidThreshold(approvalsRequired);
        APPROVALS_REQUIRED = approvalsRequired;
    }

    /// @inheritdoc IModelRegistry
    function listAuthority(address authority, string calldata name) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (bytes(name).length == 0) revert NamelessAuthority();
        if (isAuthority(authority)) revert AuthorityTaken(authority);
        if (_everListed == MOST) revert TooManyAuthorities(MOST);
        uint256 bit = 1 << _everListed;
        ++_everListed;
        _bitOf[authority] = bit;
        _listed |= bit;
        emit AuthorityListed(authority, name);
    }

    /// @inheritdoc IModelRegistry
    function strikeOffAuthority(address authority, string calldata reason) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _listed ^= _bit(authority);
        delete _bitOf[authority];
        emit AuthorityStruckOff(authority, reason);
    }

    /// @inheritdoc IModelRegistry
    function withdrawApproval(bytes32 modelId, string calldata reason) external {
        uint256 bit = _bit(msg.sender);
        if (_approvals[modelId] & bit == 0) revert NotApprovedBy(modelId, msg.sender);
        _approvals[modelId] ^= bit;
        emit ApprovalWithdrawn(modelId, msg.sender, reason);
    }

    /// @inheritdoc IModelRegistry
    function isApprovedBy(bytes32 modelId, address authority) external view returns (bool) {
        return _approvals[modelId] & _bitOf[authority] != 0;
    }

    /// @inheritdoc IModelRegistry
    function isAuthority(address account) public view returns (bool) {
        return _bitOf[account] != 0;
    }

    /// @inheritdoc IModelRegistry
    function approvalsOf(bytes32 modelId) public view returns (uint256 count) {
        // Clears the lowest bit until none is left.
        for (uint256 counted = _approvals[modelId] & _listed; counted != 0; counted &= counted - 1) {
            ++count;
        }
    }

    function _approve(bytes32 modelId, bytes32 evidenceDigest, string calldata uri) internal {
        uint256 bit = _bit(msg.sender);
        if (_approvals[modelId] & bit != 0) revert ApprovedAlready(modelId, msg.sender);
        _approvals[modelId] |= bit;
        emit ModelApproved(modelId, msg.sender, evidenceDigest, uri);
    }

    function _requireApproved(bytes32 modelId) internal view {
        uint256 got = approvalsOf(modelId);
        if (got < APPROVALS_REQUIRED) revert NotApproved(modelId, APPROVALS_REQUIRED, got);
    }

    function _bit(address authority) private view returns (uint256 bit) {
        bit = _bitOf[authority];
        if (bit == 0) revert UnknownAuthority(authority);
    }
}
