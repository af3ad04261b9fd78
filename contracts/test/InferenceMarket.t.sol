// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IConsentRegistry} from "../sol/interfaces/IConsentRegistry.sol";
import {IDiagnosisLog} from "../sol/interfaces/IDiagnosisLog.sol";
import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {IInferenceMarket} from "../sol/interfaces/IInferenceMarket.sol";
import {IModelRegistry} from "../sol/interfaces/IModelRegistry.sol";
import {Consent} from "../sol/types/Consent.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {Request} from "../sol/types/Request.sol";
import {MarketFixture} from "./support/MarketFixture.sol";
import {vm} from "./support/Vm.sol";

contract InferenceMarketTest is MarketFixture {
    address private constant THIEF = address(0x7417f);

    // The way of a request

    function test_pays_owner_and_prover_for_a_recorded_diagnosis() public {
        address[2] memory tokens = [address(_token), address(0)];
        for (uint256 i; i < 2; ++i) {
            Request memory r = _requestFor(tokens[i], i);
            bytes32 id = _market.requestIdOf(r);
            vm.expectEmit(true, true, true, true, address(_market));
            emit IInferenceMarket.DiagnosisRequested(id, r.modelId, PAYER, r);
            vm.assertEq(_ask(r), id, "identity");
            vm.assertEq(_balance(tokens[i], address(_market)), PRICE + FEE, "escrow");

            (Diagnosis memory d, bytes memory proof) = _answer(r, PROVER);
            vm.expectEmit(true, true, true, true, address(_market));
            emit IInferenceMarket.RequestFulfilled(id, PROVER, address(this), _nullifierOf(d, 0));
            vm.prank(THIEF);
            _market.fulfil(_list(r), PROVER, d, proof);
            vm.assertEq(_log.isRecorded(address(_market), d.modelId, d.cases[0]), true, "recorded");
            vm.assertEq(_market.owed(PROVER, tokens[i]), FEE, "fee");
            vm.assertEq(_market.owed(address(this), tokens[i]), PRICE, "price");

            vm.expectEmit(true, true, true, true, address(_market));
            emit IInferenceMarket.Withdrawn(PROVER, tokens[i], PROVER, FEE);
            vm.prank(PROVER);
            _market.withdraw(tokens[i]);
            _market.withdrawTo(tokens[i], address(0xbeef));
            vm.assertEq(_balance(tokens[i], PROVER), FEE, "prover has it");
            vm.assertEq(_balance(tokens[i], address(0xbeef)), PRICE, "and the owner, elsewhere");
            vm.assertEq(_balance(tokens[i], address(_market)), 0, "nothing is left");
        }
    }

    function test_one_proof_fulfils_a_request_for_each_of_its_records() public {
        _use(FIVE_RECORDS);
        Diagnosis memory d = _diagnosis();
        Request[] memory requests = new Request[](5);
        for (uint256 i; i < 5; ++i) {
            requests[i] = _requestFor(address(_token), i);
            requests[i].recordCommitment = d.cases[i].words[0];
            requests[i].maxPolicy = 1;
            d.cases[i].nonce = _market.nonceOf(_ask(requests[i]), PROVER);
        }
        bytes memory proof = _prove(d, address(_market));
        _market.fulfil(requests, PROVER, d, proof);
        vm.assertEq(_market.owed(PROVER, address(_token)), 5 * FEE, "five fees");
        vm.assertEq(_log.length(), 5, "five entries");
    }

    function test_pays_who_owns_the_model_then() public {
        Request memory r = _requestFor(address(_token), 0);
        _ask(r);
        _registry.offer(r.modelId, THIEF);
        vm.prank(THIEF);
        _registry.accept(r.modelId);
        _fulfil(r, PROVER);
        vm.assertEq(_market.owed(THIEF, address(_token)), PRICE, "the new owner");
    }

    // Asking

    function test_refuses_others_requests_and_the_same_twice() public {
        Request memory r = _requestFor(address(_token), 0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NotThePayer.selector, PAYER, THIEF));
        vm.prank(THIEF);
        _market.ask(r);
        bytes32 id = _ask(r);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.RequestTaken.selector, id));
        vm.prank(PAYER);
        _market.ask(r);
        r.salt = bytes32(uint256(99));
        _ask(r);
    }

    // Fulfilling

    /// @dev Somebody sees a proof and presents it as his own.
    function test_a_copied_proof_pays_the_one_who_made_it() public {
        Request memory r = _requestFor(address(_token), 0);
        bytes32 id = _ask(r);
        (Diagnosis memory d, bytes memory proof) = _answer(r, PROVER);
        bytes32 mine = _market.nonceOf(id, THIEF);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.OtherNonce.selector, mine, d.cases[0].nonce));
        vm.prank(THIEF);
        _market.fulfil(_list(r), THIEF, d, proof);
        d.cases[0].nonce = mine;
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        vm.prank(THIEF);
        _market.fulfil(_list(r), THIEF, d, proof);
        // Nor does the log take it from him directly.
        d.cases[0].nonce = _market.nonceOf(id, PROVER);
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        vm.prank(THIEF);
        _log.submit(d, proof);
        _market.fulfil(_list(r), PROVER, d, proof);
    }

    function test_refuses_what_was_not_asked_for() public {
        Request memory asked = _requestFor(address(_token), 0);
        _ask(asked);
        (Diagnosis memory d, bytes memory proof) = _answer(asked, PROVER);
        for (uint256 field; field < 5; ++field) {
            Diagnosis memory other = _copy(d);
            bytes4 reason;
            if (field == 0) (other.modelId, reason) = (bytes32(uint256(1)), IInferenceMarket.OtherModel.selector);
            if (field == 1) (other.cases[0].words[0], reason) = (7, IInferenceMarket.OtherRecord.selector);
            if (field == 2) {
                (other.cases[0].consentId, reason) = (_consentIds[SPARE], IInferenceMarket.OtherConsent.selector);
            }
            if (field == 3) (other.cases[0].policy, reason) = (1, IInferenceMarket.PolicyRefused.selector);
            if (field == 4) (other.cases[0].words, reason) = (new uint256[](0), IInferenceMarket.OtherRecord.selector);
            vm.expectPartialRevert(reason);
            _market.fulfil(_list(asked), PROVER, other, proof);
        }
        Request[] memory none = new Request[](0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.RequestCount.selector, 1, 0));
        _market.fulfil(none, PROVER, d, proof);
        d.cases = new Diagnosis[](1)[0].cases;
        vm.expectRevert(IDiagnosisLog.NoCases.selector);
        _market.fulfil(none, PROVER, d, proof);
    }

    /// @dev A request with any other term is another request, which nobody has made.
    function testFuzz_refuses_requests_that_nobody_made(uint256 field, uint256 value) public {
        Request memory asked = _requestFor(address(_token), 0);
        _ask(asked);
        Request memory r = _requestFor(address(_token), 0);
        field %= 6;
        if (field == 0) r.payer = address(uint160(value));
        if (field == 1) r.token = address(uint160(value));
        if (field == 2) r.price = value;
        if (field == 3) r.fee = value;
        if (field == 4) r.deadline = block.timestamp + 1 + value % 1e9;
        if (field == 5) r.salt = bytes32(value);
        vm.assume(keccak256(abi.encode(r)) != keccak256(abi.encode(asked)));
        bytes32 id = _market.requestIdOf(r);
        (Diagnosis memory d, bytes memory proof) = _answer(r, PROVER);
        bytes memory refusal =
            abi.encodeWithSelector(IInferenceMarket.NotRequested.selector, id, IInferenceMarket.State.None);
        vm.expectRevert(refusal);
        _market.fulfil(_list(r), PROVER, d, proof);
        vm.warp(r.deadline);
        vm.expectRevert(refusal);
        _market.refund(r);
    }

    function test_fulfils_once() public {
        Request memory r = _requestFor(address(_token), 0);
        bytes32 id = _ask(r);
        _fulfil(r, PROVER);
        (Diagnosis memory d, bytes memory proof) = _answer(r, THIEF);
        bytes memory refusal =
            abi.encodeWithSelector(IInferenceMarket.NotRequested.selector, id, IInferenceMarket.State.Fulfilled);
        vm.expectRevert(refusal);
        _market.fulfil(_list(r), THIEF, d, proof);
        vm.warp(r.deadline);
        vm.expectRevert(refusal);
        _market.refund(r);
    }

    /// @dev The same request twice in one call.
    function test_pays_a_request_once_in_a_call() public {
        _use(TWO_RECORDS);
        Diagnosis memory d = _diagnosis();
        Request memory r = _requestFor(address(_token), 0);
        r.recordCommitment = d.cases[0].words[0];
        bytes32 id = _ask(r);
        d.cases[0].nonce = _market.nonceOf(id, PROVER);
        d.cases[1] = d.cases[0];
        Request[] memory twice = new Request[](2);
        (twice[0], twice[1]) = (r, r);
        bytes memory proof = _prove(d, address(_market));
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceMarket.NotRequested.selector, id, IInferenceMarket.State.Fulfilled)
        );
        _market.fulfil(twice, PROVER, d, proof);
    }

    function test_no_outcome_under_a_revoked_consent_or_model() public {
        Request memory r = _requestFor(address(_token), 0);
        _ask(r);
        (Diagnosis memory d, bytes memory proof) = _answer(r, PROVER);
        Consent memory consent = _consent(keccak256(abi.encode("consent", uint256(0))));
        uint256 snapshot = vm.snapshotState();
        vm.prank(_patient);
        _consents.revoke(consent);
        vm.expectPartialRevert(IConsentRegistry.ConsentRevoked.selector);
        _market.fulfil(_list(r), PROVER, d, proof);
        vm.revertToState(snapshot);
        _registry.revoke(r.modelId, "");
        vm.expectPartialRevert(IModelRegistry.RevokedModel.selector);
        _market.fulfil(_list(r), PROVER, d, proof);
        // The payer gets the money back.
        vm.warp(r.deadline);
        _market.refund(r);
        vm.assertEq(_market.owed(PAYER, address(_token)), PRICE + FEE, "refund");
    }

    function test_a_consent_for_the_market_alone() public {
        Consent memory consent = _consent("market");
        consent.grantee = address(_market);
        Request memory r = _requestFor(address(_token), 0);
        r.consentId = _grant(consent);
        _ask(r);
        _fulfil(r, PROVER);
    }

    // Refunds

    function test_fulfilled_before_the_deadline_or_refunded_from_it_on() public {
        Request memory r = _requestFor(address(_token), 0);
        bytes32 id = _ask(r);
        (Diagnosis memory d, bytes memory proof) = _answer(r, PROVER);
        vm.warp(r.deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.DeadlineNotPassed.selector, r.deadline));
        _market.refund(r);
        uint256 snapshot = vm.snapshotState();
        _market.fulfil(_list(r), PROVER, d, proof);
        vm.revertToState(snapshot);
        vm.warp(r.deadline);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.DeadlinePassed.selector, r.deadline));
        _market.fulfil(_list(r), PROVER, d, proof);
        vm.expectEmit(true, true, true, true, address(_market));
        emit IInferenceMarket.RequestRefunded(id, PAYER);
        vm.prank(THIEF);
        _market.refund(r);
        vm.assertEq(_market.owed(PAYER, address(_token)), PRICE + FEE, "to the payer, whoever calls");
        vm.expectRevert(
            abi.encodeWithSelector(IInferenceMarket.NotRequested.selector, id, IInferenceMarket.State.Refunded)
        );
        _market.refund(r);
        r.salt = bytes32(uint256(5));
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.DeadlinePassed.selector, r.deadline));
        vm.prank(PAYER);
        _market.ask(r);
    }

    /// @dev After a split both chains know their requests, but a proof counts on the chain that it was made for.
    function test_a_split_of_the_chain_loses_no_escrow() public {
        Request memory r = _requestFor(address(_token), 0);
        bytes32 id = _ask(r);
        (Diagnosis memory d, bytes memory proof) = _answer(r, PROVER);
        vm.chainId(block.chainid + 1);
        vm.assertEq(_market.requestIdOf(r), id, "the same request");
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _market.fulfil(_list(r), PROVER, d, proof);
        vm.warp(r.deadline);
        _market.refund(r);
    }

    function _balance(address token, address account) private view returns (uint256) {
        return token == address(0) ? account.balance : _token.balanceOf(account);
    }
}
