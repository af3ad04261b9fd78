// One good key and every way to spoil it. A spoilt key is the good one with `bytes` written at `offset`, then cut or
// zero-filled to `length`; `error` is the contracts' name for the refusal.
import * as e from './encodings.mjs';
import { keyOf, trapdoor } from './proofs.mjs';

const SHAPE = { name: 'keys', words: 2, records: 1, challenges: 1 };
const POINTS_G2 = { beta: 160, gamma: 288, delta_w: 416, delta_1: 544, delta_2: 672 };
const KEY = keyOf(SHAPE);
const at = (offset, size) => KEY.slice(offset, offset + size);
const patch = (name, error, offset, bytes, length = KEY.length) => ({ name, error, offset, bytes: e.hex(bytes), length });

/** The good key with other numbers of words and records, and its last point repeated for every further word. */
function reshaped(name, error, words, records) {
  const points = Array.from({ length: words - SHAPE.words }, () => at(KEY.length - 64, 64));
  const bytes = e.concat(e.uint(words, 4), e.uint(records, 4), at(20, KEY.length - 20), ...points);
  return patch(name, error, 12, bytes, 12 + bytes.length);
}

function header() {
  const digest = e.keccak(Buffer.from('a ceremony'));
  return [
    patch('empty', 'KeyLength', 0, [], 0),
    patch('shorter than a header', 'KeyLength', 0, [], 31),
    patch('header only', 'KeyLength', 0, [], 32),
    patch('one byte short', 'KeyLength', 0, [], KEY.length - 1),
    patch('one byte long', 'KeyLength', 0, [], KEY.length + 1),
    patch('one point long', 'KeyLength', 0, [], KEY.length + 64),
    patch('magic', 'KeyMagic', 0, Buffer.from('zkdx-pk')),
    patch('magic without its zero', 'KeyMagic', 7, [1]),
    patch('version 0', 'KeyVersion', 8, [0, 0]),
    patch('version 2', 'KeyVersion', 8, [0, 2]),
    patch('version 257', 'KeyVersion', 8, [1, 1]),
    patch('unknown setup', 'KeySetup', 10, [2]),
    patch('single party with a ceremony digest', 'KeySetupDigest', 64, digest),
    patch('ceremony without a digest', 'KeySetupDigest', 10, [1]),
    patch('no challenge', 'KeyChallenges', 11, [0]),
    patch('nine challenges', 'KeyChallenges', 11, [9], KEY.length + 8 * 64),
    patch('one statement word', 'KeyWords', 12, [0, 0, 0, 1], KEY.length - 64),
    patch('65 statement words', 'KeyWords', 12, [0, 0, 0, 65], KEY.length + 63 * 64),
    patch('2^24 + 2 statement words', 'KeyWords', 12, [1, 0, 0, 2]),
    patch('one statement word more than points', 'KeyLength', 12, [0, 0, 0, 3]),
    patch('one challenge more than points', 'KeyLength', 11, [2]),
    reshaped('no record', 'KeyRecords', 2, 0),
    reshaped('a record without an outcome', 'KeyRecords', 2, 2),
    reshaped('more records than words', 'KeyRecords', 2, 3),
    reshaped('2^32 - 1 records', 'KeyRecords', 2, 2n ** 32n - 1n),
    reshaped('2^24 + 1 records', 'KeyRecords', 2, 2n ** 24n + 1n),
    reshaped('three words of two records', 'KeyRecords', 3, 2),
    reshaped('four words of no record', 'KeyRecords', 4, 0),
    reshaped('four words of three records', 'KeyRecords', 4, 3),
    reshaped('four words of four records', 'KeyRecords', 4, 4),
    reshaped('five words of two records', 'KeyRecords', 5, 2),
    reshaped('64 words of 33 records', 'KeyRecords', 64, 33),
    reshaped('64 words of 64 records', 'KeyRecords', 64, 64),
    patch('first reserved byte', 'KeyReserved', 20, [1]),
    patch('a reserved byte in the middle', 'KeyReserved', 24, [128]),
    patch('last reserved byte', 'KeyReserved', 31, [1]),
  ];
}

