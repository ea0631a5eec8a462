import { describe, StreamError } from '../../codec/errors.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/**
 * The states that an operator's subtasks begin with, from what its `snapshot`s gave on all subtasks of before. Throws
 * `SAGE_RESCALE` where their number has changed and the operator does not say how to deal them out.
 */
export function redistributed(
  { redistribute }: Pick<OperatorFactory, 'redistribute'>,
  operator: string,
  states: readonly unknown[],
  parallelism: number,
): readonly unknown[] {
  if (states.length === parallelism) return states
  if (states.every((state) => state === undefined)) return Array(parallelism).fill(undefined)
  if (redistribute === undefined) {
    throw new StreamError(
      'SAGE_RESCALE',
      `'${operator}': expected its parallelism to be ${states.length}, as it was, got ${parallelism}; a ` +
        'StatefulFunction says by static redistribute(states, parallelism) how its states are dealt out',
      { operator },
    )
  }
  const dealt: unknown = redistribute(states, parallelism)
  if (Array.isArray(dealt) && dealt.length === parallelism) return dealt
  throw new StreamError(
    'SAGE_RESCALE',
    `'${operator}': expected redistribute to return ${parallelism} states, got ${describe(dealt)}`,
    { operator },
  )
}
