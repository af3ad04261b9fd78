// Writes the vectors and the generated constants; with --check compares them instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { examples } from './examples.mjs';
import { g2Multiples } from './g2-multiples.mjs';
import { eip196, eip197 } from './precompiles.mjs';
import { keys } from './keys.mjs';
import { proofs } from './proofs.mjs';
import { suite } from './suite.mjs';
import { transcript } from './transcript.mjs';

const json = (value) => JSON.stringify(value, null, 1) + '\n';
const files = {
  'vectors/transcript.json': json(transcript()),
  'vectors/keys.json': json(keys()),
  'vectors/proofs.json': json(proofs()),
  'vectors/suite.json': json(suite()),
  'vectors/examples.json': json(examples()),
  'vectors/eip196.json': json(eip196()),
  'vectors/eip197.json': json(eip197()),
  'sol/libraries/G2Multiples.sol': g2Multiples(),
};
const check = process.argv.includes('--check');

for (const [name, text] of Object.entries(files)) {
  const file = new URL(`../../${name}`, import.meta.url);
  if (!check) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} differs from what its generator makes; run npm run vectors`);
    process.exitCode = 1;
  }
}
