import type { MessagePort } from 'node:worker_threads'
import type { ErrorData } from '../../codec/errors.ts'
import type { LogLevel } from '../../operators/contract/logger.ts'
import type { FedRecords, Manifest } from '../checkpoint/manifest.ts'
import type { PartFacts } from '../checkpoint/state-model.ts'
import type { ServiceCall, ServiceReply } from '../task/service-calls.ts'

/** A dead letter on its way to the job's result. */
export interface DeadLetterData {
  readonly value: unknown
  readonly error: ErrorData
  readonly key: unknown
  readonly operator: string
  readonly attempts: number
}

/** Partitions of each source, by node id. */
export type PartitionLists = ReadonlyMap<number, readonly string[]>

/** What a worker tells the coordinator. */
export type FromWorker =
  | { readonly type: 'built'; readonly plain: readonly string[]; readonly full: readonly string[] }
  /** With the ids of the nodes that keep state there, as far as that shows before the first record. */
  | { readonly type: 'opened'; readonly keeping: readonly number[] }
  /** Its subtasks are gone. What they have left behind goes into the checkpoints that follow, until all workers are so far. */
  | { readonly type: 'through' }
  | { readonly type: 'ended' }
  | { readonly type: 'failed'; readonly error: ErrorData }
  /** It knows of the checkpoint that begins: barriers may come. */
  | { readonly type: 'ready'; readonly epoch: number }
  /** All of its subtasks stand still behind their barriers, until `goOn`. */
  | { readonly type: 'held'; readonly epoch: number }
  /** All of its subtasks have had their part in a checkpoint, and it is written. */
  | ({ readonly type: 'taken' } & TakenPart)
  /** A checkpoint cannot be taken here. */
  | { readonly type: 'declined'; readonly epoch: number; readonly error: ErrorData }
  /** All of its subtasks have come to their end, and wait for a checkpoint that holds what they have left behind. */
  | { readonly type: 'allLast' }
  /** Its subtasks stand still behind a checkpoint that is complete, and its sinks have made visible what that holds. */
  | { readonly type: 'suspended' }
  /** Of a service of job scope. */
  | { readonly type: 'call'; readonly call: ServiceCall }

/** A worker's part in a checkpoint, written. */
export interface TakenPart {
  readonly epoch: number
  readonly part: PartFacts
  readonly pushed: PushedRecords
}

/** Records of each `createStream`, by node id, that the main thread has pushed before a checkpoint's cut. */
export type PushedRecords = ReadonlyMap<number, number>

/** A checkpoint that begins. */
export interface CheckpointOrder {
  readonly epoch: number
  /** Where it is written. */
  readonly directory: string
  /** The complete one that its deltas may stand on. */
  readonly base: Manifest | undefined
  readonly savepoint: boolean
  /** Whether subtasks stand still behind its barriers. */
  readonly suspend: boolean
  /** Whether they do so until all of them have come to theirs, since they share stores. */
  readonly shared: boolean
  /** Whether it holds what is in flight, and does not wait for that. */
  readonly unaligned: boolean
}

/** What sinks had prepared for a complete checkpoint that the job goes back behind. */
export interface LaterSinks {
  readonly epoch: number
  /** By operator, those of the checkpoint with nothing, too; undefined: it is damaged. */
  readonly sinks: ReadonlyMap<string, readonly unknown[]> | undefined
}

/** What a job begins with. */
export interface ResumedFrom {
  readonly directory: string
  readonly manifest: Manifest
  /** By node id of a source: where its partitions are continued. */
  readonly positions: ReadonlyMap<number, ReadonlyMap<string, unknown>>
  /** Checkpoints of the job's own directory that are later, oldest first. */
  readonly later: readonly LaterSinks[]
}

