// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {InferenceMarket} from "../../sol/InferenceMarket.sol";
import {Diagnosis} from "../../sol/types/Diagnosis.sol";
import {Request} from "../../sol/types/Request.sol";
import {LogFixture} from "./LogFixture.sol";
import {PlainToken} from "./Tokens.sol";
import {vm} from "./Vm.sol";

/// @notice A market, a payer with money, and proofs for it.
abstract contract MarketFixture is LogFixture {
    address internal constant PAYER = address(0x9a7e4);
    address internal constant PROVER = address(0x940e4);
    uint256 internal constant PRICE = 700;
    uint256 internal constant FEE = 300;

    InferenceMarket internal _market;
    PlainToken internal _token;

    function setUp() public virtual override {
        super.setUp();
        _market = new InferenceMarket(_log);
        _token = new PlainToken();
        _token.mint(PAYER, 1e9);
        vm.prank(PAYER);
        _token.approve(address(_market), type(uint256).max);
        vm.deal(PAYER, 1e9);
    }

    /// @dev For the fixture's model and record, paid with `token`, under a consent of the fixture.
    function _requestFor(address token, uint256 number) internal view returns (Request memory) {
        return Request({
            payer: PAYER,
            token: token,
            price: PRICE,
            fee: FEE,
            modelId: _good.claim.modelId,
            recordCommitment: _good.words[0],
            consentId: _consentIds[number % SPARE],
            maxPolicy: 0,
            deadline: block.timestamp + 1 hours,
            salt: bytes32(number)
        });
    }

    function _ask(Request memory r) internal returns (bytes32) {
        vm.prank(r.payer);
        return r.token == address(0) ? _market.ask{value: r.price + r.fee}(r) : _market.ask(r);
    }

    /// @dev What a prover makes of a request.
    function _answer(Request memory r, address prover) internal view returns (Diagnosis memory d, bytes memory proof) {
        d = _diagnosis();
        d.cases[0].consentId = r.consentId;
        d.cases[0].nonce = _market.nonceOf(_market.requestIdOf(r), prover);
        proof = _prove(d, address(_market));
    }

    function _fulfil(Request memory r, address prover) internal {
        (Diagnosis memory d, bytes memory proof) = _answer(r, prover);
        _market.fulfil(_list(r), prover, d, proof);
    }

    function _list(Request memory r) internal pure returns (Request[] memory list) {
        list = new Request[](1);
        list[0] = r;
    }
}
