import type { WatermarkGenerator } from '../../operators/contract/operator.ts'
import type { PartitionedSource } from '../../operators/contract/source.ts'
import { type DriverSetting, PartitionDriver, type Pulled } from './partition-driver.ts'

export type { Pulled } from './partition-driver.ts'

/** So many pulls in a row from one partition, then the next has its turn, though this one has more. */
const TURN_PULLS = 32

/** A subtask's way to the partitions of its source. */
export interface PartitionClaim {
  /** Takes the next partition; null when none is left for this subtask. */
  next(): string | null
  /** Whether `next` may still give one, to this subtask or, where they are shared, to another. */
  readonly more: boolean
  /**
   * Whether partitions are taken only when the one before has ended: such as end by themselves, and which any subtask may
   * take. Others are this subtask's from the start, and it reads them side by side.
   */
  readonly oneByOne: boolean
  /** Where a partition is to be continued; undefined: from its beginning. */
  position?(partition: string): unknown
  /** What the job has resumed with, as checkpoints have it; of one subtask only, for those that nobody reads any more, or yet. */
  readonly resumed?: ReadonlyMap<string, unknown>
}

/** How far a subtask has read its source. */
export interface SourcePositions {
  /** The partitions it reads, each with the position of its next unread record; undefined: its first. */
  readonly open: readonly (readonly [partition: string, position: unknown])[]
  /** Those it has read to their end. */
  readonly ended: readonly string[]
  /** What the job has resumed with: holds for partitions that no subtask has in `open` or `ended`. */
  readonly resumed: ReadonlyMap<string, unknown>
}

const NONE: ReadonlyMap<string, unknown> = new Map()

/**
 * Reads the partitions of a source on one subtask. One that has nothing at present, or that has had its turn, makes way
 * for the next.
 */
export class SourceDriver {
  readonly #source: PartitionedSource<unknown, unknown>
  readonly #claim: PartitionClaim
  readonly #setting: DriverSetting
  readonly #clock: { now(): number }
  readonly #open: PartitionDriver[] = []
  readonly #ended: string[] = []
  #turn = 0
  #pulls = 0
  #stopped = false
  /** Those of the operators of this subtask that assign timestamps: they are told which partition records come from. */
  readonly #generators: readonly WatermarkGenerator[]

  /** @param clock - the job's, by which partitions are idle */
  constructor(
    source: PartitionedSource<unknown, unknown>,
    claim: PartitionClaim,
    setting: DriverSetting,
    clock: { now(): number },
    generators: readonly WatermarkGenerator[] = [],
  ) {
    this.#generators = generators
    this.#source = source
    this.#claim = claim
    this.#setting = setting
    this.#clock = clock
  }

  /** The records of the last pull that answered 'records'. */
  records: unknown[] = []

  /** The timestamps of these records, where the source says them. */
  timestamps: ArrayLike<number> | undefined

  /** When an idle source wants to be asked again, in monotonic ms; Infinity while none of it is idle. */
  get dueMs(): number {
    if (this.#stopped) return Number.POSITIVE_INFINITY
    let due = Number.POSITIVE_INFINITY
    for (const partition of this.#open) due = Math.min(due, partition.dueMs)
    return this.#open.length === 0 ? Number.NEGATIVE_INFINITY : due
  }

  /** Whether a promise of the source is pending: the event loop must run. */
  get waiting(): boolean {
    return this.#open.some((partition) => partition.waiting)
  }

  /** The source asked to be asked again at once. */
  awaken(): void {
    this.askNow()
    this.#setting.wake()
  }

  /** Whether it has nothing more to give at present: it is not reading, and nothing of it waits to be taken. */
  get quiet(): boolean {
    return this.#open.every((partition) => partition.quiet)
  }

  /** How far this subtask has come, by what has been pulled. */
  get positions(): SourcePositions {
    return {
      open: this.#open.map(({ name, position }) => [name, position] as const),
      ended: [...this.#ended],
      resumed: this.#claim.resumed ?? NONE,
    }
  }

  /** Idle partitions are asked again by the next pull, whatever the time. */
  askNow(): void {
    for (const partition of this.#open) partition.askNow()
  }

  /** Asks for records. Throws what the source threw; it may then be asked again. */
  pull(): Pulled {
    if (this.#open.length === 0 || !this.#claim.oneByOne) this.#claimMore()
    for (const generator of this.#generators) generator.awaiting = this.#claim.more
    let found: Pulled = 'ended'
    for (let asked = this.#open.length; asked > 0; asked--) {
      const pulled = this.#ask(this.#open[this.#turn])
      if (pulled === 'records') return pulled
      if (pulled === 'waiting' || (pulled === 'idle' && found === 'ended')) found = pulled
    }
    if (found !== 'ended') return found
    return this.#stopped || !this.#claimMore() ? 'ended' : this.pull()
  }

  /** No more records: a stop. What promises have brought by then is handed over. */
  end(): void {
    this.#stopped = true
    for (const partition of this.#open) partition.stop()
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    this.#stopped = true
    for (const partition of this.#open.splice(0)) await partition.close()
  }

  #ask(partition: PartitionDriver): Pulled {
    const pulled = partition.pull()
    if (pulled === 'records') {
      this.records = partition.records
      this.timestamps = partition.timestamps
      if (this.records.length > 0) this.#select(partition.name)
      if (++this.#pulls >= TURN_PULLS) this.#pass()
      return pulled
    }
    // One that was stopped is still open.
    if (pulled === 'ended' && !this.#stopped) this.#remove(partition)
    else {
      if (pulled === 'idle') this.#quiet(partition.name)
      this.#pass()
    }
    return pulled
  }

  #remove(partition: PartitionDriver): void {
    this.#open.splice(this.#open.indexOf(partition), 1)
    this.#ended.push(partition.name)
    for (const generator of this.#generators) generator.end(partition.name)
    this.#pulls = 0
    if (this.#turn >= this.#open.length) this.#turn = 0
  }

  #select(partition: string): void {
    for (const generator of this.#generators) generator.select(partition)
  }

  #quiet(partition: string): void {
    if (this.#generators.length === 0) return
    const now = this.#clock.now()
    for (const generator of this.#generators) generator.quiet(partition, now)
  }

  #pass(): void {
    this.#pulls = 0
    this.#turn = this.#turn + 1 >= this.#open.length ? 0 : this.#turn + 1
  }

  /** True when there is a partition more to read. */
  #claimMore(): boolean {
    if (this.#stopped || !this.#claim.more) return false
    const before = this.#open.length
    for (let name = this.#claim.next(); name !== null; name = this.#claim.next()) {
      const position = this.#claim.position?.(name)
      this.#open.push(new PartitionDriver(name, this.#source, this.#setting, position))
      // Known to be there before the first record: what is promised must wait for it.
      this.#select(name)
      if (this.#claim.oneByOne) break
    }
    return this.#open.length > before
  }
}