function pointsG1() {
  const offsets = { alpha: 96, 'ic 0': 800, 'ic 1': 864, 'ic 2': 928, 'ic 3': 992 };
  return Object.entries(offsets).flatMap(([name, offset]) => {
    const [x, y] = [e.toInt(at(offset, 32)), e.toInt(at(offset + 32, 32))];
    return [
      patch(`${name} at infinity`, 'KeyPointAtInfinity', offset, new Uint8Array(64)),
      patch(`${name} off the curve`, 'KeyPointNotOnCurve', offset + 32, e.word(e.mod(y + 1n, e.q))),
      patch(`${name} with x + q`, 'KeyPointNotOnCurve', offset, e.word(x + e.q)),
      patch(`${name} with y + q`, 'KeyPointNotOnCurve', offset + 32, e.word(y + e.q)),
    ];
  });
}

function pointsG2() {
  const stray = e.encodeG2(e.outsideSubgroup());
  return Object.entries(POINTS_G2).flatMap(([name, offset]) => {
    const raised = [0, 32, 64, 96].map((i) => patch(`${name} with coordinate ${i / 32} + q`, 'KeyPointNotInG2', offset + i,
      e.word(e.toInt(at(offset + i, 32)) + e.q)));
    const swapped = e.concat(at(offset + 32, 32), at(offset, 32), at(offset + 96, 32), at(offset + 64, 32));
    return [
      patch(`${name} at infinity`, 'KeyPointAtInfinity', offset, new Uint8Array(128)),
      patch(`${name} off the curve`, 'KeyPointNotInG2', offset + 96, e.word(e.mod(e.toInt(at(offset + 96, 32)) + 1n, e.q))),
      patch(`${name} with c0 and c1 swapped`, 'KeyPointNotInG2', offset, swapped),
      patch(`${name} outside the subgroup`, 'KeyPointNotInG2', offset, stray),
      ...raised,
    ];
  });
}

function related() {
  const t = trapdoor(SHAPE);
  const logs = { beta: t.beta, gamma: t.gamma, delta_w: t.deltaW, delta_1: t.delta1, delta_2: t.delta2 };
  const names = Object.keys(logs);
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));
  return pairs.flatMap(([a, b]) => [1n, -1n].map((sign) => patch(`${b} ${sign > 0 ? 'equals' : 'opposite to'} ${a}`, 'KeyDivisorsRelated',
    POINTS_G2[b], e.encodeG2(e.times(e.G2.BASE, sign * logs[a])))));
}

const MULTIPLES = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].flatMap((k) => [k, -k]);

function multiples() {
  const alpha = MULTIPLES.map((k) => patch(`alpha is ${k} times the generator`, 'KeySmallMultiple', 96, e.encodeG1(e.times(e.G1.BASE, k))));
  const others = Object.entries(POINTS_G2).flatMap(([name, offset]) => MULTIPLES
    .filter((k) => !(name === 'gamma' && k === 1n))
    .map((k) => patch(`${name} is ${k} times the generator`, 'KeySmallMultiple', offset, e.encodeG2(e.times(e.G2.BASE, k)))));
  return [...alpha, ...others];
}

export function keys() {
  return {
    about: 'A good verification key and every way to spoil it: write `bytes` at `offset`, then cut or zero-fill to `length`.',
    key: e.hex(KEY),
    vk_digest: e.hex(e.keccak(KEY)),
    architecture_digest: e.hex(at(32, 32)),
    accepted: [
      patch('as it is', '', 0, []),
      patch('gamma is the generator', '', POINTS_G2.gamma, e.encodeG2(e.G2.BASE)),
      patch('delta_2 is nine times the generator', '', POINTS_G2.delta_2, e.encodeG2(e.times(e.G2.BASE, 9n))),
      patch('a ceremony', '', 10, e.concat([1], at(11, 53), e.keccak(Buffer.from('a ceremony')))),
      patch('alpha is nine times the generator', '', 96, e.encodeG1(e.times(e.G1.BASE, 9n))),
      reshaped('four words of one record', '', 4, 1),
      reshaped('four words of two records', '', 4, 2),
      reshaped('15 words of five records', '', 15, 5),
      reshaped('64 words of 32 records', '', 64, 32),
      patch('another architecture', '', 32, e.keccak(Buffer.from('another architecture'))),
    ],
    refused: [...header(), ...pointsG1(), ...pointsG2(), ...related(), ...multiples()],
  };
}