/** What the coordinator tells a worker. */
export type ToWorker =
  /** Partitions, and one claim word each: see `PartitionClaims`. */
  | {
      readonly type: 'start'
      readonly partitions: PartitionLists
      readonly claims: SharedArrayBuffer
      readonly from: ResumedFrom | undefined
    }
  | { readonly type: 'checkpoint'; readonly order: CheckpointOrder }
  /** All workers know of it: it begins where records come from. */
  | { readonly type: 'trigger'; readonly epoch: number }
  /** All subtasks of the job have come to its barriers, and what they share has been copied. */
  | { readonly type: 'goOn'; readonly epoch: number }
  | { readonly type: 'completed' | 'aborted'; readonly epoch: number }
  /** All threads have opened their operators: records may flow. */
  | { readonly type: 'go' }
  | { readonly type: 'stop' }
  /** All workers are through: there are no more checkpoints. */
  | { readonly type: 'end' }
  | { readonly type: 'cancel' }
  | { readonly type: 'reply'; readonly reply: ServiceReply }

/** A checkpoint that was asked for: `path` where it is a savepoint. */
export interface CheckpointRequest {
  /** Tells the answer. */
  readonly id: number
  readonly path?: string
  /** Whether the job ends behind it. */
  readonly suspend: boolean
}

/** A checkpoint that is complete. */
export interface CheckpointInfo {
  readonly id: number
  readonly path: string
  readonly bytes: number
  readonly durationMs: number
}

/** A checkpoint that is complete, as the main thread hears of it. */
export interface CompletedReport {
  readonly info: CheckpointInfo
  /** Those that it answers. */
  readonly requests: readonly number[]
  /** What a restart that begins with it need not have pushed; undefined: a savepoint, no restart begins with it. */
  readonly pushed: PushedRecords | undefined
}

/** What the main thread tells the coordinator. */
export type FromMain =
  | { readonly type: 'checkpoint'; readonly request: CheckpointRequest }
  | { readonly type: 'stop' }
  | { readonly type: 'cancel' }
  /** A worker died; what its thread could not say itself. */
  | { readonly type: 'died'; readonly worker: number; readonly error: ErrorData }

/** How a job ended. */
export type Outcome =
  | { readonly status: 'finished' | 'stopped' | 'cancelled' }
  | { readonly status: 'failed'; readonly error: ErrorData }

/** What the coordinator tells the main thread. */
export type ToMain =
  /** The job is about to begin; where it begins with a checkpoint of its own, with what of the streams that holds. */
  | { readonly type: 'resumed'; readonly fed: FedRecords | undefined }
  | { readonly type: 'running' }
  | ({ readonly type: 'checkpoint' } & CompletedReport)
  | { readonly type: 'refused'; readonly error: ErrorData; readonly requests: readonly number[] }
  | { readonly type: 'ended'; readonly outcome: Outcome }
  | LogReport

/** A line for the job's logger. */
export interface LogReport {
  readonly type: 'log'
  readonly level: LogLevel
  readonly message: string
  readonly details: readonly unknown[]
}

/** What a worker tells the main thread. */
export type Report =
  | LogReport
  | {
      readonly type: 'deadLetters'
      readonly letters: readonly DeadLetterData[]
      readonly dropped: number
    }

/** One end of a two-way line of control messages. Records never travel here. */
export interface ControlPort<In, Out> {
  post(message: Out): void
  onMessage(handler: (message: In) => void): void
  close(): void
}

/** A control line over a message port. */
export function threadPort<In, Out>(port: MessagePort): ControlPort<In, Out> {
  return {
    post: (message) => port.postMessage(message),
    onMessage: (handler) => void port.on('message', handler),
    close: () => port.close(),
  }
}

/** Both ends of a control line inside one thread: messages arrive in order, never inside the call that posts them. */
export function localLine<A, B>(): [ControlPort<A, B>, ControlPort<B, A>] {
  const left = new LocalPort<A, B>()
  const right = new LocalPort<B, A>()
  left.peer = right
  right.peer = left
  return [left, right]
}

class LocalPort<In, Out> implements ControlPort<In, Out> {
  peer: LocalPort<Out, In> | undefined
  #handler: ((message: In) => void) | undefined
  readonly #early: In[] = []

  post(message: Out): void {
    queueMicrotask(() => this.peer?.deliver(message))
  }

  deliver(message: In): void {
    if (this.#handler === undefined) this.#early.push(message)
    else this.#handler(message)
  }

  onMessage(handler: (message: In) => void): void {
    this.#handler = handler
    for (const message of this.#early.splice(0)) handler(message)
  }

  close(): void {
    this.#handler = () => {}
    this.peer = undefined
  }
}
