import type { InputStream } from '../api/input-stream.ts'
import type { JobHandle } from '../job/job-handle.ts'
import { type Item, itemOf, type SourceSpec } from './item.ts'
import type { World } from './world.ts'

/** How long the program does something else between two pushes, and two records that it reads, at most, in ms. */
const PAUSE_MS = 60
/** How long it reads nothing, now and then, at most. */
const STANDSTILL_MS = 3_000

/** Takes the rows that an output gives. */
export interface RowReader {
  read(what: string): void
  /** It does not read on, though more may come. */
  left(): void
}

/** How a program goes about it, in one life. */
export interface ProgramPlan {
  /** Whether it stops reading in the midst. */
  readonly leavesEarly: boolean
}

/** What a program on the main thread does with a job: it pushes, and reads, until the job takes and gives nothing more. */
export class MainProgram {
  /** Whether all of it has come to its end. */
  done = false
  readonly #feeders: readonly Feeder[]

  constructor(
    job: JobHandle,
    sources: readonly SourceSpec[],
    world: World,
    reader: RowReader,
    plan: ProgramPlan,
  ) {
    this.#feeders = sources
      .filter(({ fed }) => fed !== undefined)
      .map((spec) => new Feeder(job, spec, world))
    const reading = world.output === undefined ? [] : [read(world, reader, plan)]
    void Promise.all([...this.#feeders.map((feeder) => feeder.feed()), ...reading]).then(() => {
      this.done = true
    })
  }

  /** The job starts again in its process. */
  restarted(): void {
    for (const feeder of this.#feeders) feeder.restarted()
  }

  /** What must not be, of what streams have lost so far. */
  misses(): string | undefined {
    return this.#feeders.map((feeder) => feeder.misses()).find((what) => what !== undefined)
  }
}

async function read(world: World, reader: RowReader, { leavesEarly }: ProgramPlan): Promise<void> {
  const { random } = world
  let left = leavesEarly ? random.below(20) : Number.POSITIVE_INFINITY
  try {
    for await (const { what } of world.output!) {
      reader.read(what)
      if (left-- <= 0) {
        reader.left()
        break
      }
      if (random.chance(0.3)) await pause(world, 'the program reads on')
      else if (random.chance(0.02))
        await world.later(STANDSTILL_MS, 'the program reads on', () => {})
    }
  } catch {
    // The job has failed: whoever has submitted it is told why.
  }
}

function pause(world: World, what: string): Promise<void> {
  return world.later(PAUSE_MS, what, () => {})
}

/** That it may reject is told by whoever awaits it later. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** Pushes the items of a source, from the first on: the job leaves out what it knows of feedings before. */
class Feeder {
  readonly #job: JobHandle
  readonly #spec: SourceSpec
  readonly #stream: InputStream<Item>
  readonly #world: World
  readonly #count: number
  #next = 0
  /** So many items are known to be in a checkpoint of this life. */
  #kept = 0
  /** So many were accepted, from the first on, in this feeding or in a checkpoint. */
  #taken = 0
  /** Records that it has given to the stream. */
  #pushed = 0
  #losses = 0
  /** The last that was pushed, by key. */
  readonly #last = new Map<string, number>()

  constructor(job: JobHandle, spec: SourceSpec, world: World) {
    this.#job = job
    this.#spec = spec
    this.#world = world
    this.#stream = world.streams.get(spec.name)!
    this.#count = spec.counts[0]
  }

  async feed(): Promise<void> {
    try {
      await this.#feedAll()
      this.#stream.end()
    } catch {
      // The job takes no more.
    }
  }

  /** What no checkpoint holds is pushed once more, where nobody else does that. */
  restarted(): void {
    if (this.#spec.fed === 'replayed') return
    this.#losses++
    this.#next = this.#kept
    this.#take(this.#kept)
  }

  misses(): string | undefined {
    const { dropped } = this.#job.metrics().find(({ name }) => name === this.#spec.name)!
    const most = this.#losses === 0 ? 0 : this.#pushed - this.#kept
    if (dropped <= most) return undefined
    return `stream '${this.#spec.name}' has lost ${dropped} records, and may have lost ${most}`
  }

  async #feedAll(): Promise<void> {
    let pushes: Promise<void>[] = []
    for (;;) {
      const { random } = this.#world
      await pause(this.#world, `the program pushes to '${this.#spec.name}'`)
      if (this.#next < this.#count) pushes.push(handled(this.#pushSome()))
      if (random.chance(0.05)) await this.#keep()
      if (this.#next < this.#count && random.chance(0.7)) continue
      await Promise.all(pushes)
      pushes = []
      if (this.#next === this.#count && (await this.#isSafe())) return
    }
  }

  /** Whether nothing of what was pushed can be lost any more. */
  async #isSafe(): Promise<boolean> {
    if (this.#spec.fed === 'replayed') return true
    // Throws when the job takes no more.
    await this.#stream.ready()
    await this.#keep()
    return this.#kept === this.#count
  }

  #pushSome(): Promise<void> {
    const { random } = this.#world
    const from = this.#next
    const to = Math.min(this.#count, from + random.between(1, 4))
    this.#next = to
    this.#pushed += to - from
    const items = Array.from({ length: to - from }, (_, i) => this.#item(from + i))
    const losses = this.#losses
    const accepted = (upTo: number) => {
      // Calls are accepted in order, and may be told of in another.
      if (losses === this.#losses && upTo > this.#taken) this.#take(upTo)
    }
    const way = random.below(4)
    if (way === 0) return this.#stream.pushMany(items).then(() => accepted(to))
    if (way === 1 && this.#stream.tryPush(items[0])) {
      accepted(from + 1)
      items.shift()
    }
    const rest = items.map((item) => this.#stream.push(item).then(() => accepted(item.index + 1)))
    return Promise.all(rest).then(() => {})
  }

  #item(index: number): Item {
    const feeding = `${this.#world.life.split('.')[0]}.${this.#losses}`
    const item = { ...itemOf(this.#spec, 0, index), feeding }
    if (this.#spec.fed === 'lossy') return item
    const after = this.#last.get(item.key) ?? -1
    this.#last.set(item.key, index)
    return { ...item, after }
  }

  #take(upTo: number): void {
    this.#taken = upTo
    this.#world.handedOut(this.#spec.name, 0, upTo)
  }

  /** What was accepted before a checkpoint is in it. */
  async #keep(): Promise<void> {
    const [losses, taken] = [this.#losses, this.#taken]
    try {
      await this.#job.checkpoint()
      if (losses === this.#losses) this.#kept = taken
    } catch {
      // It could not be taken.
    }
  }
}
