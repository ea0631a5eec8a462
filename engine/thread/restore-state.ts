import type { CheckpointReader } from '../checkpoint/contract.ts'
import { stateId } from '../graph/state-id.ts'
import type { OperatorCut } from '../task/task-cut.ts'

/** Where a subtask stands among those of its operator. */
export interface SubtaskShare {
  readonly subtask: number
  readonly parallelism: number
  readonly maxParallelism: number
}

/** Gives an operator on one subtask what a checkpoint holds for it: the keys of its key groups, and the state of its place. */
export async function restoreState(
  reader: CheckpointReader,
  { node, operator, keyed }: OperatorCut,
  { subtask, parallelism, maxParallelism }: SubtaskShare,
): Promise<void> {
  const id = stateId(node)
  const groups = {
    from: Math.ceil((subtask * maxParallelism) / parallelism),
    to: Math.ceil(((subtask + 1) * maxParallelism) / parallelism),
  }
  // Keys that a function of the program deals out stay where they were.
  const custom = node.inputs.some(({ keying }) => keying?.type === 'custom') && parallelism > 1
  const mine = custom ? { subtask } : { groups }
  for await (const { items } of reader.read({ operator: id, kind: 'keyed', ...mine }))
    keyed.store.restore(items)
  for await (const { items } of reader.read({ operator: id, kind: 'timers', ...mine })) {
    const entries = [...items].map(({ group, key, queue, at }) => {
      return { group, key, at, domain: queue === 'event' ? 'event' : 'processing' } as const
    })
    keyed.restoreTimers(entries)
  }
  for await (const { items } of reader.read({ operator: id, kind: 'operator', subtask }))
    for (const state of items) operator.restore?.(state)
}
