import { describe, StreamError } from '../../codec/errors.ts'
import type { JobHandle } from '../job/job-handle.ts'

/**
 * Resolves when everything pushed so far, and everything that the job's clock has made due, has had
 * its whole effect: records have reached the outputs, `print` has written its lines, and readers
 * that wait have been given what there is. No sleeping, in both modes: tests read what is there,
 * once it is there.
 *
 * ```ts
 * const doubles: number[] = []
 * void (async () => {
 *   for await (const n of job.io.doubles) doubles.push(n)
 * })()
 * await job.io.numbers.pushMany([1, 2, 3])
 * await settled(job)
 * expect(doubles).toEqual([2, 4, 6])
 * ```
 *
 * It waits for whatever is on its way by itself: retries with a backoff (in real time), promises of
 * sinks, sources that read with a promise. A source that answers `IDLE` has nothing at present and
 * is asked once more. So it does not resolve while a source, or a reader that pushes back what it
 * reads, goes on and on, while a promise stays pending, or while the job stands still because an
 * output is full and nobody reads it. What user code does later by itself (a timer of its own, a
 * service's callback) is nothing that a job could know of.
 *
 * Resolves also for a job that has ended; rejects with the failure of one that failed.
 */
export async function settled(job: JobHandle<any>): Promise<void> {
  if (typeof (job as Partial<JobHandle> | null)?.settled === 'function') return job.settled()
  throw new StreamError('SAGE_OPTION', `settled: expected a job, got ${describe(job)}`)
}
