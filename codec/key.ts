// Everything about keys: what they are, their hash, their order, maps of them.
export { keyGroup, keyHash } from './key-hash.ts'
export { KeyMap } from './key-map.ts'
export { compareKeys, isPlainKey, sortKeys } from './key-order.ts'
export { checkKey, equalKeys, type Key } from './key-value.ts'
