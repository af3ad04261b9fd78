// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bn254} from "../sol/libraries/Bn254.sol";
import {G1Point} from "../sol/types/G1Point.sol";
import {Bn254Harness} from "./support/Harness.sol";
import {Json} from "./support/Json.sol";
import {vm} from "./support/Vm.sol";

contract Bn254Test {
    using Json for string;

    Bn254Harness private _bn254;

    function setUp() public {
        _bn254 = new Bn254Harness();
    }

    function test_addition_vectors() public {
        string memory json = vm.readFile("vectors/eip196.json");
        for (uint256 i; json.has(Json.entry("add", i)); ++i) {
            string memory path = Json.entry("add", i);
            bool fails = json.flag(path, ".fails");
            if (fails) vm.expectRevert(Bn254.AdditionFailed.selector);
            G1Point memory sum = _bn254.add(json.point(path, ".a"), json.point(path, ".b"));
            if (!fails) vm.assertEq(abi.encode(sum), json.blob(path, ".result"), json.text(path, ".name"));
        }
    }

    function test_multiplication_vectors() public {
        string memory json = vm.readFile("vectors/eip196.json");
        for (uint256 i; json.has(Json.entry("mul", i)); ++i) {
            string memory path = Json.entry("mul", i);
            bool fails = json.flag(path, ".fails");
            if (fails) vm.expectRevert(Bn254.MultiplicationFailed.selector);
            G1Point memory product = _bn254.mul(json.point(path, ".point"), json.number(path, ".scalar"));
            if (!fails) vm.assertEq(abi.encode(product), json.blob(path, ".result"), json.text(path, ".name"));
        }
    }

    /// @dev Inputs that are no whole number of pairs go to the precompile itself: the library cannot be asked.
    function test_pairing_vectors() public {
        string memory json = vm.readFile("vectors/eip197.json");
        for (uint256 i; json.has(Json.entry("pairing", i)); ++i) {
            string memory path = Json.entry("pairing", i);
            string memory name = json.text(path, ".name");
            bytes memory input = json.blob(path, ".input");
            bool fails = json.flag(path, ".fails");
            (bool success,) = address(8).staticcall{gas: 500000}(input);
            vm.assertEq(success, !fails, name);
            if (input.length % Bn254.PAIR_SIZE != 0) continue;

            vm.assertEq(_bn254.arePairs(input), !fails, name);
            if (fails) vm.expectRevert(Bn254.PairingFailed.selector);
            bool result = _bn254.pairingIsOne(input);
            vm.assertEq(result, json.flag(path, ".result"), name);
        }
    }

    function test_curve_membership() public view {
        vm.assertEq(_bn254.isOnCurve(1, 2), true, "generator");
        vm.assertEq(_bn254.isOnCurve(1, Bn254.Q - 2), true, "its opposite");
        vm.assertEq(_bn254.isOnCurve(0, 0), false, "infinity");
        vm.assertEq(_bn254.isOnCurve(1, 3), false, "off the curve");
        vm.assertEq(_bn254.isOnCurve(1 + Bn254.Q, 2), false, "x not reduced");
        vm.assertEq(_bn254.isOnCurve(1, 2 + Bn254.Q), false, "y not reduced");
    }

    /// @dev With less gas than the precompile needs, the library never answers. (For a multiplication, what is left then
    /// is too little for the named error too.)
    function test_too_little_gas_reverts() public view {
        bytes memory pair = abi.encodePacked(uint256(1), uint256(2), new bytes(128));
        bool named = _scan(abi.encodeCall(Bn254Harness.pairingIsOne, (pair)), Bn254.PairingFailed.selector, 79000);
        vm.assertEq(named, true, "a named error");
        _scan(abi.encodeCall(Bn254Harness.mul, (G1Point(1, 2), 3)), Bn254.MultiplicationFailed.selector, 6000);
    }

    function _scan(bytes memory call, bytes4 selector, uint256 price) private view returns (bool named) {
        bool enough;
        for (uint256 gasLimit = price / 2; gasLimit < price + 60000; gasLimit += price / 50) {
            (bool success, bytes memory result) = address(_bn254).staticcall{gas: gasLimit}(call);
            vm.assertEq(success && gasLimit < price, false, "an answer for less than the price");
            named = named || (!success && bytes4(result) == selector);
            enough = enough || success;
        }
        vm.assertEq(enough, true, "an answer for enough gas");
    }

    function testFuzz_multiplication_distributes(uint256 a, uint256 b) public view {
        G1Point memory g = G1Point(1, 2);
        G1Point memory sum = _bn254.add(_bn254.mul(g, a), _bn254.mul(g, b));
        G1Point memory direct = _bn254.mul(g, addmod(a, b, Bn254.R));
        vm.assertEq(abi.encode(sum), abi.encode(direct), "aG + bG = (a + b)G");
    }
}
