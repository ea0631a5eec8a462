import { StreamError } from '../../codec/errors.ts'
import type { GraphNode } from '../graph/node.ts'
import { Replies } from '../job/replies.ts'
import { isWorker } from '../thread/job-site.ts'

/** The sending side of a `createStream`, as the runtime offers it on the main thread. */
export interface PushEnd<T = any> {
  push(value: T, signal?: AbortSignal): Promise<void>
  pushMany(values: readonly T[]): Promise<void>
  tryPush(value: T): boolean
  /** Pushes, and resolves with the first record derived from `value` that arrives at the output of `replies`. */
  ask(value: T, replies: Replies, timeoutMs: number, signal: AbortSignal | undefined): Promise<any>
  ready(): Promise<void>
  end(): void
}

/** The receiving side of an `output`, as the runtime offers it on the main thread. */
export interface ReadEnd<T = any> {
  readonly replies: Replies
  iterate(): AsyncIterableIterator<T>
  toArray(): Promise<T[]>
}

const pushEnds = new WeakMap<GraphNode, PushEnd>()
const readEnds = new WeakMap<GraphNode, ReadEnd>()

/** Ties the node of a `createStream` to its job: from then on the stream can be pushed to. */
export function bindPush(node: GraphNode, end: PushEnd): void {
  pushEnds.set(node, end)
}

/** Ties the node of an `output` to its job: from then on the output can be read. */
export function bindRead(node: GraphNode, end: ReadEnd): void {
  readEnds.set(node, end)
}

/** The end bound to a stream's node. Throws `SAGE_STREAM_ENDED` before submit. */
export function pushEndOf(node: GraphNode): PushEnd {
  return pushEnds.get(node) ?? (isWorker ? stalledPush : unbound(`push to stream '${node.name}'`))
}

/** The end bound to an output's node. Throws `SAGE_STREAM_ENDED` before submit. */
export function readEndOf(node: GraphNode): ReadEnd {
  return readEnds.get(node) ?? (isWorker ? stalledRead : unbound(`read output '${node.name}'`))
}

const never = (): Promise<never> => new Promise(() => {})

/** On a worker, a script that does not await its `submit` runs on: it gets no further than this. */
const stalledPush: PushEnd = {
  push: never,
  pushMany: never,
  ask: never,
  ready: never,
  tryPush: () => false,
  end: () => {},
}
const stalledRead: ReadEnd = {
  replies: new Replies('none', { first: 1, step: 1 }),
  toArray: never,
  iterate: () => ({ next: never, [Symbol.asyncIterator]: () => stalledRead.iterate() }),
}

function unbound(action: string): never {
  throw new StreamError(
    'SAGE_STREAM_ENDED',
    `cannot ${action}: expected a submitted job, got one that was not submitted on this thread`,
  )
}
