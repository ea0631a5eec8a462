import type { Encodable } from '../../codec/value-io.ts'
import type { GroupRange } from '../../operators/contract/keyed-store.ts'
import type { PartId } from './layout.ts'
import type { Manifest } from './manifest.ts'
import type { PartFacts, SectionHeader, StateItems, StateKind } from './state-model.ts'

/**
 * Where checkpoints are kept, as the coordinator uses it. One call at a time. Whoever writes there holds the lock.
 *
 * A checkpoint's life: `begin`, parts by the threads (`CheckpointSite.createPart`), `complete` with the manifest made of
 * what they report; or `abort`, after which nothing of it is left but that its number is used.
 */
export interface CheckpointStore {
  /**
   * Makes sure that nobody else uses the store, until the lock is released.
   *
   * @throws StreamError `SAGE_CHECKPOINT_IN_USE`
   */
  lock(): Promise<StoreLock>
  /** The least number that no checkpoint here has ever had. */
  nextEpoch(): Promise<number>
  /**
   * Starts a checkpoint, durably: its number is used from now on. `base` is the complete one that its deltas will stand
   * on; that one is kept meanwhile.
   */
  begin(epoch: number, base?: number): Promise<void>
  /**
   * Makes a checkpoint complete: when the promise has resolved it survives everything, and sinks may make visible what
   * belongs to it. When it rejects, the checkpoint has to be aborted; one that is found all the same after a crash is
   * consistent and may be resumed from.
   *
   * @throws StreamError `SAGE_FILE` for what the system refused; `SAGE_CHECKPOINT_CORRUPT` when somebody has removed a
   * part of it; `SAGE_CHECKPOINT_IN_USE` when the lock was lost
   */
  complete(manifest: Manifest): Promise<CompletedCheckpoint>
  /**
   * The job ends with the savepoint `epoch`, which is complete elsewhere, and its sinks make visible what that holds: durably
   * listed from now on, as one that cannot be used here.
   *
   * @param path - what `checkpoint.resume` takes to begin from it
   */
  leave(epoch: number, path: string): Promise<void>
  /** Takes back what there is of a checkpoint. Its threads have stopped writing, or `retain` takes the rest later. */
  abort(epoch: number): Promise<void>
  /**
   * What is there, newest first, with those that are damaged or revoked.
   *
   * @throws StreamError `SAGE_FILE` when it cannot be told for now, `SAGE_CHECKPOINT_INCOMPATIBLE` for another format
   */
  list(): Promise<FoundCheckpoint[]>
  /**
   * Looks at the parts of a checkpoint: that they are there and whole (`ends`, some bytes of each), or all their bytes
   * (`all`). Why it cannot be used, or undefined. One that cannot is listed with that from now on, and not counted by
   * `retain`.
   *
   * @throws StreamError `SAGE_FILE` when it cannot be told for now
   */
  verify(manifest: Manifest, depth: 'ends' | 'all'): Promise<string | undefined>
  /**
   * Gives up, durably, all that are later than `epoch`, from which the job goes on: none of them is resumed from ever
   * again, whatever happens before the next one is complete. They stay listed until then, so that sinks take back what
   * they made visible. Called before the sinks begin with that.
   */
  revokeAfter(epoch: number): Promise<void>
  /**
   * Keeps the newest `count` usable checkpoints, what they and those in progress stand on, and nothing else; how many
   * files it removed.
   */
  retain(count: number): Promise<number>
  /** For the threads: sent to them as plain data. */
  readonly site: SiteDescription
}

/** The lock of a store. It belongs to the process: a thread that ends without having released it leaves it behind. */
export interface StoreLock {
  /** Its file: whoever survives the thread that took it may remove that. */
  readonly path: string
  /** The next holder may have it. Once released, nothing happens. */
  release(): Promise<void>
}

/** A checkpoint that is complete. */
export interface CompletedCheckpoint {
  readonly epoch: number
  /** What `checkpoint.resume` takes to start from it. */
  readonly path: string
  /** Written for this one: its own parts and the manifest. */
  readonly bytes: number
}

/** A checkpoint as it was found. */
export interface FoundCheckpoint {
  readonly epoch: number
  /** Absent: the manifest itself is damaged. */
  readonly manifest?: Manifest
  /** Why it cannot be used; absent: as far as is known it can. */
  readonly damage?: string
}

/** Which site a thread opens: plain data. */
export interface SiteDescription {
  readonly kind: 'directory'
  readonly directory: string
}

/** Where checkpoints are kept, as the threads with state use it. */
export interface CheckpointSite {
  createPart(id: PartId): PartWriter
  /** Reads a complete checkpoint. */
  open(manifest: Manifest): CheckpointReader
}

/**
 * Writes one part. Adding never waits and never blocks: what is full goes into a queue that is written in the
 * background, for which the thread has to return to its event loop while `busy`. What fails is told by `close`; what is
 * added after a failure is dropped.
 */
export interface PartWriter {
  /** Starts a section. Several may be open at a time, each for one subtask. */
  section<K extends StateKind>(header: SectionHeader<K>): SectionWriter<StateItems[K]>
  /** Whether something is queued. */
  readonly busy: boolean
  /** Whether so much is queued (8 MiB) that nothing should be added for now. Adding all the same costs memory. */
  readonly full: boolean
  /** Resolves when it is not full, or has failed. */
  room(): Promise<void>
  /**
   * Writes the rest and makes it durable, but for the file's name: `CheckpointStore.complete` does that for all. All
   * sections have ended.
   *
   * @throws StreamError `SAGE_FILE`
   */
  close(): Promise<PartFacts>
  /** Gives up and removes the file, where it can. */
  abort(): Promise<void>
}

/** Writes one section of a part. */
export interface SectionWriter<T> {
  /**
   * Adds an item, which may change afterwards; gives how many bytes it takes. Costs what its encoding costs, and at most some
   * 0.1 ms beside.
   *
   * @throws StreamError `SAGE_CODEC_UNSUPPORTED`: it has not been added
   */
  add(item: T): number
  /**
   * Adds an item that is put piece by piece and read as a `T`; as `add` does. One of a key group has that beside.
   *
   * @param early - it comes out of the order of key groups; default: it does not
   */
  addEncodable(item: Encodable & { readonly group?: number }, early?: boolean): number
  /** No more is added. */
  end(): void
}

/** Which state is read. */
export interface StateQuery<K extends StateKind = StateKind> {
  readonly operator: string
  readonly kind: K
  /** Only items of these key groups: for `keyed` and `timers`, to any parallelism. */
  readonly groups?: GroupRange
  /** Only what this subtask has written. */
  readonly subtask?: number
}

/** Items that lie together. */
export interface StateBlock<T> {
  /** The subtask that has written them. */
  readonly subtask: number
  /** Decoded one by one as they are asked for: once, and before the next block is asked for. */
  readonly items: Iterable<T>
}

/** Reads the state of one checkpoint. */
export interface CheckpointReader {
  /**
   * The blocks of some state. Those of `keyed` come in the order in which they apply: a later entry of a key replaces an
   * earlier one, or removes the key, as `KeyedStore.restore` does. Every block is checked before it is given.
   *
   * @throws StreamError `SAGE_CHECKPOINT_CORRUPT`
   */
  read<K extends StateKind>(query: StateQuery<K>): AsyncIterable<StateBlock<StateItems[K]>>
}
