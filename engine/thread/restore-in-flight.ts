import type { CheckpointReader } from '../checkpoint/contract.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { GraphNode } from '../graph/node.ts'
import { stateId } from '../graph/state-id.ts'
import { type InFlightRecord, type InFlightShare, pickInFlight } from '../task/in-flight.ts'

/** Whether a checkpoint holds records that were on their way to an operator. */
export function holdsInFlight({ operators }: Manifest, node: GraphNode): boolean {
  const known = operators.find(({ uid }) => uid === stateId(node))
  return known?.states.some(({ kind }) => kind === 'in-flight') === true
}

/** What was on its way to an operator and belongs to one subtask. Throws `SAGE_RESCALE` as `pickInFlight` does. */
export async function readInFlight(
  reader: CheckpointReader,
  node: GraphNode,
  share: InFlightShare,
): Promise<InFlightRecord[]> {
  const all: { subtask: number; items: InFlightRecord[] }[] = []
  for await (const { subtask, items } of reader.read({
    operator: stateId(node),
    kind: 'in-flight',
  }))
    all.push({ subtask, items: [...items] as InFlightRecord[] })
  return pickInFlight(all, node, share)
}
