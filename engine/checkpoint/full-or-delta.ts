import { findChain, type Manifest } from './manifest.ts'

/** A chain with so many deltas is begun anew: each costs a restore a file and a checkpoint a line. */
export const MAX_DELTAS = 100

/**
 * Deltas of so much of the full bytes are enough. With 1 % changed per epoch that is 75 epochs, so that what is written
 * comes to 2.3 % of everything per epoch, and a restore reads at most 1.75 times everything.
 */
export const MAX_DELTA_SHARE = 0.75

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
}

/** Whether all of it is to be written, or only what has changed since the base. */
export function shouldBeFull(facts: StateFacts): boolean {
  const { base, operator: uid, subtask, parallelism, savepoint } = facts
  if (savepoint || base === undefined) return true
  const operator = base.operators.find((candidate) => candidate.uid === uid)
  // Another parallelism: subtasks of that number had other key groups.
  if (operator?.parallelism !== parallelism) return true
  const chain = findChain(base, uid, 'keyed', subtask)
  if (chain === undefined) return true
  let fullBytes = 0
  let deltaBytes = 0
  for (const piece of chain.pieces) {
    if (piece.full) fullBytes += piece.bytes
    else deltaBytes += piece.bytes
  }
  const deltas = chain.pieces.filter((piece) => !piece.full).length
  return deltas >= MAX_DELTAS || deltaBytes > MAX_DELTA_SHARE * fullBytes
}
