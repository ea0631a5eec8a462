import type { Logger } from '../../operators/contract/logger.ts'
import { isSharedClock } from '../../operators/contract/shared-clock.ts'
import type { JobGraph, JobSpec, ThreadSettings } from '../thread/job-site.ts'
import type { ThreadInit } from '../thread/job-thread.ts'
import { JobHandle } from './job-handle.ts'
import type { JobHost } from './job-host.ts'
import { JobPlan } from './job-plan.ts'
import type { RestartPolicy } from './restart-decision.ts'
import { thisHost } from './this-host.ts'

/** Everything a job is started from. */
export interface JobStart<IO> {
  readonly spec: JobSpec
  readonly job: JobGraph
  readonly logger: Logger
  readonly workerHeapMb: number | undefined
  readonly restart: RestartPolicy
  /** What `job.io` shows; its streams are bound by the caller. */
  readonly io: IO
}

/** Plans a job, allocates its memory and starts it. The handle's `running` tells when its workers run. */
export function startJob<IO>(start: JobStart<IO>, host: JobHost = thisHost): JobHandle<IO> {
  const { spec, job, logger, io, restart, workerHeapMb } = start
  const { settings } = spec
  const { id, owner } = host.nameJob()
  const clock = isSharedClock(job.clock) ? job.clock : undefined
  const initsOf =
    (plan: JobPlan, life: number, since: number | undefined) =>
    (thread: number): ThreadInit => ({
      jobId: id,
      jobName: spec.name,
      owner,
      life,
      thread,
      settings: since === undefined ? settings : resuming(settings, since),
      arena: plan.arena.buffer,
      time: clock?.sharedTime,
      settle: plan.settle.buffer,
      beats: plan.beats.buffer,
      metrics: plan.userMetrics.buffer,
      state: plan.state,
      mayBlock: settings.mode === 'threads',
    })
  const handle = new JobHandle({
    id,
    name: spec.name,
    logger,
    io,
    restart,
    host,
    plan: () => new JobPlan(job.graph, settings),
    launch: (plan, life, since, died) =>
      host.launch({ spec, job, workerHeapMb, plan, initOf: initsOf(plan, life, since), died }),
    unlock: async () => {
      const { checkpoint } = settings
      if (checkpoint === undefined) return
      // Who takes the lock removes what the same owner has left.
      const lock = await host.loop.machine.openStore(checkpoint.dir, owner).lock()
      await lock.release()
    },
  })
  const detach = clock?.onChange(() => handle.ringAll())
  if (detach !== undefined) void handle.ended.then(detach, detach)
  return handle
}

/**
 * A job goes on from what it has come to, wherever it once began: from its own checkpoints, the first of which is `since`,
 * and from those that it had resumed from itself.
 */
function resuming(settings: ThreadSettings, since: number): ThreadSettings {
  const { checkpoint } = settings
  if (checkpoint === undefined) return settings
  const first = checkpoint.resume === 'latest' ? 0 : since
  return { ...settings, checkpoint: { ...checkpoint, resume: 'latest', since: first } }
}
