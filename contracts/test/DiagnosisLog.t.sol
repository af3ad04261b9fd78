// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {DiagnosisLog} from "../sol/DiagnosisLog.sol";
import {IDiagnosisLog} from "../sol/interfaces/IDiagnosisLog.sol";
import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {Bn254} from "../sol/libraries/Bn254.sol";
import {Transcript} from "../sol/libraries/Transcript.sol";
import {Case} from "../sol/types/Case.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {LogFixture} from "./support/LogFixture.sol";
import {vm} from "./support/Vm.sol";

contract DiagnosisLogTest is LogFixture {
    address private constant OTHER = address(0xbad);

    // Completeness

    function test_records_a_diagnosis() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        Case memory one = d.cases[0];
        bytes32 nullifier = _nullifierOf(d, 0);
        bytes32 context = _contextOf(one, SUBMITTER);
        vm.assertEq(_log.recorded(nullifier), bytes32(0), "not yet");
        vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, one), false, "not yet");
        vm.assertEq(_log.preflight(SUBMITTER, d, proof)[0], nullifier, "preflight");

        vm.expectEmit(true, true, true, true, address(_log));
        emit IDiagnosisLog.DiagnosisRecorded(
            d.modelId,
            one.words[0],
            one.consentId,
            0,
            SUBMITTER,
            nullifier,
            _version,
            one.nonce,
            one.policy,
            context,
            _outcome(one)
        );
        vm.assertEq(_submit(d, proof)[0], nullifier, "nullifier");

        vm.assertEq(_log.recorded(nullifier), keccak256(abi.encode(d.modelId, context, one.words)), "digest");
        vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, one), true, "recorded");
        vm.assertEq(_log.isRecorded(OTHER, d.modelId, one), false, "not by another");
        one.words[1] ^= 1;
        vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, one), false, "not another outcome");
    }

    function test_hashes_are_those_of_the_page() public view {
        Diagnosis memory d = _diagnosis();
        Case memory one = d.cases[0];
        bytes32 context =
            Transcript.contextDigest(block.chainid, address(_log), SUBMITTER, one.consentId, one.nonce, one.policy);
        vm.assertEq(_contextOf(one, SUBMITTER), context, "context");
        bytes32 nullifier = Transcript.nullifier(d.modelId, one.words[0], one.consentId, one.nonce);
        vm.assertEq(_nullifierOf(d, 0), nullifier, "nullifier");
    }

    function testFuzz_records_any_honest_diagnosis(
        uint256[2] calldata words,
        bytes32 salt,
        bytes32 nonce,
        bool saturated
    ) public {
        Diagnosis memory d = _diagnosis();
        Case memory one = d.cases[0];
        (one.words[0], one.words[1]) = (words[0] % Bn254.R, words[1] % Bn254.R);
        (one.consentId, one.nonce, one.policy) = (_grant(salt), nonce, saturated ? 1 : 0);
        _submit(d, _prove(d, SUBMITTER));
        vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, d.cases[0]), true, "recorded");
    }

    function test_another_nonce_or_consent_is_another_diagnosis() public {
        Diagnosis memory d = _diagnosis();
        _submit(d, _prove(d, SUBMITTER));
        d.cases[0].nonce = bytes32(uint256(2));
        _submit(d, _prove(d, SUBMITTER));
        d.cases[0].consentId = _consentIds[SPARE];
        _submit(d, _prove(d, SUBMITTER));
    }

    // Replay

    function test_replay_is_refused() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        bytes memory refusal = abi.encodeWithSelector(IDiagnosisLog.AlreadyRecorded.selector, _submit(d, proof)[0]);
        vm.expectRevert(refusal);
        _submit(d, proof);
        vm.expectRevert(refusal);
        _log.preflight(SUBMITTER, d, proof);
    }

    /// @dev A proof that anyone can make from a recorded one, and a fresh one of the same statement.
    function test_replay_of_a_rerandomised_proof_is_refused() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        bytes memory other = _rerandomised(proof);
        vm.assertEq(keccak256(other) == keccak256(proof), false, "another proof");
        _log.preflight(SUBMITTER, d, other);
        _gateway.verify(_claim(d, SUBMITTER), _wordsOf(d), other);

        bytes memory refusal = abi.encodeWithSelector(IDiagnosisLog.AlreadyRecorded.selector, _submit(d, proof)[0]);
        vm.expectRevert(refusal);
        _submit(d, other);
        bytes memory fresh = _proveWith(d, SUBMITTER, 77);
        vm.expectRevert(refusal);
        _submit(d, fresh);
    }

    /// @dev Another outcome, policy or submitter does not make the same record, consent and nonce usable again.
    function test_replay_with_another_outcome_policy_or_submitter_is_refused() public {
        Diagnosis memory d = _diagnosis();
        bytes memory refusal =
            abi.encodeWithSelector(IDiagnosisLog.AlreadyRecorded.selector, _submit(d, _prove(d, SUBMITTER))[0]);
        d.cases[0].words[1] = 1;
        bytes memory proof = _prove(d, SUBMITTER);
        vm.expectRevert(refusal);
        _submit(d, proof);
        d.cases[0].policy = 1;
        proof = _prove(d, SUBMITTER);
        vm.expectRevert(refusal);
        _submit(d, proof);
        proof = _prove(d, OTHER);
        vm.expectRevert(refusal);
        vm.prank(OTHER);
        _log.submit(d, proof);
    }

    // Soundness: the context

    function test_refuses_another_submitter() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        vm.prank(OTHER);
        _log.submit(d, proof);
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _log.preflight(OTHER, d, proof);
    }

    function test_refuses_another_chain() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _submit(d, proof);
        vm.chainId(chain);
        _submit(d, proof);
    }

    function test_refuses_another_contract() public {
        Diagnosis memory d = _diagnosis();
        DiagnosisLog other = new DiagnosisLog(_gateway, _registry, _consents, PURPOSE);
        bytes memory proof = _prove(d, SUBMITTER);
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        vm.prank(SUBMITTER);
        other.submit(d, proof);
    }

    function testFuzz_refuses_another_nonce_or_consent(bytes32 other) public {
        Diagnosis memory d = _diagnosis();
        Case memory one = d.cases[0];
        vm.assume(other != one.nonce);
        bytes memory proof = _prove(d, SUBMITTER);
        bytes32 nonce = one.nonce;
        one.nonce = other;
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _submit(d, proof);
        (one.nonce, one.consentId) = (nonce, _grant(other));
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _submit(d, proof);
    }

    function test_refuses_another_policy() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        d.cases[0].policy = 1;
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _submit(d, proof);
        d.cases[0].policy = 2;
        vm.expectRevert(abi.encodeWithSelector(IDiagnosisLog.InvalidPolicy.selector, 2));
        _submit(d, proof);
    }

    // Soundness: the statement

    function test_refuses_another_outcome() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        d.cases[0].words[1] += 1;
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _submit(d, proof);
    }

    /// @dev Record commitment + r would be another nullifier for the same statement.
    function test_refuses_words_plus_r() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        _submit(d, proof);
        d.cases[0].words[0] += Bn254.R;
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordNotReduced.selector, 0, d.cases[0].words[0]));
        _submit(d, proof);
    }

    function test_refuses_too_few_words() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        for (uint256 length; length < 2; ++length) {
            d.cases[0].words = new uint256[](length);
            vm.expectRevert(abi.encodeWithSelector(IDiagnosisLog.TooFewWords.selector, length));
            _submit(d, proof);
            vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, d.cases[0]), false, "never recorded");
        }
        d.cases[0].words = new uint256[](3);
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordCount.selector, 2, 3));
        _submit(d, proof);
    }

    // Gas

    function test_too_little_gas_records_nothing() public {
        Diagnosis memory d = _diagnosis();
        bytes memory call = abi.encodeCall(_log.submit, (d, _prove(d, SUBMITTER)));
        for (uint256 gasLimit = 50000; gasLimit < 330000; gasLimit += 20000) {
            vm.prank(SUBMITTER);
            (bool success,) = address(_log).call{gas: gasLimit}(call);
            vm.assertEq(success, false, "reverted");
            vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, d.cases[0]), false, "not recorded");
        }
        vm.prank(SUBMITTER);
        (bool enough,) = address(_log).call{gas: 600000}(call);
        vm.assertEq(enough, true, "with enough gas");
    }

    function _outcome(Case memory one) private pure returns (uint256[] memory) {
        return _slice(one.words, 1, one.words.length - 1);
    }
}
