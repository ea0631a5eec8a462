import { StreamError } from '../../codec/errors.ts'
import { chooseCheckpoint, refusalToGoBack } from '../checkpoint/choose-checkpoint.ts'
import { checkCompatibility } from '../checkpoint/compatibility.ts'
import type {
  CheckpointSite,
  CheckpointStore,
  FoundCheckpoint,
  StoreLock,
} from '../checkpoint/contract.ts'
import { checkpointPath } from '../checkpoint/layout.ts'
import type { Manifest, ManifestOperator, Visibility } from '../checkpoint/manifest.ts'
import type { GraphNode } from '../graph/node.ts'
import { stateForm } from '../graph/state-form.ts'
import { stateId } from '../graph/state-id.ts'
import type { ResumedFrom } from './control.ts'
import type { CheckpointSettings } from './job-site.ts'
import { readLater } from './recover-sink.ts'
import { SHARED } from './shared-state-part.ts'

/** The program as far as its state is concerned. */
export interface ResumableProgram {
  readonly job: string
  readonly maxParallelism: number
  readonly nodes: readonly GraphNode[]
  /** By node id. */
  readonly parallelism: readonly number[]
}

/** The checkpoints of a job that is about to begin. */
export interface OpenedCheckpoints {
  readonly store: CheckpointStore
  readonly lock: StoreLock
  /** The number of the next checkpoint. */
  readonly next: number
  readonly from: ResumedFrom | undefined
  /** What the job begins with, where that lies in its own directory. */
  readonly base: Manifest | undefined
  /** What its users should know. */
  readonly warnings: readonly string[]
}

/**
 * Takes the job's directory into use and decides what the job begins with.
 *
 * @throws StreamError `SAGE_CHECKPOINT_IN_USE`, `SAGE_CHECKPOINT_CORRUPT`, `SAGE_CHECKPOINT_INCOMPATIBLE`, `SAGE_RESCALE`
 */
export async function openCheckpoints(
  { dir, resume, since, allow }: CheckpointSettings,
  program: ResumableProgram,
  openStore: (directory: string) => CheckpointStore,
  openSite: (directory: string) => CheckpointSite,
): Promise<OpenedCheckpoints> {
  const store = openStore(dir)
  const lock = await store.lock()
  try {
    const next = await store.nextEpoch()
    const own = resume === 'latest' || resume === 'never'
    const named = own ? { directory: dir } : checkpointPath(resume)
    const source = own ? store : openStore(named.directory)
    const finalSinks = program.nodes
      .filter((node) => visibilityOf(node) === 'final')
      .map(({ name }) => name)
    const decision = chooseCheckpoint({
      resume: own ? resume : (named.epoch ?? 'latest'),
      since,
      candidates: await candidatesOf(source),
      finalSinks,
    })
    if (decision.kind === 'refuse') throw new StreamError(decision.code, decision.message)
    if (decision.kind === 'fresh') {
      if (!own)
        throw new StreamError(
          'SAGE_CHECKPOINT_CORRUPT',
          `checkpoint.resume: expected a checkpoint at '${resume}', found none`,
        )
      return { store, lock, next, from: undefined, base: undefined, warnings: [] }
    }
    const { manifest, skipped } = decision
    // Where the job goes back behind checkpoints of its own, sinks take back what these have made visible.
    const behind = (own ? skipped : await store.list()).filter(
      ({ epoch }) => epoch > manifest.epoch,
    )
    const refusal = own ? undefined : refusalToGoBack(manifest, behind, finalSinks)
    if (refusal !== undefined) throw new StreamError(refusal.code, refusal.message)
    const later = await readLater(openSite(dir), behind)
    if (later.length > 0) await store.revokeAfter(manifest.epoch)
    const warnings = [...leftOut(manifest, skipped), ...compatible(manifest, program, allow)]
    const positions = await readPositions(openSite(named.directory), manifest, program.nodes)
    const from = { directory: named.directory, manifest, positions, later }
    return {
      store,
      lock,
      // Also where it begins from another directory: sinks count by these numbers.
      next: Math.max(next, manifest.epoch + 1),
      from,
      base: own ? manifest : undefined,
      warnings,
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** What every manifest says of the program's operators. */
export function describeOperators({
  nodes,
  parallelism,
}: Pick<ResumableProgram, 'nodes' | 'parallelism'>): Omit<ManifestOperator, 'states'>[] {
  return nodes.map((node) => {
    const form = stateForm(node)
    return {
      uid: stateId(node),
      name: node.name,
      kind: node.kind,
      parallelism: parallelism[node.id],
      visibility: visibilityOf(node),
      ...(form === undefined ? {} : { form }),
    }
  })
}

function visibilityOf({ body }: GraphNode): Visibility {
  if (body.type === 'source' || !('factory' in body)) return 'none'
  return body.factory?.visibility ?? 'none'
}

/** What is there, newest first; the newest whole one is looked at to the last byte, older ones are not. */
async function candidatesOf(store: CheckpointStore): Promise<readonly FoundCheckpoint[]> {
  for (const { manifest, damage } of await store.list()) {
    if (manifest === undefined || damage !== undefined) continue
    if ((await store.verify(manifest, 'all')) === undefined) break
  }
  // What was found to be damaged is listed as such from now on.
  return store.list()
}

function leftOut({ epoch }: Manifest, skipped: readonly FoundCheckpoint[]): string[] {
  if (skipped.length === 0) return []
  const newer = skipped.map((one) => `checkpoint ${one.epoch} (${one.damage ?? 'whole'})`)
  return [`goes on from checkpoint ${epoch}; newer ones are left out: ${newer.join('; ')}`]
}

/** What of the program is to be told; which operators are new shows when they have been built. */
function compatible(
  manifest: Manifest,
  program: ResumableProgram,
  { droppedState }: CheckpointSettings['allow'],
): string[] {
  const operators = program.nodes.map((node) => ({
    uid: stateId(node),
    name: node.name,
    parallelism: program.parallelism[node.id],
    form: stateForm(node),
    keeps: ['keyed', 'timers', 'operator', 'source', 'sink', 'in-flight'] as const,
    rescalable: !node.inputs.some(({ keying }) => keying?.type === 'custom'),
  }))
  const { uid, name, parallelism } = SHARED
  const shared = { uid, name, parallelism, keeps: ['shared'] as const, rescalable: true }
  const all = { ...program, operators: [...operators, shared] }
  const found = checkCompatibility(manifest, all, { droppedState, newState: true })
  if (found.kind === 'refuse') throw new StreamError(found.code, found.message)
  return found.dropped.map(
    (gone) =>
      `checkpoint ${manifest.epoch}: the state of '${gone}' is dropped: no operator has its uid`,
  )
}

async function readPositions(
  site: CheckpointSite,
  manifest: Manifest,
  nodes: readonly GraphNode[],
): Promise<Map<number, Map<string, unknown>>> {
  const reader = site.open(manifest)
  const positions = new Map<number, Map<string, unknown>>()
  for (const node of nodes) {
    if (node.body.type !== 'source') continue
    const found = new Map<string, unknown>()
    const query = { operator: stateId(node), kind: 'source' } as const
    for await (const { items } of reader.read(query)) {
      for (const { partition, position, resumed } of items) {
        // What a job had resumed with stands back behind what it has read itself.
        if (resumed !== true || !found.has(partition)) found.set(partition, position)
      }
    }
    positions.set(node.id, found)
  }
  return positions
}
