import type { CheckpointReader, PartWriter } from '../checkpoint/contract.ts'
import type { ManifestOperator } from '../checkpoint/manifest.ts'
import type { SharedState } from '../state/shared-state.ts'
import type { StoreEntries } from '../state/shared-store.ts'

/** All stores of a job, as a checkpoint's operator: they are no operator's, and the job's as long as it has its name. */
export const SHARED: Omit<ManifestOperator, 'states'> = {
  uid: '#shared',
  name: 'shared state',
  kind: 'shared',
  parallelism: 1,
  visibility: 'none',
}

/** What all stores hold at one moment: no thread writes meanwhile. */
export type SharedCut = readonly (readonly [store: string, entries: StoreEntries])[]

/** Copies what the stores of a job hold. */
export function cutShared(stores: SharedState): SharedCut {
  return stores.names().map((name) => [name, stores.store(name).snapshot()] as const)
}

/** Writes them as a section of a part. */
export function writeShared(cut: SharedCut, part: PartWriter): void {
  const section = part.section({ operator: SHARED.uid, kind: 'shared', subtask: 0 })
  for (const [store, entries] of cut)
    for (const [key, value] of entries) section.add({ store, key, value })
  section.end()
}

/** Gives the stores of a job, before any thread uses them, what a checkpoint holds. Throws `SAGE_MEMORY`. */
export async function restoreShared(stores: SharedState, reader: CheckpointReader): Promise<void> {
  const { uid: operator } = SHARED
  for await (const { items } of reader.read({ operator, kind: 'shared' }))
    for (const { store, key, value } of items) stores.store(store).set(key, value)
}
