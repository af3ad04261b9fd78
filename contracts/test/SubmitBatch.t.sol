// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IConsentRegistry} from "../sol/interfaces/IConsentRegistry.sol";
import {IDiagnosisLog} from "../sol/interfaces/IDiagnosisLog.sol";
import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {IModelRegistry} from "../sol/interfaces/IModelRegistry.sol";
import {Bn254} from "../sol/libraries/Bn254.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {G1Point} from "../sol/types/G1Point.sol";
import {LogFixture} from "./support/LogFixture.sol";
import {Simulator} from "./support/Simulator.sol";
import {RecordedLog, vm} from "./support/Vm.sol";

/// @notice What an event of the log holds beside its topics.
struct Fields {
    uint256 index;
    address submitter;
    bytes32 nullifier;
    bytes4 version;
    bytes32 nonce;
    uint256 policy;
    bytes32 context;
    uint256[] outcome;
}

/// @notice Many diagnoses in one transaction, and the chain over all entries.
contract SubmitBatchTest is LogFixture {
    uint256 private constant COUNT = 4;
    /// @dev C in a proof that has its version in front.
    uint256 private constant C = 196;

    // Completeness

    function test_records_every_case_of_every_diagnosis() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        bytes32[][] memory nullifiers = _submitBatch(ds, proofs);
        for (uint256 i; i < COUNT; ++i) {
            vm.assertEq(nullifiers[i].length, 1, "one case each");
            vm.assertEq(nullifiers[i][0], _nullifierOf(ds[i], 0), "nullifier");
            vm.assertEq(_log.isRecorded(SUBMITTER, ds[i].modelId, ds[i].cases[0]), true, "recorded");
        }
        vm.assertEq(_log.length(), COUNT, "length");
    }

    function test_records_diagnoses_of_several_keys() public {
        (Diagnosis[] memory first, bytes[] memory firstProofs) = _batch(2);
        _use(FIVE_RECORDS);
        Diagnosis[] memory ds = new Diagnosis[](3);
        bytes[] memory proofs = new bytes[](3);
        (ds[0], ds[1], ds[2]) = (first[0], _diagnosis(), first[1]);
        (proofs[0], proofs[1], proofs[2]) = (firstProofs[0], _prove(ds[1], SUBMITTER), firstProofs[1]);
        bytes32[][] memory nullifiers = _submitBatch(ds, proofs);
        vm.assertEq(nullifiers[1].length, 5, "five cases");
        vm.assertEq(_log.length(), 7, "all of them");
    }

    /// @dev The log is the same whether diagnoses come one by one or together.
    function test_leaves_the_same_chain_as_single_submissions() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        vm.warp(block.timestamp + 5);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < COUNT; ++i) {
            _submit(ds[i], proofs[i]);
        }
        bytes32 head = _log.head();
        vm.revertToState(snapshot);
        _submitBatch(ds, proofs);
        vm.assertEq(_log.head(), head, "head");
    }

    // Soundness

    function test_refuses_one_bad_diagnosis_at_each_position() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        for (uint256 i; i < COUNT; ++i) {
            for (uint256 field; field < 3; ++field) {
                Diagnosis memory kept = _copy(ds[i]);
                if (field == 0) ds[i].cases[0].words[1] ^= 1;
                if (field == 1) ds[i].cases[0].nonce = bytes32(uint256(99));
                if (field == 2) ds[i].cases[0].consentId = _consentIds[SPARE];
                _refuses(ds, proofs, IGroth16Verifier.ProofRejected.selector);
                ds[i] = kept;
            }
        }
        vm.assertEq(_log.length(), 0, "nothing recorded");
        _submitBatch(ds, proofs);
    }

    function test_refuses_proofs_swapped_or_cancelling() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        for (uint256 i = 1; i < COUNT; ++i) {
            (proofs[0], proofs[i]) = (proofs[i], proofs[0]);
            _refuses(ds, proofs, IGroth16Verifier.ProofRejected.selector);
            (proofs[0], proofs[i]) = (proofs[i], proofs[0]);
        }
        proofs[0] = _shifted(proofs[0], 4711);
        proofs[1] = _shifted(proofs[1], Bn254.R - 4711);
        _refuses(ds, proofs, IGroth16Verifier.ProofRejected.selector);
    }

    function test_refuses_the_same_case_twice_in_a_batch() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        (ds[3], proofs[3]) = (ds[1], proofs[1]);
        _refuses(ds, proofs, IDiagnosisLog.AlreadyRecorded.selector);
    }

    function test_refuses_replay_alone_and_in_batches() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        _submit(ds[2], proofs[2]);
        _refuses(ds, proofs, IDiagnosisLog.AlreadyRecorded.selector);
        (ds[2], proofs[2]) = (ds[3], proofs[3]);
        Diagnosis[] memory rest = new Diagnosis[](3);
        bytes[] memory restProofs = new bytes[](3);
        for (uint256 i; i < 3; ++i) {
            (rest[i], restProofs[i]) = (ds[i], proofs[i]);
        }
        _submitBatch(rest, restProofs);
        vm.expectPartialRevert(IDiagnosisLog.AlreadyRecorded.selector);
        _submit(ds[3], proofs[3]);
    }

    function test_asks_for_model_and_consent_of_each() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        bytes32 consentId = ds[3].cases[0].consentId;
        ds[3].cases[0].consentId = bytes32(uint256(1));
        _refuses(ds, proofs, IConsentRegistry.UnknownConsent.selector);
        ds[3].cases[0].consentId = consentId;
        ds[3].modelId = _registry.register(_good.claim.keyDigest, G1Point(1, 2), _good.metadataDigest, "");
        _refuses(ds, proofs, IModelRegistry.NotApproved.selector);
    }

    function test_refuses_nothing_and_uneven_lists() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(2);
        _refuses(new Diagnosis[](0), new bytes[](0), IGroth16Verifier.EmptyBatch.selector);
        _refuses(ds, new bytes[](0), IDiagnosisLog.UnevenBatch.selector);
        _refuses(new Diagnosis[](1), proofs, IDiagnosisLog.UnevenBatch.selector);
        ds[1].cases = new Diagnosis[](1)[0].cases;
        _refuses(ds, proofs, IDiagnosisLog.NoCases.selector);
    }

    // The chain over all entries

    /// @dev An auditor has nothing but the events and the blocks' times.
    function test_replaying_the_events_gives_length_and_head() public {
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        vm.recordLogs();
        vm.warp(block.timestamp + 7);
        _submitBatch(ds, proofs);
        _use(FIVE_RECORDS);
        Diagnosis memory several = _diagnosis();
        _submit(several, _prove(several, SUBMITTER));
        RecordedLog[] memory logs = vm.getRecordedLogs();
        (uint256 length, bytes32 head) = (0, bytes32(0));
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(_log)) continue;
            head = keccak256(abi.encode(head, _entryDigest(logs[i], length)));
            ++length;
        }
        vm.assertEq(length, COUNT + 5, "events");
        vm.assertEq(_log.length(), length, "length");
        vm.assertEq(_log.head(), head, "head");
    }

    function test_head_moves_with_every_entry() public {
        bytes32 before;
        vm.assertEq(_log.head(), before, "zero at first");
        (Diagnosis[] memory ds, bytes[] memory proofs) = _batch(COUNT);
        for (uint256 i; i < COUNT; ++i) {
            _submit(ds[i], proofs[i]);
            vm.assertEq(_log.head() == before, false, "moved");
            vm.assertEq(_log.length(), i + 1, "length");
            before = _log.head();
        }
        vm.expectPartialRevert(IDiagnosisLog.AlreadyRecorded.selector);
        _submit(ds[0], proofs[0]);
        vm.assertEq(_log.head(), before, "a refused submission moves nothing");
    }

    function _entryDigest(RecordedLog memory entry, uint256 expected) private view returns (bytes32) {
        Fields memory f = abi.decode(bytes.concat(abi.encode(32), entry.data), (Fields));
        vm.assertEq(f.index, expected, "no gap");
        vm.assertEq(f.context, _log.contextOf(f.submitter, entry.topics[3], f.nonce, f.policy), "context");
        bytes memory words = abi.encodePacked(entry.topics[2], f.outcome);
        bytes memory recorded = abi.encode(entry.topics[1], f.context, 96, f.outcome.length + 1);
        bytes32 digest = keccak256(bytes.concat(recorded, words));
        vm.assertEq(bytes32(f.version), bytes32(_version), "version");
        return
            keccak256(abi.encode(keccak256("zkdx/v1/entry"), f.index, f.nullifier, digest, f.version, block.timestamp));
    }

    /// @dev The same record under different consents and nonces.
    function _batch(uint256 count) private view returns (Diagnosis[] memory ds, bytes[] memory proofs) {
        (ds, proofs) = (new Diagnosis[](count), new bytes[](count));
        for (uint256 i; i < count; ++i) {
            ds[i] = _diagnosis();
            ds[i].cases[0].consentId = _consentIds[i + 5];
            ds[i].cases[0].nonce = bytes32(1000 + i);
            proofs[i] = _proveWith(ds[i], SUBMITTER, 11 + i);
        }
    }

    function _shifted(bytes memory proof, uint256 scalar) private view returns (bytes memory) {
        G1Point memory point = G1Point(_wordOf(proof, C), _wordOf(proof, C + 32));
        point = Bn254.add(point, Simulator.times(scalar));
        return _withWord(_withWord(proof, C, point.x), C + 32, point.y);
    }

    function _submitBatch(Diagnosis[] memory ds, bytes[] memory proofs) private returns (bytes32[][] memory) {
        vm.prank(SUBMITTER);
        return _log.submitBatch(ds, proofs);
    }

    function _refuses(Diagnosis[] memory ds, bytes[] memory proofs, bytes4 reason) private {
        vm.expectPartialRevert(reason);
        _submitBatch(ds, proofs);
    }
}
