import type { Key } from './key-value.ts'

// Part of the format of checkpoints: which key group a key belongs to must never change. The
// golden values in key.test.ts guard it.
const STRING = 0x2f0b4c47
const NUMBER = 0x51ed270b
const BIGINT = 0x68e31da4
const BOOLEAN = 0x1b56c4e9
const ARRAY = 0x7a3d9f25

const scratch = new DataView(new ArrayBuffer(8))

/**
 * A stable, well-mixed, unsigned 32-bit hash of a key that `checkKey` has passed: equal for equal
 * keys on every thread, restart and version of Node, without allocating (but for bigints beyond
 * 64 bits).
 */
export function keyHash(key: Key): number {
  return mix(contentHash(key)) >>> 0
}

/** The key group that a hash belongs to: `0 <= group < maxParallelism`. */
export function keyGroup(hash: number, maxParallelism: number): number {
  return hash % maxParallelism
}

function contentHash(key: Key): number {
  if (typeof key === 'string') return hashString(key, STRING)
  if (typeof key === 'number') return hashNumber(key)
  if (typeof key === 'bigint') return hashBigint(key)
  if (typeof key === 'boolean') return BOOLEAN + Number(key)
  let hash = ARRAY ^ key.length
  for (let i = 0; i < key.length; i++) hash = mix(hash + Math.imul(contentHash(key[i]), 5)) + i
  return hash
}

function hashString(text: string, seed: number): number {
  let hash = seed ^ text.length
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash ^= hash >>> 15
  }
  return hash
}

function hashNumber(value: number): number {
  if ((value | 0) === value) return mix(value ^ NUMBER)
  // One NaN: which bits a NaN has is not observable in the language, and may differ.
  scratch.setFloat64(0, Number.isNaN(value) ? Number.NaN : value)
  if (Number.isNaN(value)) scratch.setUint32(0, 0x7ff80000)
  return mix(mix(scratch.getInt32(0) ^ NUMBER) + scratch.getInt32(4))
}

function hashBigint(value: bigint): number {
  if (BigInt.asIntN(64, value) !== value) return hashString(value.toString(16), BIGINT)
  scratch.setBigInt64(0, value)
  return mix(mix(scratch.getInt32(0) ^ BIGINT) + scratch.getInt32(4))
}

/** The finalizer of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
