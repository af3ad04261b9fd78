// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {DiagnosisLog} from "../sol/DiagnosisLog.sol";
import {IInferenceMarket} from "../sol/interfaces/IInferenceMarket.sol";
import {InferenceMarket} from "../sol/InferenceMarket.sol";
import {SuiteHandler} from "./support/SuiteHandler.sol";
import {PlainToken} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @notice What a test contract may call in random order.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}

/// @notice What holds after everything in any order. That only what is proven, approved and consented to is accepted,
/// and once, is for the handler to check at each call.
contract InvariantsTest {
    uint256 private constant ACTORS = 4;

    SuiteHandler private _handler;
    InferenceMarket private _market;
    DiagnosisLog private _log;
    PlainToken private _token;

    function setUp() public {
        _handler = new SuiteHandler();
        _handler.setUp();
        (address market, address log, address token) = _handler.suite();
        (_market, _log, _token) = (InferenceMarket(market), DiagnosisLog(log), PlainToken(token));
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = SuiteHandler.ask.selector;
        selectors[1] = SuiteHandler.fulfil.selector;
        selectors[2] = SuiteHandler.forge.selector;
        selectors[3] = SuiteHandler.refund.selector;
        selectors[4] = SuiteHandler.withdraw.selector;
        selectors[5] = SuiteHandler.submit.selector;
        selectors[6] = SuiteHandler.submitBatch.selector;
        selectors[7] = SuiteHandler.replay.selector;
        selectors[8] = SuiteHandler.newConsent.selector;
        selectors[9] = SuiteHandler.withdrawConsent.selector;
        selectors[10] = SuiteHandler.toggleApproval.selector;
        selectors[11] = SuiteHandler.pass.selector;
        selectors[12] = SuiteHandler.changeModel.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), selectors);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_market_holds_what_it_owes_and_keeps() public view {
        (uint256 owed, uint256 owedNative) = (0, 0);
        for (uint256 i; i < ACTORS; ++i) {
            owed += _market.owed(_handler.actor(i), address(_token));
            owedNative += _market.owed(_handler.actor(i), address(0));
        }
        vm.assertEq(_token.balanceOf(address(_market)), _handler.escrowed(address(_token)) + owed, "token");
        vm.assertEq(address(_market).balance, _handler.escrowed(address(0)) + owedNative, "currency");
    }

    function invariant_no_request_leaves_its_state_but_as_booked() public view {
        uint256 fulfilled;
        for (uint256 i; i < _handler.requests(); ++i) {
            bytes32 id = _handler.requestId(i);
            IInferenceMarket.State state = _market.stateOf(id);
            vm.assertEq(uint256(state), uint256(_handler.expectedState(id)), "state");
            if (state == IInferenceMarket.State.Fulfilled) ++fulfilled;
        }
        vm.assertEq(fulfilled, _handler.fulfilled(), "fulfilled");
        vm.assertLe(fulfilled, _log.length(), "no outcome without an entry");
    }

    /// @dev The books' head was made of every accepted case in order: a lost, changed or added entry would differ.
    function invariant_log_is_what_was_accepted_in_order() public view {
        vm.assertEq(_log.length(), _handler.nullifiers(), "length");
        vm.assertEq(_log.head(), _handler.expectedHead(), "head");
        for (uint256 i; i < _handler.nullifiers(); ++i) {
            vm.assertEq(_log.recorded(_handler.recordedNullifiers(i)) == 0, false, "an entry is gone");
        }
    }

    /// @dev Properties of runs in which nothing is accepted would show nothing: a long walk reaches every outcome.
    function test_a_walk_of_the_handler_reaches_every_outcome() public {
        bytes4[] memory selectors = targetSelectors()[0].selectors;
        for (uint256 i; i < 400; ++i) {
            uint256 random = uint256(keccak256(abi.encode("walk", i)));
            bytes4 selector = selectors[random % selectors.length];
            bytes memory call = abi.encodePacked(selector, keccak256(abi.encode(random)), random & 1, random >> 8);
            (bool success,) = address(_handler).call(call);
            vm.assertEq(success, true, "the books foresee it");
        }
        uint256 refunded;
        for (uint256 i; i < _handler.requests(); ++i) {
            if (_market.stateOf(_handler.requestId(i)) == IInferenceMarket.State.Refunded) ++refunded;
        }
        vm.assertLe(2, _handler.fulfilled(), "fulfilled requests");
        vm.assertLe(2, refunded, "refunded requests");
        vm.assertLe(_handler.fulfilled() + 5, _log.length(), "other entries");
        invariant_market_holds_what_it_owes_and_keeps();
        invariant_no_request_leaves_its_state_but_as_booked();
        invariant_log_is_what_was_accepted_in_order();
    }
}
