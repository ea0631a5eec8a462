import { type ErrorData, errorToData, StreamError } from '../../codec/errors.ts'
import { buildManifest, type ManifestFacts } from '../checkpoint/build-manifest.ts'
import type {
  CheckpointSite,
  CheckpointStore,
  PartWriter,
  StoreLock,
} from '../checkpoint/contract.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import type { PartFacts } from '../checkpoint/state-model.ts'
import type { SharedState } from '../state/shared-state.ts'
import type { CheckpointRequest, CompletedReport, TakenPart, ToWorker } from './control.ts'
import type { Machine } from './machine.ts'
import { cutShared, SHARED, writeShared } from './shared-state-part.ts'

/** What the checkpoints of a job need of its coordinator. */
export interface CheckpointingJob {
  readonly workers: number
  /** Orders all workers that still live. */
  tell(order: ToWorker): void
  /** A checkpoint is complete. */
  report(done: CompletedReport): void
  /** One could not be taken; the job goes on. */
  refuse(error: ErrorData, requests: readonly number[]): void
  /** The job stands still behind a checkpoint, whose sinks have made visible what it holds: it may end. */
  suspended(): void
  /** The last checkpoint of the job failed: what it has left behind is not safe. */
  fail(error: ErrorData): void
  openStore(directory: string): CheckpointStore
  openSite(directory: string): CheckpointSite
  /** What the job's threads share. */
  readonly stores: SharedState
  /** Whose life this is: see `FedRecords`. */
  readonly owner: string
  readonly life: number
  /** What every manifest of the job says. */
  facts(): Pick<ManifestFacts, 'job' | 'maxParallelism' | 'operators'>
}

/** How it goes about it. */
export interface CheckpointPace {
  readonly directory: string
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly retain: number
  /** Whether its checkpoints hold what is in flight; savepoints never do. */
  readonly unaligned: boolean
}

/** The checkpoint under way. */
interface Running {
  readonly epoch: number
  readonly store: CheckpointStore
  readonly lock: StoreLock | undefined
  readonly base: Manifest | undefined
  readonly begun: number
  readonly savepoint: boolean
  readonly suspend: boolean
  /** Whether it is the last one: all subtasks have come to their end. */
  readonly last: boolean
  readonly requests: readonly CheckpointRequest[]
  /** Whether all subtasks stand still until they have all come to their barriers. */
  readonly shared: boolean
  /** Workers whose subtasks do. */
  readonly held: Set<number>
  /** What the job's threads share is written here. */
  sharedPart: PartWriter | undefined
  /** Workers that know of it. */
  readonly ready: Set<number>
  readonly parts: Map<number, PartFacts>
  readonly pushed: Map<number, number>
  stopTimer(): void
  completing: boolean
}

const nothing = () => {}

/**
 * The checkpoints of one job, one after the other: begun by the clock, by a request, or because all subtasks have come
 * to their end; complete once every worker has written its part and the manifest is in place; given up when a worker
 * declines, when it takes too long, or when files fail. The job goes on meanwhile, and after one that was given up.
 */
export class CheckpointCoordinator {
  readonly #job: CheckpointingJob
  readonly #pace: CheckpointPace
  readonly #store: CheckpointStore
  readonly #machine: Pick<Machine, 'nowMs' | 'clock' | 'after'>
  #next: number
  #base: Manifest | undefined
  #running: Running | undefined
  #beginning = false
  readonly #requests: CheckpointRequest[] = []
  readonly #lasts = new Set<number>()
  readonly #suspended = new Set<number>()
  #stopTimer: () => void = nothing
  #closed = false
  /** The one that was under way when no more were begun. */
  #left: Running | undefined
  /** What is being done in directories. */
  readonly #works = new Set<Promise<void>>()

  /** @param base - what the job has resumed from, where that lies in its own directory */
  constructor(
    job: CheckpointingJob,
    pace: CheckpointPace,
    { store, next, base }: { store: CheckpointStore; next: number; base: Manifest | undefined },
    machine: Pick<Machine, 'nowMs' | 'clock' | 'after'>,
  ) {
    this.#job = job
    this.#machine = machine
    this.#pace = pace
    this.#store = store
    this.#next = next
    this.#base = base
  }

