// Runs every example on real nodes, with what must come of it; ends with 1 if anything else did. `--zkdx PATH` proves with the
// program as well.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { book } from './run/book.mjs';
import { copies } from './run/copies.mjs';
import { journey } from './run/journey.mjs';
import { permissioned } from './run/permissioned.mjs';
import { withProgram } from './run/program.mjs';
import { endings, refusals } from './run/refusals.mjs';
import { startWorld, vector } from './run/world.mjs';

function steps() {
  const { values: { zkdx } } = parseArgs({ options: { zkdx: { type: 'string' } } });
  return [...book, ...journey, ...refusals, ...copies, ...permissioned, ...(zkdx ? withProgram(resolve(zkdx)) : []), ...endings];
}

async function runAll(world, all) {
  for (const [title, step] of all) {
    try {
      await step(world);
    } catch (cause) {
      throw new Error(title, { cause });
    }
    console.log(`ok      ${title}`);
  }
}

async function main() {
  const all = steps();
  const world = await startWorld(vector.chain_id);
  try {
    await runAll(world, all);
  } finally {
    await world.stop();
  }
}

main().catch(({ message, cause }) => {
  console.error(`failed  ${message}`);
  if (cause) console.error(cause.stack);
  process.exitCode = 1;
});
