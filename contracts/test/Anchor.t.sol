// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Anchor} from "../sol/Anchor.sol";
import {IAnchor} from "../sol/interfaces/IAnchor.sol";
import {Batch} from "../sol/types/Batch.sol";
import {MemberSignature} from "../sol/types/MemberSignature.sol";
import {vm} from "./support/Vm.sol";
import {FickleWallet, Signatures} from "./support/Wallets.sol";

contract AnchorTest {
    address private constant ADMIN = address(0xad317);
    uint256 private constant CHAIN = 1337;
    address private constant LOG = address(0x106);
    uint256 private constant MEMBERS = 4;
    uint256 private constant THRESHOLD = 3;

    Anchor private _anchor;
    /// @dev In ascending order of their accounts.
    uint256[] private _keys;
    address[] private _members;

    function setUp() public {
        for (uint256 key = 1; key <= MEMBERS; ++key) {
            _insert(key);
        }
        _anchor = new Anchor(1 days, ADMIN, _members, THRESHOLD);
    }

    // Anchoring

    function test_anchors_batch_after_batch() public {
        Batch memory batch = _batch(0, 3);
        vm.expectEmit(true, true, true, true, address(_anchor));
        emit IAnchor.BatchAnchored(CHAIN, LOG, 0, 3, batch.root, batch.head);
        _anchor.post(batch, _sign(batch, THRESHOLD));
        _expectState(3, batch.head);
        batch = _batch(3, 1);
        _anchor.post(batch, _sign(batch, MEMBERS));
        _expectState(4, batch.head);
        // Another log and another chain begin at zero.
        batch = _batch(0, 2);
        batch.sourceLog = address(1);
        _anchor.post(batch, _sign(batch, THRESHOLD));
        batch.sourceChainId = 1;
        _anchor.post(batch, _sign(batch, THRESHOLD));
        _expectState(4, _batch(3, 1).head);
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_refuses_gaps_and_overlaps(uint256 first) public {
        _post(_batch(0, 3));
        vm.assume(first != 3);
        Batch memory batch = _batch(first, 1);
        MemberSignature[] memory signatures = _sign(batch, THRESHOLD);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.NotContiguous.selector, 3, first));
        _anchor.post(batch, signatures);
    }

    function test_refuses_the_same_batch_twice_and_empty_ones() public {
        Batch memory batch = _batch(0, 3);
        MemberSignature[] memory signatures = _sign(batch, THRESHOLD);
        _anchor.post(batch, signatures);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.NotContiguous.selector, 3, 0));
        _anchor.post(batch, signatures);
        batch = _batch(3, 0);
        signatures = _sign(batch, THRESHOLD);
        vm.expectRevert(IAnchor.EmptyAnchorBatch.selector);
        _anchor.post(batch, signatures);
        batch.count = type(uint256).max;
        signatures = _sign(batch, THRESHOLD);
        vm.expectRevert();
        _anchor.post(batch, signatures);
    }

    // Signatures

    function test_refuses_too_few_signatures() public {
        Batch memory batch = _batch(0, 3);
        for (uint256 count; count < THRESHOLD; ++count) {
            MemberSignature[] memory signatures = _sign(batch, count);
            vm.expectRevert(abi.encodeWithSelector(IAnchor.TooFewSignatures.selector, THRESHOLD, count));
            _anchor.post(batch, signatures);
        }
    }

    function test_counts_no_member_twice() public {
        Batch memory batch = _batch(0, 3);
        MemberSignature[] memory signatures = _sign(batch, MEMBERS);
        for (uint256 i = 1; i < MEMBERS; ++i) {
            MemberSignature memory kept = signatures[i];
            signatures[i] = signatures[i - 1];
            address twice = signatures[i].member;
            vm.expectRevert(abi.encodeWithSelector(IAnchor.MembersNotAscending.selector, twice, twice));
            _anchor.post(batch, signatures);
            signatures[i] = kept;
        }
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        vm.expectPartialRevert(IAnchor.MembersNotAscending.selector);
        _anchor.post(batch, signatures);
    }

    function test_refuses_one_bad_signature_also_beyond_the_threshold() public {
        Batch memory batch = _batch(0, 3);
        for (uint256 i; i < MEMBERS; ++i) {
            MemberSignature[] memory signatures = _sign(batch, MEMBERS);
            signatures[i].signature = Signatures.by(_keys[(i + 1) % MEMBERS], _anchor.batchHash(batch));
            vm.expectRevert(abi.encodeWithSelector(IAnchor.InvalidMemberSignature.selector, _members[i]));
            _anchor.post(batch, signatures);
        }
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_signatures_bind_every_field(uint256 field, uint256 value) public {
        Batch memory batch = _batch(0, 3);
        MemberSignature[] memory signatures = _sign(batch, THRESHOLD);
        field %= 5;
        if (field == 0) batch.sourceChainId = value;
        if (field == 1) batch.sourceLog = address(uint160(value));
        if (field == 2) batch.count = 1 + value % 1e9;
        if (field == 3) batch.root = bytes32(value);
        if (field == 4) batch.head = bytes32(value);
        vm.assume(keccak256(abi.encode(batch)) != keccak256(abi.encode(_batch(0, 3))));
        vm.expectRevert(abi.encodeWithSelector(IAnchor.InvalidMemberSignature.selector, _members[0]));
        _anchor.post(batch, signatures);
    }

    function test_refuses_signatures_for_another_anchor_or_chain() public {
        Batch memory batch = _batch(0, 3);
        MemberSignature[] memory signatures = _sign(batch, THRESHOLD);
        Anchor other = new Anchor(1 days, ADMIN, _members, THRESHOLD);
        vm.expectPartialRevert(IAnchor.InvalidMemberSignature.selector);
        other.post(batch, signatures);
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(IAnchor.InvalidMemberSignature.selector);
        _anchor.post(batch, signatures);
    }

    function test_takes_members_with_wallets() public {
        FickleWallet wallet = new FickleWallet();
        address[] memory members = new address[](1);
        members[0] = address(wallet);
        Anchor anchor = new Anchor(1 days, ADMIN, members, 1);
        Batch memory batch = _batch(0, 3);
        MemberSignature[] memory signatures = new MemberSignature[](1);
        signatures[0].member = address(wallet);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.InvalidMemberSignature.selector, address(wallet)));
        anchor.post(batch, signatures);
        wallet.setAccepted(anchor.batchHash(batch), true);
        anchor.post(batch, signatures);
    }

    // Members

    function test_members_come_and_go() public {
        address newcomer = vm.addr(99);
        vm.startPrank(ADMIN);
        vm.expectEmit(true, true, true, true, address(_anchor));
        emit IAnchor.MemberAdded(newcomer);
        _anchor.addMember(newcomer);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.MemberTaken.selector, newcomer));
        _anchor.addMember(newcomer);
        vm.expectEmit(true, true, true, true, address(_anchor));
        emit IAnchor.MemberRemoved(_members[0]);
        _anchor.removeMember(_members[0]);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.UnknownMember.selector, _members[0]));
        _anchor.removeMember(_members[0]);
        vm.stopPrank();
        vm.assertEq(_anchor.isMember(newcomer) && !_anchor.isMember(_members[0]), true, "exchanged");
        Batch memory batch = _batch(0, 3);
        MemberSignature[] memory signatures = _sign(batch, MEMBERS);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.UnknownMember.selector, _members[0]));
        _anchor.post(batch, signatures);
    }

    function test_threshold_stays_between_one_and_all() public {
        vm.startPrank(ADMIN);
        uint256[3] memory bad = [uint256(0), MEMBERS + 1, type(uint256).max];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAnchor.InvalidMemberThreshold.selector, bad[i], MEMBERS));
            _anchor.setThreshold(bad[i]);
        }
        vm.expectEmit(true, true, true, true, address(_anchor));
        emit IAnchor.ThresholdSet(MEMBERS);
        _anchor.setThreshold(MEMBERS);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.InvalidMemberThreshold.selector, MEMBERS, MEMBERS - 1));
        _anchor.removeMember(_members[0]);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IAnchor.InvalidMemberThreshold.selector, 1, 0));
        new Anchor(1 days, ADMIN, new address[](0), 1);
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_only_the_admin_decides(address caller) public {
        vm.assume(caller != ADMIN);
        bytes memory refusal = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, caller, _anchor.DEFAULT_ADMIN_ROLE()
        );
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        _anchor.addMember(caller);
        vm.expectRevert(refusal);
        _anchor.removeMember(_members[0]);
        vm.expectRevert(refusal);
        _anchor.setThreshold(1);
        vm.stopPrank();
    }

    // Inclusion

    /// @dev Batches of one entry each, so that the leaf is the root.
    function test_finds_the_batch_of_an_index() public {
        for (uint256 i; i < 5; ++i) {
            Batch memory batch = _batch(i, 1);
            batch.root = _leaf(i, keccak256(abi.encode("entry", i)));
            _post(batch);
        }
        bytes32[] memory none = new bytes32[](0);
        for (uint256 i; i < 5; ++i) {
            bytes32 entry = keccak256(abi.encode("entry", i));
            _anchor.verifyInclusion(CHAIN, LOG, i, entry, none);
            uint256 other = (i + 1) % 5;
            vm.expectRevert(abi.encodeWithSelector(IAnchor.NotIncluded.selector, other, entry));
            _anchor.verifyInclusion(CHAIN, LOG, other, entry, none);
        }
        vm.expectRevert(abi.encodeWithSelector(IAnchor.NotAnchored.selector, 5, 5));
        _anchor.verifyInclusion(CHAIN, LOG, 5, 0, none);
        vm.expectRevert(abi.encodeWithSelector(IAnchor.NotAnchored.selector, 0, 0));
        _anchor.verifyInclusion(CHAIN + 1, LOG, 0, 0, none);
    }

    /// @dev A root, an inner node or a leaf presented as an entry.
    function test_no_node_is_an_entry() public {
        bytes32 left = _leaf(0, keccak256("left"));
        bytes32 right = _leaf(1, keccak256("right"));
        Batch memory batch = _batch(0, 2);
        batch.root = left < right ? keccak256(abi.encode(left, right)) : keccak256(abi.encode(right, left));
        _post(batch);
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = right;
        _anchor.verifyInclusion(CHAIN, LOG, 0, keccak256("left"), proof);
        bytes32[3] memory nodes = [batch.root, left, right];
        for (uint256 i; i < 3; ++i) {
            vm.expectPartialRevert(IAnchor.NotIncluded.selector);
            _anchor.verifyInclusion(CHAIN, LOG, 0, nodes[i], proof);
            vm.expectPartialRevert(IAnchor.NotIncluded.selector);
            _anchor.verifyInclusion(CHAIN, LOG, 0, nodes[i], new bytes32[](0));
        }
    }

    function _leaf(uint256 index, bytes32 entry) private pure returns (bytes32) {
        bytes32 inner = keccak256(abi.encode(keccak256("zkdx/v1/anchor"), CHAIN, LOG, index, entry));
        return keccak256(abi.encode(inner));
    }

    function _batch(uint256 first, uint256 count) private pure returns (Batch memory) {
        bytes32 root = keccak256(abi.encode("root", first, count));
        return Batch(CHAIN, LOG, first, count, root, keccak256(abi.encode("head", first, count)));
    }

    function _post(Batch memory batch) private {
        _anchor.post(batch, _sign(batch, THRESHOLD));
    }

    function _sign(Batch memory batch, uint256 count) private view returns (MemberSignature[] memory signatures) {
        signatures = new MemberSignature[](count);
        for (uint256 i; i < count; ++i) {
            signatures[i] = MemberSignature(_members[i], Signatures.by(_keys[i], _anchor.batchHash(batch)));
        }
    }

    function _expectState(uint256 expectedLength, bytes32 expectedHead) private view {
        (uint256 length, bytes32 head) = _anchor.stateOf(CHAIN, LOG);
        vm.assertEq(length, expectedLength, "length");
        vm.assertEq(head, expectedHead, "head");
    }

    function _insert(uint256 key) private {
        _keys.push(key);
        _members.push(vm.addr(key));
        for (uint256 i = _keys.length - 1; i > 0 && _members[i] < _members[i - 1]; --i) {
            (_keys[i], _keys[i - 1]) = (_keys[i - 1], _keys[i]);
            (_members[i], _members[i - 1]) = (_members[i - 1], _members[i]);
        }
    }
}
