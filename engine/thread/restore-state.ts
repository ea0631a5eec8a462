import type { BroadcastSnapshot } from '../../operators/state/broadcast-states.ts'
import { redistributed } from '../../operators/state/redistribute.ts'
import type { CheckpointReader } from '../checkpoint/contract.ts'
import { stateId } from '../graph/state-id.ts'
import type { OperatorCut } from '../task/task-cut.ts'

/** What is kept beside the keyed state: the items of kind `operator`. */
export interface OperatorState {
  readonly own: unknown
  readonly broadcast: BroadcastSnapshot
}

/** Where a subtask stands among those of its operator. */
export interface SubtaskShare {
  readonly subtask: number
  readonly parallelism: number
  /** Of the operator in the program that wrote the checkpoint. */
  readonly parallelismBefore: number
  readonly maxParallelism: number
}

/** Gives an operator on one subtask what a checkpoint holds for it: the keys of its key groups, and the state of its place. */
export async function restoreState(
  reader: CheckpointReader,
  { node, operator, keyed, broadcast }: OperatorCut,
  { subtask, parallelism, parallelismBefore, maxParallelism }: SubtaskShare,
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
  const before: OperatorState[] = []
  for await (const { subtask: of, items } of reader.read({ operator: id, kind: 'operator' }))
    for (const state of items) before[of] = state as OperatorState
  const some = before.find((state) => state !== undefined)
  if (some === undefined || node.body.type !== 'operator') return
  // Each its own: behind an unaligned checkpoint it goes on with what it had not heard yet. Under another parallelism nothing
  // of that kind was on its way (`pickInFlight`), and all had heard the same.
  const heard = parallelism === parallelismBefore ? before[subtask] : some
  broadcast.restore(heard?.broadcast ?? {})
  // Where a subtask had none, too, it counts as one of before.
  const states = Array.from({ length: parallelismBefore }, (_, i) => before[i]?.own)
  const own = redistributed(node.body.factory, node.name, states, parallelism)[subtask]
  if (own !== undefined) operator.restore?.(own)
}
