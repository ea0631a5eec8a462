import type { CheckpointReader, CheckpointSite, FoundCheckpoint } from '../checkpoint/contract.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { isCorrupt } from '../checkpoint/store-error.ts'
import { stateId } from '../graph/state-id.ts'
import { asStreamError } from '../task/error-gate.ts'
import type { OperatorCut } from '../task/task-cut.ts'
import type { LaterSinks } from './control.ts'
import type { SubtaskShare } from './restore-state.ts'

/** What is known of sinks when a job begins from a checkpoint. */
export interface KnownSinks {
  readonly manifest: Manifest
  readonly reader: CheckpointReader
  readonly later: readonly LaterSinks[]
}

/** Has a sink of two phases make visible what the checkpoint holds, and take back what later ones held. */
export async function recoverSink(
  { manifest, reader, later }: KnownSinks,
  { node, operator }: OperatorCut,
  { subtask, parallelism }: Pick<SubtaskShare, 'subtask' | 'parallelism'>,
): Promise<void> {
  if (operator.recover === undefined) return
  const id = stateId(node)
  const isKnown =
    manifest.operators.some(({ uid }) => uid === id) || later.some(({ sinks }) => sinks?.has(id))
  if (!isKnown) return
  const all = await pendingOf(reader, id)
  try {
    await operator.recover({
      epoch: manifest.epoch,
      pending: all.filter((_, i) => i % parallelism === subtask),
      later: later.map(({ epoch, sinks }) => ({
        epoch,
        pending: sinks === undefined ? undefined : (sinks.get(id) ?? []),
      })),
    })
  } catch (error) {
    throw asStreamError(error, node.name, subtask)
  }
}

/** What the sinks of checkpoints had prepared that the job goes back behind; oldest first. */
export async function readLater(
  site: CheckpointSite,
  found: readonly FoundCheckpoint[],
): Promise<LaterSinks[]> {
  const later: LaterSinks[] = []
  for (const { epoch, manifest } of found.toSorted((a, b) => a.epoch - b.epoch))
    later.push({ epoch, sinks: manifest && (await readSinks(site, manifest)) })
  return later
}

/** By operator; undefined: it is damaged. */
async function readSinks(
  site: CheckpointSite,
  manifest: Manifest,
): Promise<Map<string, readonly unknown[]> | undefined> {
  const reader = site.open(manifest)
  const sinks = new Map<string, readonly unknown[]>()
  try {
    for (const { uid } of manifest.operators) sinks.set(uid, await pendingOf(reader, uid))
    return sinks
  } catch (error) {
    if (isCorrupt(error)) return undefined
    throw error
  }
}

async function pendingOf(reader: CheckpointReader, operator: string): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const { items } of reader.read({ operator, kind: 'sink' })) all.push(...items)
  return all
}
