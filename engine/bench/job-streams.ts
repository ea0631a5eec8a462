import { type InputStream, type JobDefinition, type JobHandle, OutputStream } from '../index.ts'
import { badOption } from './checks.ts'
import type { LoadTarget } from './open-loop.ts'

/** The names under which a job's definition returned its input streams. */
export type InputName<R> = {
  [K in keyof R]: R[K] extends InputStream<any> ? K : never
}[keyof R] &
  string

/** The names under which a job's definition returned its outputs. */
export type OutputName<R> = {
  [K in keyof R]: R[K] extends OutputStream<any> ? K : never
}[keyof R] &
  string

/** What the input stream of that name takes. */
export type RecordInto<R, K extends keyof R> = R[K] extends InputStream<infer T> ? T : never

/** What the output of that name gives. */
export type ResultFrom<R, K extends keyof R> = R[K] extends OutputStream<infer T> ? T : never

/** The input streams and outputs of a submitted job, by name. */
export interface JobStreams {
  readonly inputs: ReadonlyMap<string, InputStream<any>>
  readonly outputs: ReadonlyMap<string, OutputStream>
}

/** Sorts what a job's definition returned. */
export function streamsOf(job: JobHandle<any>): JobStreams {
  const ends = Object.entries(job.io as Record<string, InputStream<any> | OutputStream>)
  return {
    inputs: new Map(ends.filter((end): end is [string, InputStream<any>] => !isOutput(end[1]))),
    outputs: new Map(ends.filter((end): end is [string, OutputStream] => isOutput(end[1]))),
  }
}

function isOutput(end: unknown): boolean {
  return end instanceof OutputStream
}

/**
 * The stream or output of that name; without a name, the only one there is. `SAGE_OPTION` when there is none of that
 * name, none at all, or a choice.
 */
export function chosen<S>(ends: ReadonlyMap<string, S>, name: unknown, where: string): S {
  const names = [...ends.keys()].map((one) => `'${one}'`).join(', ') || 'none'
  if (name === undefined && ends.size === 1) return ends.values().next().value as S
  const end = ends.get(name as string)
  if (end !== undefined) return end
  throw badOption(where, `a name that the job's definition returned (${names})`, name)
}

/** `SAGE_OPTION` for what is no job definition. */
export function requireDefinition(definition: unknown, where: string): void {
  const { name, submit } = (definition ?? {}) as Partial<JobDefinition<unknown, object>>
  if (typeof name === 'string' && typeof submit === 'function') return
  throw badOption(where, 'a job of defineJob', definition)
}

/**
 * An input stream and an output of a running job as something to put under load. `end` ends the input stream, and so
 * the job, where it has no other sources; its output then ends behind the last result.
 *
 * ```ts
 * const measured = await openLoop(streamTarget(job.io.orders, job.io.alerts), load)
 * ```
 */
export function streamTarget<T, R>(
  input: InputStream<T>,
  output: AsyncIterable<R>,
): LoadTarget<T, R> {
  return {
    trySend: (record) => input.tryPush(record),
    ready: () => input.ready(),
    end: () => input.end(),
    receive: async (onResult) => {
      for await (const result of output) onResult(result)
    },
  }
}

/** Reads an output that nobody asked for to its end, so that it does not stall the job. */
export async function drain(output: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of output);
}