  /** The job runs: checkpoints begin to be taken. */
  start(): void {
    this.#schedule()
  }

  /**
   * The job ends, or has failed: no more are begun, and one under way is given up, but for one that is about to be complete. What
   * threads still hand over while they end is in none: of a failed sink it may be wrong. Requests are not answered: the main
   * thread hears of the job's end, and why.
   */
  cease(): void {
    if (this.#closed) return
    this.#closed = true
    this.#stopTimer()
    const running = this.#running
    this.#running = undefined
    running?.stopTimer()
    this.#left = running
    if (running?.sharedPart !== undefined && !running.completing)
      this.#track(running.sharedPart.abort())
  }

  /**
   * Ceases. Resolves when nothing touches a directory any more: only then may it be unlocked, or removed by whoever hears of
   * the job's end.
   */
  async close(): Promise<void> {
    this.cease()
    // One work may begin another.
    while (this.#works.size > 0) await Promise.all(this.#works)
    await this.#left?.lock?.release().catch(() => {})
  }

  /** Takes one as soon as the one under way is done. */
  request(request: CheckpointRequest): void {
    if (this.#closed) return
    this.#requests.push(request)
    this.#track(this.#beginNext())
  }

  /** A worker knows of the checkpoint that begins. */
  ready(worker: number, epoch: number): void {
    const running = this.#running
    if (running?.epoch !== epoch) return
    running.ready.add(worker)
    if (running.ready.size === this.#job.workers) this.#job.tell({ type: 'trigger', epoch })
  }

  /** All subtasks of a worker stand still behind their barriers. */
  held(worker: number, epoch: number): void {
    const running = this.#running
    if (running?.epoch !== epoch) return
    running.held.add(worker)
    if (running.held.size === this.#job.workers) this.#shareStores(running)
  }

  /** A worker has written its part. */
  taken(worker: number, { epoch, part, pushed }: TakenPart): void {
    const running = this.#running
    if (running?.epoch !== epoch || running.completing) return
    running.parts.set(worker, part)
    for (const [node, records] of pushed) running.pushed.set(node, records)
    this.#completeWhenAllHave(running)
  }

  /** Nobody writes to the stores: they are copied, and all go on. */
  #shareStores(running: Running): void {
    const { epoch, store } = running
    const { workers, stores, openSite } = this.#job
    try {
      const cut = cutShared(stores)
      this.#job.tell({ type: 'goOn', epoch })
      if (cut.length === 0) return
      const part = openSite(store.site.directory).createPart({ epoch, thread: workers, number: 0 })
      running.sharedPart = part
      writeShared(cut, part)
      this.#track(this.#closeShared(running, part))
    } catch (error) {
      this.#track(this.#giveUp(running, errorToData(error)))
    }
  }

  async #closeShared(running: Running, part: PartWriter): Promise<void> {
    try {
      running.parts.set(this.#job.workers, await part.close())
      if (this.#running === running) this.#completeWhenAllHave(running)
    } catch (error) {
      await this.#giveUp(running, errorToData(error))
    }
  }

  #completeWhenAllHave(running: Running): void {
    const parts = this.#job.workers + (running.sharedPart === undefined ? 0 : 1)
    if (running.parts.size < parts) return
    const missed = !running.shared && this.#job.stores.used
    this.#track(missed ? this.#takeAnew(running) : this.#complete(running))
  }

  declined(epoch: number, error: ErrorData): void {
    if (this.#running?.epoch === epoch) this.#track(this.#giveUp(this.#running, error))
  }

  /** All subtasks of a worker have come to their end. */
  allLast(worker: number): void {
    this.#lasts.add(worker)
    if (this.#lasts.size === this.#job.workers) this.#track(this.#beginNext())
  }

  /** All of a worker stands still behind the last checkpoint, which is visible. */
  suspended(worker: number): void {
    this.#suspended.add(worker)
    if (this.#suspended.size === this.#job.workers) this.#job.suspended()
  }

  /** Something is done in a directory; never rejects. */
  #track(work: Promise<void>): void {
    this.#works.add(work)
    void work.finally(() => this.#works.delete(work))
  }

  #schedule(): void {
    if (this.#closed || this.#pace.intervalMs === Number.POSITIVE_INFINITY) return
    this.#stopTimer()
    const begin = () => this.#track(this.#beginNext(true))
    this.#stopTimer = this.#machine.after(this.#pace.intervalMs, begin)
  }

  /** Begins the next one, if none is under way and there is a reason. */
  async #beginNext(due = false): Promise<void> {
    const last = this.#lasts.size === this.#job.workers
    const wanted = due || last || this.#requests.length > 0
    if (this.#closed || this.#running !== undefined || this.#beginning || !wanted) return
    this.#beginning = true
    const requests = this.#takeRequests()
    try {
      await this.#begin(requests, last)
    } catch (error) {
      this.#refuse(errorToData(error), requests, last)
    } finally {
      this.#beginning = false
    }
  }

  /** Requests that one checkpoint answers: a savepoint is written for itself. */
  #takeRequests(): CheckpointRequest[] {
    const [first] = this.#requests
    if (first === undefined) return []
    if (first.path !== undefined || first.suspend) return this.#requests.splice(0, 1)
    const alike = this.#requests.filter(({ path, suspend }) => path === undefined && !suspend)
    for (const one of alike) this.#requests.splice(this.#requests.indexOf(one), 1)
    return alike
  }

  async #begin(requests: readonly CheckpointRequest[], last: boolean): Promise<void> {
    const path = requests[0]?.path
    const savepoint = path !== undefined
    if (path === this.#pace.directory) throw notItsOwn(path)
    const store = savepoint ? this.#job.openStore(path) : this.#store
    const lock = savepoint ? await store.lock() : undefined
    const epoch = savepoint ? await this.#epochOfSavepoint(store) : this.#next++
    const base = savepoint ? undefined : this.#base
    await store.begin(epoch, base?.epoch)
    if (this.#closed) {
      await lock?.release()
      return
    }
    const suspend = requests.some((request) => request.suspend)
    // Who stands still behind the barrier for good cannot come to that of another.
    const shared = suspend || this.#job.stores.used
    const running: Running = {
      epoch,
      store,
      lock,
      base,
      begun: this.#machine.nowMs(),
      savepoint,
      suspend,
      last,
      requests,
      shared,
      held: new Set(),
      sharedPart: undefined,
      ready: new Set(),
      parts: new Map(),
      pushed: new Map(),
      stopTimer: nothing,
      completing: false,
    }
    this.#running = running
    const late = () => {
      const message = `checkpoint ${epoch}: expected it to be complete within ${this.#pace.timeoutMs} ms`
      this.#track(this.#giveUp(running, errorToData(new StreamError('SAGE_TIMEOUT', message))))
    }
    if (this.#pace.timeoutMs !== Number.POSITIVE_INFINITY)
      running.stopTimer = this.#machine.after(this.#pace.timeoutMs, late)
    const directory = store.site.directory
    const unaligned = this.#pace.unaligned && !savepoint && !suspend
    const order = { epoch, directory, base, savepoint, suspend, shared, unaligned }
    this.#job.tell({ type: 'checkpoint', order })
  }

  /** A number of the job's own, too: barriers and what sinks make visible are in the order of these. */
  async #epochOfSavepoint(store: CheckpointStore): Promise<number> {
    const epoch = Math.max(this.#next, await store.nextEpoch())
    this.#next = epoch + 1
    // It counts as used for ever, as that of a checkpoint that was given up.
    await this.#store.begin(epoch)
    await this.#store.abort(epoch)
    return epoch
  }

  async #complete(running: Running): Promise<void> {
    running.completing = true
    running.stopTimer()
    const { epoch, store, base, savepoint, sharedPart } = running
    const { nowMs, clock } = this.#machine
    try {
      const parts = [...running.parts.values()]
      const facts = this.#job.facts()
      const operators = sharedPart === undefined ? facts.operators : [...facts.operators, SHARED]
      const head = { ...facts, operators, epoch, time: clock.now(), savepoint }
      const manifest = buildManifest({
        ...head,
        parts,
        ...(base === undefined ? {} : { base }),
        ...this.#fed(running),
      })
      const { path, bytes } = await store.complete(manifest)
      if (!savepoint) this.#base = manifest
      else if (running.suspend && showsAnything(manifest)) await this.#store.leave(epoch, path)
      await running.lock?.release()
      const info = { id: epoch, path, bytes, durationMs: nowMs() - running.begun }
      const pushed = savepoint ? undefined : running.pushed
      this.#done(running, { info, requests: idsOf(running.requests), pushed })
    } catch (error) {
      await this.#giveUp(running, errorToData(error))
    }
  }

  /** The main thread may never hear of the checkpoint, and the job begin with it all the same. */
  #fed({ savepoint, pushed }: Running): Pick<Manifest, 'fed'> {
    if (savepoint || pushed.size === 0) return {}
    const { owner, life } = this.#job
    return { fed: { owner, life, records: [...pushed] } }
  }

  #done(running: Running, done: CompletedReport): void {
    if (this.#running !== running) {
      // The job ended meanwhile: its next life begins with this one all the same, and its streams have to know.
      this.#job.report({ ...done, requests: [] })
      return
    }
    this.#running = undefined
    this.#job.tell({ type: 'completed', epoch: running.epoch })
    this.#job.report(done)
    // It ends when all workers have committed.
    if (running.suspend) return
    // What is not needed any more goes in the background; what could not be removed goes next time.
    if (!running.savepoint)
      this.#track(this.#store.retain(this.#pace.retain).then(nothing, nothing))
    this.#schedule()
    this.#track(this.#beginNext())
  }

  async #giveUp(running: Running, error: ErrorData): Promise<void> {
    if (this.#running !== running) return
    await this.#takeBack(running)
    this.#refuse(error, running.requests, running.last)
  }

  /**
   * The first store came into use while it was taken: who had its barrier then, nobody can tell. The one that is taken in its
   * place has all subtasks stand still.
   */
  async #takeAnew(running: Running): Promise<void> {
    this.#requests.unshift(...running.requests)
    this.#beginning = true
    await this.#takeBack(running)
    this.#beginning = false
    await this.#beginNext(true)
  }

  async #takeBack(running: Running): Promise<void> {
    const { epoch, store, lock, sharedPart } = running
    this.#running = undefined
    running.stopTimer()
    this.#job.tell({ type: 'aborted', epoch })
    await sharedPart?.abort()
    if (await this.#unnote(running)) await store.abort(epoch).catch(() => {})
    await lock?.release().catch(() => {})
  }

  /** False: the job's directory still tells of a savepoint that it was to be left with, which must stay then. */
  async #unnote({ epoch, savepoint, suspend }: Running): Promise<boolean> {
    if (!savepoint || !suspend) return true
    return this.#store.abort(epoch).then(
      () => true,
      () => false,
    )
  }

  #refuse(error: ErrorData, requests: readonly CheckpointRequest[], last: boolean): void {
    if (this.#closed) return
    this.#job.refuse(error, idsOf(requests))
    if (last) this.#job.fail(error)
    this.#schedule()
    this.#track(this.#beginNext())
  }
}

/** The lock of a savepoint would take that of the job's own checkpoints away. */
function notItsOwn(path: string): StreamError {
  const expected = "a directory other than that of the job's checkpoints"
  return new StreamError('SAGE_OPTION', `savepoint: expected ${expected}, got '${path}'`)
}

/** Whether any sink makes visible what a checkpoint holds. */
function showsAnything({ operators }: Manifest): boolean {
  return operators.some(({ visibility }) => visibility !== 'none')
}

function idsOf(requests: readonly CheckpointRequest[]): number[] {
  return requests.map(({ id }) => id)
}
