/**
 * The public surface of `sage-stream/testing`: whole jobs and single operators in tests that
 * neither sleep nor poll.
 *
 * A job that is fed (`settled`), in the mode that it has in production or, quicker, inline:
 *
 * ```ts
 * await using job = await doubling.submit(undefined, { mode: 'inline' })
 * await job.io.numbers.pushMany([1, 2, 3])
 * await settled(job)
 * const doubles = job.io.doubles[Symbol.asyncIterator]()
 * expect((await doubles.next()).value).toBe(2)
 * ```
 *
 * A job that reads its own sources to their end (`runJob`):
 *
 * ```ts
 * const { result, outputs } = await runJob(scripted, 'ends', { mode: 'inline' })
 * expect([result.status, outputs.all]).toEqual(['finished', ['A']])
 * ```
 *
 * Time that a test moves ({@link ManualClock}), sources that pause, end and fail where it says
 * ({@link scriptedSource}), one operator without a job ({@link operatorHarness}).
 *
 * @module sage-stream/testing
 */

export type { UserMetrics } from '../../operators/contract/user-metrics.ts'
export type { LogLine } from '../../operators/testing/harness-context.ts'
export { ManualClock } from '../../operators/testing/manual-clock.ts'
export {
  type HarnessOptions,
  OperatorHarness,
  type OperatorSnapshot,
  operatorHarness,
  type PushOptions,
} from '../../operators/testing/operator-harness.ts'
export {
  ABORT,
  END,
  type Pause,
  pause,
  type ScriptMark,
  type ScriptRecord,
  scriptedSource,
} from '../../operators/testing/scripted-source.ts'
export { runJob } from './run-job.ts'
export { settled } from './settled.ts'
