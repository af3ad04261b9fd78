// The contracts as ethers knows them: ABI and creation code from the checked-in artifacts.
import { readFileSync } from 'node:fs';
import { Contract } from 'ethers';

export function artifact(name) {
  return JSON.parse(readFileSync(new URL(`../artifacts/${name}.json`, import.meta.url), 'utf8'));
}

export function contractAt(name, address, runner) {
  return new Contract(address, artifact(name).abi, runner);
}
