// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IDiagnosisLog} from "../sol/interfaces/IDiagnosisLog.sol";
import {Case} from "../sol/types/Case.sol";

/// @title A contract that acts on recorded diagnoses
/// @notice Refers a patient once for each diagnosis of one class by one model, unless record entries were saturated.
/// Proof, model and consent have been checked by the log; what is left is to ask for the right model and outcome.
contract Referral {
    /// @notice The log whose word counts.
    IDiagnosisLog public immutable LOG;
    /// @notice The model whose word counts.
    bytes32 public immutable MODEL;
    /// @notice The class that is referred.
    uint16 public immutable CLASS;

    /// @notice What was referred.
    mapping(bytes32 nullifier => bool) public referred;

    event Referred(bytes32 indexed nullifier, uint256 indexed recordCommitment);

    error NotRecorded(bytes32 nullifier);
    error Saturated(bytes32 nullifier);
    error OtherClass(uint16 expected, uint16 got);
    error ReferredAlready(bytes32 nullifier);

    constructor(IDiagnosisLog log, bytes32 model, uint16 class) {
        LOG = log;
        MODEL = model;
        CLASS = class;
    }

    /// @notice Refers the patient of a recorded case. Anyone may bring it: all of it is in the log's event.
    /// @param submitter Who submitted it.
    /// @param one The case.
    function refer(address submitter, Case calldata one) external {
        bytes32 nullifier = LOG.nullifierOf(MODEL, one.words[0], one.consentId, one.nonce);
        if (!LOG.isRecorded(submitter, MODEL, one)) revert NotRecorded(nullifier);
        if (one.policy != 0) revert Saturated(nullifier);
        uint16 class = uint16(one.words[1]);
        if (class != CLASS) revert OtherClass(CLASS, class);
        if (referred[nullifier]) revert ReferredAlready(nullifier);
        referred[nullifier] = true;
        emit Referred(nullifier, one.words[0]);
    }
}
