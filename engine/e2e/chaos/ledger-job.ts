import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineJob, FileSink, StatefulFunction, tumbling, watermarks } from 'sage-stream'
import { type Entry, WINDOW_MS } from './ledger-files.ts'
import { type Pace, Paced } from './paced.ts'
import { type StoreFaults, spoilStore } from './store-faults.ts'

/** Where user code throws. */
export type Fault = 'map' | 'snapshot' | 'restore' | 'close'

export interface LedgerParams extends Pace {
  readonly input: string
  readonly output: string
  readonly store?: StoreFaults
  /** Faults, one after the other, each once; marks in a directory tell which are over. */
  readonly faults?: { readonly marks: string; readonly order: readonly Fault[] }
}

/** Thrown where the next fault is due. */
class Faults {
  readonly #params: LedgerParams['faults']

  constructor(params: LedgerParams['faults']) {
    this.#params = params
  }

  throwIf(where: Fault): void {
    if (this.#params === undefined) return
    const { marks, order } = this.#params
    const next = readdirSync(marks).length
    if (order[next] !== where) return
    try {
      writeFileSync(join(marks, String(next)), '', { flag: 'wx' })
    } catch {
      // Another subtask was first.
      return
    }
    throw new RangeError(`the fault of the test in ${where}`)
  }
}

/** Keeps a field beside the keyed state, and has the faults. */
class Audited extends StatefulFunction<Entry, Entry> {
  static override stateInclude = ['audited']
  static override redistribute(states: readonly { audited?: number }[], parallelism: number) {
    const all = states.reduce((sum, { audited = 0 }) => sum + audited, 0)
    return Array.from({ length: parallelism }, (_, i) => ({ audited: i === 0 ? all : 0 }))
  }
  readonly #faults: Faults
  #snapshots = 0
  #audited = 0

  constructor(params: Pick<LedgerParams, 'faults'>) {
    super()
    this.#faults = new Faults(params.faults)
  }
  get audited(): number {
    return this.#audited
  }
  set audited(count: number) {
    this.#faults.throwIf('restore')
    this.#audited = count
  }
  override saveState() {
    this.#faults.throwIf('snapshot')
    this.#snapshots++
    return super.saveState()
  }
  override execute(entry: Entry): Entry {
    // Of these, one may have been given up, and one not be complete yet: there is something to restore.
    if (++this.#audited % 50 === 0 && this.#snapshots > 5) this.#faults.throwIf('map')
    return entry
  }
  override close() {
    // Not where the job fails anyway, because of its restore.
    if (this.#snapshots > 0) this.#faults.throwIf('close')
  }
}

/** From files to files: every record with its count per key, and counts per key and window. */
export const ledger = defineJob(import.meta.url, 'ledger', (env, params: LedgerParams) => {
  const { input, output, faults, store } = params
  if (store !== undefined) spoilStore(store, output)
  const entries = env
    .fromFile<Entry>(`${input}/*.json`, { format: 'json', split: false, uid: 'entries' })
    .map(Paced<Entry>, params, { uid: 'paced' })
    .assignTimestamps(({ at }) => at, watermarks.monotonic(), { uid: 'times' })
    .keyBy(({ key }) => key)
    .map(Audited, { faults }, { uid: 'audited' })
  entries
    .map(({ key, seq }, ctx) => ({ key, seq, n: ++ctx.state('n', () => 0).value }), {
      uid: 'counts',
    })
    .sink(FileSink, { path: join(output, 'counts'), format: 'json' }, { uid: 'count files' })
  entries
    .window(tumbling(WINDOW_MS))
    .count({ uid: 'windows' })
    .sink(FileSink, { path: join(output, 'windows'), format: 'json' }, { uid: 'window files' })
  return {}
})
