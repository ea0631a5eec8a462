import type { JobHandle } from '../job/job-handle.ts'

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * The first signal ends the job gracefully: with checkpoints, behind one, from which the script goes on when it is run again, or,
 * where none can be taken, behind the last one; else by a stop. The second ends the process at once. Until the job has ended.
 */
export function handleSignals(job: JobHandle<any>): void {
  let signalled = false
  const listeners = Object.entries(SIGNALS).map(([signal, exitCode]) => {
    const listener = () => {
      if (signalled) process.exit(exitCode)
      signalled = true
      job
        .suspend()
        .catch(() => job.cancel())
        .catch(() => {})
    }
    process.on(signal, listener)
    return () => void process.off(signal, listener)
  })
  const remove = () => {
    for (const off of listeners) off()
  }
  job.ended.then(remove, remove)
}

/** A script whose job failed, and that never asked for the result, must not end as if all were well. */
export function failScript(job: JobHandle<any>): void {
  job.ended.catch((error: unknown) => {
    if (job.observed) return
    console.error(error)
    process.exitCode = 1
  })
}
