// Follows a log block by block, and takes back what a reorganisation took back. Keeps for each step the block up to which
// it looked, that block's hash, and length and head of the log there.
import { ZeroHash } from 'ethers';
import { replay } from './replay.mjs';

/** Nodes bound the range of a query for events. */
const BLOCKS = 2000;

export class Follower {
  entries = [];

  constructor(log, chainId, firstBlock) {
    Object.assign(this, { log, chainId, provider: log.runner.provider });
    this.steps = [{ block: firstBlock - 1, hash: null, length: 0n, head: ZeroHash }];
  }

  /** Up to a block, by number or as 'latest' or 'finalized'. Compares with the contract at the end. */
  async advance(tag = 'latest') {
    await this.#takeBack();
    const { number: end } = await this.provider.getBlock(tag);
    while (this.steps.at(-1).block < end) await this.#step(Math.min(this.steps.at(-1).block + BLOCKS, end));
    const { block, length, head } = this.steps.at(-1);
    if (this.entries.length === 0) return;
    const blockTag = { blockTag: block };
    if (await this.log.head(blockTag) !== head || await this.log.length(blockTag) !== length) throw new Error('entries are missing');
  }

  async #step(end) {
    const events = await this.log.queryFilter('DiagnosisRecorded', this.steps.at(-1).block + 1, end);
    const timed = await Promise.all(events.map(async (event) => (
      { args: event.args.toObject(), time: (await event.getBlock()).timestamp })));
    const { length, head, entries } = replay(this.chainId, this.log.target, timed, this.steps.at(-1));
    this.entries.push(...entries);
    this.steps.push({ block: end, hash: (await this.provider.getBlock(end)).hash, length, head });
  }

  /** Steps whose block is not in the chain any more, and the entries since. */
  async #takeBack() {
    while (this.steps.length > 1 && !await this.#isInChain(this.steps.at(-1))) this.steps.pop();
    this.entries.length = Number(this.steps.at(-1).length);
  }

  async #isInChain({ block, hash }) {
    return (await this.provider.getBlock(block))?.hash === hash;
  }
}
