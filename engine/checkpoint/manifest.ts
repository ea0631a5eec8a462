import type { GroupRange } from '../../operators/contract/keyed-store.ts'
import type { StateKind } from './state-model.ts'

/**
 * What a complete checkpoint is: whose it is, and where every piece of its state lies. Plain data; the description of a
 * manifest file.
 */
export interface Manifest {
  readonly job: string
  readonly epoch: number
  /** When it was completed, in ms since the epoch. */
  readonly time: number
  /** Whether it was asked for and stands by itself in a directory of its own. */
  readonly savepoint: boolean
  /** The number of key groups. */
  readonly maxParallelism: number
  readonly operators: readonly ManifestOperator[]
  /** All files that hold state of it, those of earlier epochs, too. */
  readonly parts: readonly PartFile[]
  /** What a restart inside the same process need not feed again; absent where nothing is pushed into the job. */
  readonly fed?: FedRecords
}

/** Records that the main thread had fed into the streams of a job before a checkpoint's cut. */
export interface FedRecords {
  /** The job in all of its lives, unlike any other. */
  readonly owner: string
  /** Which of its lives it was. */
  readonly life: number
  /** How many, by node id. */
  readonly records: readonly (readonly [node: number, records: number])[]
}

/**
 * What an operator makes visible when this checkpoint is complete, and whether it can take that back when the job resumes
 * from an earlier one: `none`, `recallable`, or `final` (beyond recall).
 */
export type Visibility = 'none' | 'recallable' | 'final'

/** An operator of the program that wrote the checkpoint. */
export interface ManifestOperator {
  /** Its uid, or the stable id that the graph gives it. */
  readonly uid: string
  readonly name: string
  readonly kind: string
  readonly parallelism: number
  readonly visibility: Visibility
  /** In which form its state is; absent: nothing is known of that. */
  readonly form?: string
  readonly states: readonly StateChain[]
}

/** The state of one kind of one subtask: what was written of it, in the order in which it applies. */
export interface StateChain {
  readonly kind: StateKind
  readonly subtask: number
  /**
   * Of each key group everything, in a full piece or in one that holds the whole of it, and what has changed since. They go
   * back no further than that takes: to the epoch of full pieces, or to where the oldest of the key groups was last
   * written as a whole.
   */
  readonly pieces: readonly StatePiece[]
}

/** A section of a part. */
export interface StatePiece {
  /** Index among the manifest's `parts`. */
  readonly part: number
  /** Index among the part's sections. */
  readonly section: number
  /** When it was written. */
  readonly epoch: number
  /** Whether it holds everything there was, not only what had changed. */
  readonly full: boolean
  /** Of one that is not full: the key groups of which it holds everything. */
  readonly whole?: GroupRange
  readonly items: number
  readonly bytes: number
}

/** A part as its manifest names it. */
export interface PartFile {
  readonly name: string
  readonly bytes: number
  readonly crc: number
}

/** The chain of some state; undefined where there is none. */
export function findChain(
  manifest: Manifest,
  uid: string,
  kind: StateKind,
  subtask: number,
): StateChain | undefined {
  const operator = manifest.operators.find((candidate) => candidate.uid === uid)
  return operator?.states.find((state) => state.kind === kind && state.subtask === subtask)
}

/** Bytes that were written for this checkpoint alone, without the manifest. */
export function ownBytes(manifest: Manifest): number {
  const own = `part-${manifest.epoch}-`
  let bytes = 0
  for (const part of manifest.parts) if (part.name.startsWith(own)) bytes += part.bytes
  return bytes
}
