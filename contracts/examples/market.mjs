// Asks for a diagnosis, brings it, and takes out what is owed, in the chain's own currency.
import { ZeroAddress } from 'ethers';
import { diagnosisFrom, versioned } from './submit.mjs';

/** The price is the model owner's, the fee the prover's; both are held until the deadline. */
export async function ask(market, payer, request) {
  const sent = await market.connect(payer).ask(request, { value: request.price + request.fee });
  const receipt = await sent.wait();
  return receipt.logs.find(({ fragment }) => fragment?.name === 'DiagnosisRequested').args.requestId;
}

/** What `zkdx prove` takes for a request: the market submits, and the nonce names request and prover. */
export async function contextOf(market, request, prover) {
  const requestId = await market.requestIdOf(request);
  return { submitter: market.target, consentId: request.consentId, nonce: await market.nonceOf(requestId, prover) };
}

/** Whoever brings it, the prover in the nonce is paid. */
export async function fulfilRequest({ market, verifier }, bearer, request, prover, exported) {
  const proof = await versioned(verifier, exported);
  const call = [[request], prover, diagnosisFrom(exported), proof];
  const { fulfil } = market.connect(bearer);
  await fulfil.staticCall(...call);
  const sent = await fulfil(...call, { gasLimit: 700_000 });
  return sent.wait();
}

export async function withdraw(market, account, token = ZeroAddress) {
  const amount = await market.owed(account.address, token);
  const sent = await market.connect(account).withdraw(token);
  await sent.wait();
  return amount;
}
