import type { ChangeCounts, GroupRange } from '../../operators/contract/keyed-store.ts'
import { findChain, type Manifest } from './manifest.ts'

/** All key groups have been written as a whole again within so many checkpoints: each costs a restore a file. */
export const MAX_PIECES = 100

/**
 * So many keys are written that need not have been, for each that was replaced: what older pieces hold of that is in vain. With
 * 1 % replaced per checkpoint all keys are written anew in 75 of them, so that what is written comes to 2.3 % of everything each
 * time, rounded up to whole key groups, and a restore reads about 1.75 times everything. Keys that are new replace nothing,
 * and cost no more than themselves.
 */
export const REWRITTEN_PER_REPLACED = 4 / 3

/** What is known when a subtask's keyed state is about to be written. */
export interface StateFacts {
  /** The complete checkpoint a delta would stand on; undefined: none in this store. */
  readonly base: Manifest | undefined
  readonly operator: string
  readonly subtask: number
  /** The operator's parallelism now. */
  readonly parallelism: number
  /** A savepoint stands by itself. */
  readonly savepoint: boolean
  /** The keys, and how many have been replaced since the base. Asked for where there is something to stand on. */
  counts(): ChangeCounts
}

/**
 * Everything; or what has changed since the base and, so that no chain of deltas grows for ever, everything of these key
 * groups. They go round: so each checkpoint costs in proportion to what has changed, and none as much as the whole state.
 */
export function whatToWrite(facts: StateFacts): 'everything' | GroupRange {
  const { base, operator: uid, subtask, parallelism, savepoint } = facts
  if (savepoint || base === undefined) return 'everything'
  const operator = base.operators.find((candidate) => candidate.uid === uid)
  // Another parallelism: subtasks of that number had other key groups.
  if (operator?.parallelism !== parallelism) return 'everything'
  const chain = findChain(base, uid, 'keyed', subtask)
  if (chain === undefined) return 'everything'
  const { keys, replaced } = facts.counts()
  const share = Math.max(REWRITTEN_PER_REPLACED * replaced, sum(keys) / MAX_PIECES)
  const last = chain.pieces.findLast(({ whole }) => whole !== undefined)?.whole
  const from = last === undefined || last.to >= keys.length ? 0 : last.to
  let to = from
  for (let written = 0; to < keys.length && (written < share || keys[to] === 0); to++)
    written += keys[to]
  return from === 0 && to === keys.length ? 'everything' : { from, to }
}

function sum(numbers: Uint32Array): number {
  let all = 0
  for (const n of numbers) all += n
  return all
}
