// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInferenceMarket} from "../sol/interfaces/IInferenceMarket.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {Request} from "../sol/types/Request.sol";
import {MarketFixture} from "./support/MarketFixture.sol";
import {FalseToken, FeeToken, ReentrantReceiver, ReentrantToken, Refuser} from "./support/Tokens.sol";
import {vm} from "./support/Vm.sol";

/// @notice Money that comes in and goes out, among tokens and receivers that mean harm.
contract MarketPaymentsTest is MarketFixture {
    // Paying in

    function test_refuses_wrong_payments() public {
        Request memory r = _requestFor(address(0), 0);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.PaymentMismatch.selector, 1000, 999));
        vm.prank(PAYER);
        _market.ask{value: 999}(r);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.PaymentMismatch.selector, 1000, 1001));
        vm.prank(PAYER);
        _market.ask{value: 1001}(r);
        r.token = address(_token);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.PaymentMismatch.selector, 0, 1000));
        vm.prank(PAYER);
        _market.ask{value: 1000}(r);
        r.price = type(uint256).max;
        vm.expectRevert();
        vm.prank(PAYER);
        _market.ask(r);
    }

    function test_refuses_tokens_that_do_not_move_the_amount() public {
        FeeToken taking = new FeeToken();
        taking.mint(PAYER, 1e6);
        vm.prank(PAYER);
        taking.approve(address(_market), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.PaymentMismatch.selector, 1000, 990));
        vm.prank(PAYER);
        _market.ask(_requestFor(address(taking), 0));
        FalseToken lying = new FalseToken();
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(lying)));
        vm.prank(PAYER);
        _market.ask(_requestFor(address(lying), 0));
    }

    // Taking out

    function testFuzz_nobody_takes_out_what_is_not_theirs(address caller) public {
        vm.assume(caller != PROVER && caller != address(this) && caller != address(0));
        Request memory r = _requestFor(address(_token), 0);
        _ask(r);
        _fulfil(r, PROVER);
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NothingOwed.selector, caller, address(_token)));
        vm.prank(caller);
        _market.withdraw(address(_token));
        vm.prank(PROVER);
        _market.withdraw(address(_token));
        vm.expectRevert(abi.encodeWithSelector(IInferenceMarket.NothingOwed.selector, PROVER, address(_token)));
        vm.prank(PROVER);
        _market.withdraw(address(_token));
    }

    /// @dev An owner that takes no money stops neither the diagnosis nor the prover, and can send it elsewhere.
    function test_who_refuses_money_stands_in_nobodys_way() public {
        Refuser refuser = new Refuser();
        Request memory r = _requestFor(address(0), 0);
        _ask(r);
        _registry.offer(r.modelId, address(refuser));
        vm.prank(address(refuser));
        _registry.accept(r.modelId);
        _fulfil(r, PROVER);
        vm.prank(PROVER);
        _market.withdraw(address(0));
        bytes memory call = abi.encodeCall(_market.withdraw, (address(0)));
        vm.assertEq(refuser.run(address(_market), call), false, "it refuses");
        vm.assertEq(_market.owed(address(refuser), address(0)), PRICE, "and keeps its claim");
        call = abi.encodeCall(_market.withdrawTo, (address(0), address(0xbeef)));
        vm.assertEq(refuser.run(address(_market), call), true, "elsewhere");
        vm.assertEq(address(0xbeef).balance, PRICE, "arrived");
    }

    // Re-entry

    function test_a_receiver_cannot_take_out_twice() public {
        ReentrantReceiver receiver = new ReentrantReceiver();
        Request memory other = _requestFor(address(0), 1);
        _ask(other);
        Request memory r = _requestFor(address(0), 0);
        _ask(r);
        _fulfil(r, address(receiver));
        bytes memory call = abi.encodeCall(_market.withdraw, (address(0)));
        receiver.arm(call);
        receiver.run(address(_market), call);
        vm.assertEq(receiver.succeeded(), false, "the inner call failed");
        vm.assertEq(address(receiver).balance, FEE, "once");
    }

    /// @dev A token that calls back while it is collected or paid out, into every function that could matter.
    function test_a_token_cannot_come_back_in_the_middle() public {
        ReentrantToken token = new ReentrantToken();
        token.mint(PAYER, 1e6);
        vm.prank(PAYER);
        token.approve(address(_market), type(uint256).max);
        Request memory first = _requestFor(address(token), 0);
        _ask(first);
        Request memory late = _requestFor(address(token), 1);
        late.deadline = block.timestamp + 1;
        _ask(late);
        vm.warp(block.timestamp + 1);
        (Diagnosis memory d, bytes memory proof) = _answer(first, PROVER);
        bytes[] memory calls = new bytes[](4);
        calls[0] = abi.encodeCall(_market.ask, (_requestFor(address(token), 2)));
        calls[1] = abi.encodeCall(_market.fulfil, (_list(first), PROVER, d, proof));
        calls[2] = abi.encodeCall(_market.refund, (late));
        calls[3] = abi.encodeCall(_market.withdraw, (address(token)));
        for (uint256 i; i < calls.length; ++i) {
            token.arm(address(_market), calls[i]);
            vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
            vm.prank(PAYER);
            _market.ask(_requestFor(address(token), 3));
        }
        token.arm(address(0), "");
        _market.fulfil(_list(first), PROVER, d, proof);
        for (uint256 i; i < calls.length; ++i) {
            token.arm(address(_market), calls[i]);
            vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
            vm.prank(PROVER);
            _market.withdraw(address(token));
        }
    }
}
