// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IDiagnosisLog} from "../sol/interfaces/IDiagnosisLog.sol";
import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {Bn254} from "../sol/libraries/Bn254.sol";
import {Case} from "../sol/types/Case.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {LogFixture} from "./support/LogFixture.sol";
import {Simulator} from "./support/Simulator.sol";
import {vm} from "./support/Vm.sol";

/// @notice One proof about several records.
contract SeveralCasesTest is LogFixture {
    address private constant OTHER = address(0xbad);

    // Completeness

    function test_records_every_case() public {
        uint256[4] memory indices = [CLASS_ONLY, TWO_RECORDS, FIVE_RECORDS, MOST_RECORDS];
        for (uint256 i; i < indices.length; ++i) {
            if (indices[i] != CLASS_ONLY) _use(indices[i]);
            Diagnosis memory d = _diagnosis();
            bytes memory proof = _prove(d, SUBMITTER);
            bytes32[] memory expected = _log.preflight(SUBMITTER, d, proof);
            _expectEvents(d);
            bytes32[] memory nullifiers = _submit(d, proof);
            vm.assertEq(abi.encode(nullifiers), abi.encode(expected), "preflight says the same");
            _checkRecorded(d, nullifiers);
        }
    }

    /// @dev What the log keeps of a case does not tell whether it came with others.
    function test_a_case_leaves_the_same_trace_alone() public {
        Diagnosis memory single = _diagnosis();
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        bytes32[] memory nullifiers = _submit(d, _prove(d, SUBMITTER));
        Case memory one = d.cases[1];
        bytes32 digest = keccak256(abi.encode(d.modelId, _contextOf(one, SUBMITTER), one.words));
        vm.assertEq(_log.recorded(nullifiers[1]), digest, "digest");
        vm.assertEq(_log.isRecorded(SUBMITTER, single.modelId, one), false, "not of another model");
        vm.assertEq(_log.isRecorded(OTHER, d.modelId, one), false, "not by another");
        one.words[1] ^= 1;
        vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, one), false, "not another outcome");
        one.words = new uint256[](1);
        vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, one), false, "not without an outcome");
    }

    function testFuzz_records_any_honest_cases(uint256[4] calldata words, bytes32[2] calldata salts, bool saturated)
        public
    {
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        for (uint256 i; i < 2; ++i) {
            (d.cases[i].words[0], d.cases[i].words[1]) = (words[2 * i] % Bn254.R, words[2 * i + 1] % Bn254.R);
            d.cases[i].consentId = _grant(keccak256(abi.encode(salts[i], i)));
            d.cases[i].policy = saturated ? 1 : 0;
        }
        _checkRecorded(d, _submit(d, _prove(d, SUBMITTER)));
    }

    /// @dev The same record twice is two cases if the nonce or the consent is another.
    function test_records_one_record_under_two_nonces() public {
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        d.cases[1].words[0] = d.cases[0].words[0];
        d.cases[1].consentId = d.cases[0].consentId;
        _checkRecorded(d, _submit(d, _prove(d, SUBMITTER)));
    }

    // Soundness: every field of every case

    function test_refuses_every_changed_field() public {
        _use(FIVE_RECORDS);
        Diagnosis memory good = _diagnosis();
        bytes memory proof = _prove(good, SUBMITTER);
        for (uint256 i; i < 5; ++i) {
            for (uint256 field; field < 6; ++field) {
                Diagnosis memory d = _copy(good);
                _change(d.cases[i], field);
                _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
            }
        }
        _submit(good, proof);
    }

    function testFuzz_refuses_another_word_consent_or_nonce(uint256 index, uint256 field, uint256 value) public {
        _use(FIVE_RECORDS);
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        Case memory one = d.cases[index % 5];
        field %= 5;
        uint256 word = value % Bn254.R;
        vm.assume(bytes32(value) != one.nonce);
        vm.assume(field > 2 || word != one.words[field]);
        if (field < 3) one.words[field] = word;
        if (field == 3) one.consentId = _grant(bytes32(value));
        if (field == 4) one.nonce = bytes32(value);
        _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
    }

    function test_refuses_another_submitter_chain_or_model() public {
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _log.preflight(OTHER, d, proof);
        vm.chainId(block.chainid + 1);
        _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
        vm.chainId(block.chainid - 1);
        d.modelId = _registry.register(_good.claim.keyDigest, Simulator.times(12345), _good.metadataDigest, "");
        _approve(d.modelId);
        _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
    }

    function test_refuses_a_policy_beyond_one_in_any_case() public {
        _use(FIVE_RECORDS);
        for (uint256 i; i < 5; ++i) {
            Diagnosis memory d = _diagnosis();
            d.cases[i].policy = 2 + i;
            bytes memory proof = _prove(d, SUBMITTER);
            _refuses(d, proof, abi.encodeWithSelector(IDiagnosisLog.InvalidPolicy.selector, 2 + i));
        }
    }

    function test_refuses_words_plus_r_in_any_case() public {
        _use(FIVE_RECORDS);
        Diagnosis memory good = _diagnosis();
        bytes memory proof = _prove(good, SUBMITTER);
        for (uint256 index; index < 15; ++index) {
            Diagnosis memory d = _copy(good);
            uint256 word = d.cases[index / 3].words[index % 3] += Bn254.R;
            _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.WordNotReduced.selector, index, word));
        }
    }

    // Soundness: which word and which context belongs to which case

    function test_refuses_cases_swapped() public {
        _use(FIVE_RECORDS);
        Diagnosis memory good = _diagnosis();
        bytes memory proof = _prove(good, SUBMITTER);
        for (uint256 i = 1; i < 5; ++i) {
            Diagnosis memory d = _copy(good);
            (d.cases[0], d.cases[i]) = (d.cases[i], d.cases[0]);
            _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
            // The words where they were, each under the other's consent, nonce and policy; then the reverse.
            (d.cases[0].words, d.cases[i].words) = (d.cases[i].words, d.cases[0].words);
            _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
            d = _copy(good);
            (d.cases[0].words, d.cases[i].words) = (d.cases[i].words, d.cases[0].words);
            _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
            // One record with another's outcome.
            d = _copy(good);
            (d.cases[0].words[1], d.cases[i].words[1]) = (d.cases[i].words[1], d.cases[0].words[1]);
            _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.ProofRejected.selector));
        }
    }

    /// @dev The same words in the same order, but a case's last word begins the next.
    function test_refuses_words_moved_to_the_next_case() public {
        _use(FIVE_RECORDS);
        Diagnosis memory good = _diagnosis();
        bytes memory proof = _prove(good, SUBMITTER);
        uint256[] memory words = _wordsOf(good);
        for (uint256 i; i < 4; ++i) {
            Diagnosis memory d = _copy(good);
            d.cases[i].words = _slice(words, 3 * i, 2);
            d.cases[i + 1].words = _slice(words, 3 * i + 2, 4);
            (uint256 expected, uint256 got) = i == 0 ? (2, 4) : (3, 2);
            _refuses(d, proof, abi.encodeWithSelector(IDiagnosisLog.UnevenCases.selector, expected, got));
            d.cases[i].words = _slice(words, 3 * i, 1);
            d.cases[i + 1].words = _slice(words, 3 * i + 1, 5);
            _refuses(d, proof, abi.encodeWithSelector(IDiagnosisLog.TooFewWords.selector, 1));
        }
    }

    function test_refuses_a_case_dropped_or_added() public {
        _use(FIVE_RECORDS);
        Diagnosis memory good = _diagnosis();
        bytes memory proof = _prove(good, SUBMITTER);
        for (uint256 i; i < 5; ++i) {
            Diagnosis memory d = _without(good, i);
            _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, 5, 4));
            d = _with(good, good.cases[i]);
            bytes32 nullifier = _nullifierOf(good, i);
            _refuses(d, proof, abi.encodeWithSelector(IDiagnosisLog.RepeatedCase.selector, nullifier));
            d = _copy(d);
            d.cases[5].nonce = bytes32(uint256(77));
            _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, 5, 6));
        }
    }

    /// @dev Honestly proven, so only the look at the nullifiers refuses it.
    function test_refuses_the_same_case_twice() public {
        _use(FIVE_RECORDS);
        for (uint256 i; i < 5; ++i) {
            for (uint256 j; j < i; ++j) {
                Diagnosis memory d = _diagnosis();
                d.cases[i] = d.cases[j];
                bytes memory refusal = abi.encodeWithSelector(IDiagnosisLog.RepeatedCase.selector, _nullifierOf(d, i));
                _refuses(d, _prove(d, SUBMITTER), refusal);
                // Another outcome and another policy do not make it another case.
                d = _copy(d);
                (d.cases[i].words[1], d.cases[i].policy) = (3, 1);
                _refuses(d, _prove(d, SUBMITTER), refusal);
            }
        }
    }

    function test_refuses_no_cases() public {
        Diagnosis memory d = Diagnosis({modelId: _good.claim.modelId, cases: new Case[](0)});
        _refuses(d, _good.proof, abi.encodeWithSelector(IDiagnosisLog.NoCases.selector));
    }

    function test_refuses_too_few_words_in_any_case() public {
        _use(TWO_RECORDS);
        Diagnosis memory good = _diagnosis();
        bytes memory proof = _prove(good, SUBMITTER);
        for (uint256 i; i < 4; ++i) {
            Diagnosis memory d = _copy(good);
            d.cases[i / 2].words = new uint256[](i % 2);
            _refuses(d, proof, abi.encodeWithSelector(IDiagnosisLog.TooFewWords.selector, i % 2));
        }
    }

    // Soundness: how many records the key is for

    /// @dev Four words of one record, presented as two records: the third word would be taken for a record.
    function test_refuses_outcome_words_as_another_case() public {
        _use(FOUR_WORDS);
        Diagnosis memory honest = _diagnosis();
        bytes memory proof = _prove(honest, SUBMITTER);
        Diagnosis memory d = _diagnosisOf(_good, 2);
        _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, 1, 2));
        // Even if it is proven for just that.
        bytes memory forged = _prove(d, SUBMITTER);
        _refuses(d, forged, abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, 1, 2));
        _submit(honest, proof);
    }

    /// @dev Two records, presented as one: the second would be taken for an outcome and could be used again.
    function test_refuses_two_cases_as_one() public {
        _use(TWO_RECORDS);
        Diagnosis memory honest = _diagnosis();
        bytes memory proof = _prove(honest, SUBMITTER);
        Diagnosis memory d = _diagnosisOf(_good, 1);
        _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, 2, 1));
        bytes memory forged = _prove(d, SUBMITTER);
        _refuses(d, forged, abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, 2, 1));
        _submit(honest, proof);
    }

    /// @dev As many cases as the key says, but another number of words.
    function test_refuses_more_words_than_the_key_has() public {
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        (d.cases[0].words, d.cases[1].words) = (new uint256[](3), new uint256[](3));
        _refuses(d, proof, abi.encodeWithSelector(IGroth16Verifier.WordCount.selector, 4, 6));
    }

    // Replay

    function test_replay_is_refused() public {
        _use(FIVE_RECORDS);
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        bytes32[] memory nullifiers = _submit(d, proof);
        _refuses(d, proof, abi.encodeWithSelector(IDiagnosisLog.AlreadyRecorded.selector, nullifiers[0]));
        bytes memory other = _rerandomised(proof);
        _refuses(d, other, abi.encodeWithSelector(IDiagnosisLog.AlreadyRecorded.selector, nullifiers[0]));
    }

    /// @dev One recorded case spoils a batch of others that are new, wherever it stands, and none of them is recorded.
    function test_replay_of_one_case_in_another_batch_is_refused() public {
        _use(FIVE_RECORDS);
        Diagnosis memory first = _diagnosis();
        bytes32[] memory nullifiers = _submit(first, _prove(first, SUBMITTER));
        for (uint256 i; i < 5; ++i) {
            Diagnosis memory d = _renewed(first);
            d.cases[i] = first.cases[(i + 2) % 5];
            bytes memory proof = _prove(d, SUBMITTER);
            _refuses(d, proof, abi.encodeWithSelector(IDiagnosisLog.AlreadyRecorded.selector, nullifiers[(i + 2) % 5]));
            vm.assertEq(_log.recorded(_nullifierOf(d, (i + 1) % 5)), bytes32(0), "nothing of the batch");
        }
        Diagnosis memory fresh = _renewed(first);
        _checkRecorded(fresh, _submit(fresh, _prove(fresh, SUBMITTER)));
    }

    function test_replay_of_one_case_alone_is_refused() public {
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        bytes32[] memory nullifiers = _submit(d, proof);
        for (uint256 i; i < 2; ++i) {
            Diagnosis memory alone = _without(d, 1 - i);
            _refuses(alone, proof, abi.encodeWithSelector(IDiagnosisLog.AlreadyRecorded.selector, nullifiers[i]));
        }
    }

    // Gas

    function test_too_little_gas_records_nothing() public {
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        bytes memory call = abi.encodeCall(_log.submit, (d, _prove(d, SUBMITTER)));
        for (uint256 gasLimit = 50000; gasLimit < 370000; gasLimit += 20000) {
            vm.prank(SUBMITTER);
            (bool success,) = address(_log).call{gas: gasLimit}(call);
            vm.assertEq(success, false, "reverted");
            vm.assertEq(_log.recorded(_nullifierOf(d, 0)), bytes32(0), "first");
            vm.assertEq(_log.recorded(_nullifierOf(d, 1)), bytes32(0), "second");
        }
    }

    /// @dev Both entry points, for the same reason.
    function _refuses(Diagnosis memory d, bytes memory proof, bytes memory reason) private {
        vm.expectRevert(reason);
        _log.preflight(SUBMITTER, d, proof);
        vm.expectRevert(reason);
        _submit(d, proof);
    }

    function _change(Case memory one, uint256 field) private view {
        if (field < 3) one.words[field] ^= 1;
        if (field == 3) one.consentId = _consentIds[SPARE];
        if (field == 4) one.nonce ^= bytes32(uint256(1) << 200);
        if (field == 5) one.policy ^= 1;
    }

    function _expectEvents(Diagnosis memory d) private {
        uint256 first = _log.length();
        for (uint256 i; i < d.cases.length; ++i) {
            Case memory one = d.cases[i];
            bytes32 context = _contextOf(one, SUBMITTER);
            bytes32 nullifier = _nullifierOf(d, i);
            uint256[] memory outcome = _slice(one.words, 1, one.words.length - 1);
            vm.expectEmit(true, true, true, true, address(_log));
            emit IDiagnosisLog.DiagnosisRecorded(
                d.modelId,
                one.words[0],
                one.consentId,
                first + i,
                SUBMITTER,
                nullifier,
                _version,
                one.nonce,
                one.policy,
                context,
                outcome
            );
        }
    }

    function _checkRecorded(Diagnosis memory d, bytes32[] memory nullifiers) private view {
        vm.assertEq(nullifiers.length, d.cases.length, "one for each case");
        for (uint256 i; i < nullifiers.length; ++i) {
            Case memory one = d.cases[i];
            bytes32 digest = keccak256(abi.encode(d.modelId, _contextOf(one, SUBMITTER), one.words));
            vm.assertEq(nullifiers[i], _nullifierOf(d, i), "nullifier");
            vm.assertEq(_log.recorded(nullifiers[i]), digest, "digest");
            vm.assertEq(_log.isRecorded(SUBMITTER, d.modelId, one), true, "recorded");
        }
    }

    /// @dev The same records under other nonces.
    function _renewed(Diagnosis memory from) private pure returns (Diagnosis memory d) {
        d = _copy(from);
        for (uint256 i; i < d.cases.length; ++i) {
            d.cases[i].nonce = bytes32(1000 + i);
        }
    }

    function _without(Diagnosis memory from, uint256 index) private pure returns (Diagnosis memory d) {
        d = Diagnosis({modelId: from.modelId, cases: new Case[](from.cases.length - 1)});
        for (uint256 i; i < d.cases.length; ++i) {
            d.cases[i] = from.cases[i < index ? i : i + 1];
        }
    }

    function _with(Diagnosis memory from, Case memory last) private pure returns (Diagnosis memory d) {
        d = Diagnosis({modelId: from.modelId, cases: new Case[](from.cases.length + 1)});
        for (uint256 i; i < from.cases.length; ++i) {
            d.cases[i] = from.cases[i];
        }
        d.cases[from.cases.length] = last;
    }
}
