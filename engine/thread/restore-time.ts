import type { CheckpointReader } from '../checkpoint/contract.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { stateId } from '../graph/state-id.ts'
import type { NodeTime, TimedNode } from '../task/timed-node.ts'
import type { SubtaskShare } from './restore-state.ts'

/** Gives an operator on one subtask back how far event time had come there. */
export async function restoreTime(
  reader: CheckpointReader,
  { operators }: Manifest,
  timed: TimedNode,
  { subtask, parallelism }: Pick<SubtaskShare, 'subtask' | 'parallelism'>,
): Promise<void> {
  const id = stateId(timed.node)
  const before = operators.find(({ uid }) => uid === id)
  if (before === undefined) return
  const all: NodeTime[] = []
  let own: NodeTime | undefined
  for await (const { subtask: of, items } of reader.read({ operator: id, kind: 'time' }))
    for (const time of items as Iterable<NodeTime>) {
      all.push(time)
      if (of === subtask && before.parallelism === parallelism) own = time
    }
  if (all.length > 0) timed.restore(all, own)
}
