import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Key } from '../../codec/key.ts'

/**
 * What a `StreamState` stands on. Keys have passed `checkKey`, values are neither null nor undefined, and `n` is
 * finite. Every call is atomic for all threads that share the store.
 */
export interface StateStore {
  /** A copy of the value; undefined where there is none. */
  get(key: Key): unknown
  set(key: Key, value: unknown): void
  /** Adds to a number, 0 where there is none; the sum. */
  increment(key: Key, n: number): number
  append(key: Key, value: unknown): void
  /** What `fn` makes of a copy of the value takes its place, or removes it when it is null or undefined. */
  update(key: Key, fn: (current: unknown) => unknown): unknown
  /** Whether there was a value. */
  delete(key: Key): boolean
  /** The keys, in the order in which they were added. */
  keys(): Key[]
}

/** The stores of one job, as one of its threads sees them. */
export interface StateStores {
  store(name: string): StateStore
}

/**
 * Whose job runs here. It lives on `globalThis`, because a job module may load the package by another path (sources
 * beside a build) than the engine did.
 */
interface StateSite {
  /** On a job's own thread. */
  thread: StateStores | undefined
  /** On a thread that runs jobs inline, perhaps several at a time. */
  context: AsyncLocalStorage<StateStores> | undefined
}

const key = Symbol.for('sage-stream.state-site')
const holder = globalThis as { [key]?: StateSite }
const site: StateSite = (holder[key] ??= { thread: undefined, context: undefined })

/** The stores of the job that the code at hand runs for; undefined outside of a running job. */
export function currentStores(): StateStores | undefined {
  return site.context?.getStore() ?? site.thread
}

/** Runs the whole of a job's life on a thread of its own. For the engine. */
export async function withStores(stores: StateStores, job: () => Promise<void>): Promise<void> {
  site.thread = stores
  try {
    await job()
  } finally {
    site.thread = undefined
  }
}

/** Runs the whole of a job's life on a thread that may run others beside it. For the engine. */
export function withStoresInline(stores: StateStores, job: () => Promise<void>): Promise<void> {
  // Loaded when an inline job needs it: every worker loads this file.
  site.context ??= new (process.getBuiltinModule('node:async_hooks').AsyncLocalStorage)()
  return site.context.run(stores, job)
}
