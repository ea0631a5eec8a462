import { StreamError } from '../../codec/errors.ts'
import { steppingSince } from '../metrics/task-times.ts'
import { beatEveryMs } from '../thread/heartbeats.ts'
import type { Machine } from '../thread/machine.ts'
import type { JobPlan } from './job-plan.ts'

/** What a thread hangs in. */
interface Hung {
  readonly operators: string
  readonly subtask: number
}

/**
 * Looks from the main thread whether a job's threads still beat, and tells of one that has not for so long.
 *
 * It counts its own looks, not the time: while the whole process stands still, or the main thread is busy, nothing is
 * held against a thread. With a debugger attached, which may have stopped it, it looks away.
 */
export class StuckWatch {
  readonly #plan: JobPlan
  readonly #threads: number
  readonly #stuckAfterMs: number
  readonly #everyMs: number
  readonly #onStuck: (thread: number, error: StreamError) => void
  /** By thread: its last beat, and for how many looks it has been that. */
  readonly #last: { beat: number | undefined; looks: number }[]
  readonly #machine: Pick<Machine, 'after'>
  #stopTimer = () => {}

  /** @param onStuck - is told once of each thread */
  constructor(
    plan: JobPlan,
    stuckAfterMs: number,
    onStuck: (thread: number, error: StreamError) => void,
    machine: Pick<Machine, 'after'>,
  ) {
    this.#plan = plan
    // Behind the workers, the coordinator.
    this.#threads = plan.plan.threads + 1
    this.#stuckAfterMs = stuckAfterMs
    this.#everyMs = beatEveryMs(stuckAfterMs)
    this.#onStuck = onStuck
    this.#machine = machine
    this.#last = Array.from({ length: this.#threads }, () => ({ beat: undefined, looks: 0 }))
    if (stuckAfterMs !== Number.POSITIVE_INFINITY) this.#lookLater()
  }

  close(): void {
    this.#stopTimer()
  }

  #lookLater(): void {
    this.#stopTimer = this.#machine.after(this.#everyMs, () => {
      this.#lookLater()
      this.#look()
    })
  }

  #look(): void {
    const isDebugged = process.getBuiltinModule('node:inspector')?.url() !== undefined
    const enough = Math.ceil(this.#stuckAfterMs / this.#everyMs)
    for (const [thread, last] of this.#last.entries()) {
      const beat = this.#plan.beats.read(thread)
      const isSilent = beat !== undefined && beat === last.beat && !isDebugged
      last.looks = isSilent ? last.looks + 1 : 0
      last.beat = beat
      if (last.looks === enough) this.#onStuck(thread, this.#errorOf(thread))
    }
  }

  #errorOf(thread: number): StreamError {
    const isCoordinator = thread === this.#threads - 1
    const hung = isCoordinator ? undefined : hungIn(this.#plan, thread)
    const who = isCoordinator ? 'the coordinator' : `worker ${thread}`
    const where = isCoordinator ? 'a service of job scope' : placeOf(hung)
    return new StreamError(
      'SAGE_STUCK',
      `${who}: expected user code to return within stuckAfter (${this.#stuckAfterMs} ms), but it still runs, ` +
        `in ${where}: an endless loop, or a call that takes longer`,
      hung === undefined ? {} : { operator: hung.operators, subtask: hung.subtask },
    )
  }
}

function placeOf(hung: Hung | undefined): string {
  if (hung === undefined) return 'open, close, a timer or what follows a promise'
  return `operator '${hung.operators}', subtask ${hung.subtask}`
}

/** The subtask of a thread whose step has not returned. Fused operators are one function, and named as one. */
function hungIn(jobPlan: JobPlan, thread: number): Hung | undefined {
  for (const { id, nodes, threads } of jobPlan.plan.chains) {
    for (const [subtask, place] of threads.entries()) {
      if (place !== thread) continue
      if (steppingSince(jobPlan.row(jobPlan.memory.timeRow[id] + subtask)) === undefined) continue
      const own = nodes.filter(({ body }) => body.type === 'source' || body.type === 'operator')
      return { operators: own.map(({ name }) => name).join(' → '), subtask }
    }
  }
  return undefined
}
