// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Referral} from "../examples/Referral.sol";
import {Case} from "../sol/types/Case.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {LogFixture} from "./support/LogFixture.sol";
import {vm} from "./support/Vm.sol";

/// @notice The example of the book.
contract ReferralTest is LogFixture {
    uint16 private constant CLASS = 3;

    Referral private _referral;

    function setUp() public override {
        super.setUp();
        _referral = new Referral(_log, _good.claim.modelId, CLASS);
    }

    function test_refers_once_what_the_log_holds() public {
        Diagnosis memory d = _of(CLASS, 0);
        bytes32 nullifier = _nullifierOf(d, 0);
        vm.expectRevert(abi.encodeWithSelector(Referral.NotRecorded.selector, nullifier));
        _referral.refer(SUBMITTER, d.cases[0]);
        _submit(d, _prove(d, SUBMITTER));
        vm.expectRevert(abi.encodeWithSelector(Referral.NotRecorded.selector, nullifier));
        _referral.refer(address(1), d.cases[0]);
        vm.expectEmit(true, true, true, true, address(_referral));
        emit Referral.Referred(nullifier, d.cases[0].words[0]);
        _referral.refer(SUBMITTER, d.cases[0]);
        vm.expectRevert(abi.encodeWithSelector(Referral.ReferredAlready.selector, nullifier));
        _referral.refer(SUBMITTER, d.cases[0]);
    }

    function test_refuses_other_classes_and_saturated_records() public {
        Diagnosis memory other = _of(CLASS + 1, 0);
        _submit(other, _prove(other, SUBMITTER));
        vm.expectRevert(abi.encodeWithSelector(Referral.OtherClass.selector, CLASS, CLASS + 1));
        _referral.refer(SUBMITTER, other.cases[0]);
        Diagnosis memory saturated = _of(CLASS, 1);
        saturated.cases[0].nonce = "another";
        _submit(saturated, _prove(saturated, SUBMITTER));
        vm.expectRevert(abi.encodeWithSelector(Referral.Saturated.selector, _nullifierOf(saturated, 0)));
        _referral.refer(SUBMITTER, saturated.cases[0]);
    }

    function _of(uint256 class, uint256 policy) private view returns (Diagnosis memory d) {
        d = _diagnosis();
        Case memory one = d.cases[0];
        (one.words[1], one.policy) = (class, policy);
    }
}
