import type { CheckpointSite, CheckpointStore } from '../checkpoint/contract.ts'
import { DirectorySite, DirectoryStore } from '../checkpoint/directory-store.ts'

/** The store of a directory, for the coordinator. */
export function openStore(directory: string): CheckpointStore {
  return new DirectoryStore(directory)
}

/** The same directory, for the threads with state. */
export function openSite(directory: string): CheckpointSite {
  return new DirectorySite({ kind: 'directory', directory })
}
