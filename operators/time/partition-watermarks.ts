import type { WatermarkGenerator } from '../contract/operator.ts'
import type { WatermarkStrategy } from './watermark-strategy.ts'

const NEVER = Number.NEGATIVE_INFINITY

/** Plain data: the partitions that have not ended, by name, with the highest timestamp of each. */
interface TimeSnapshot {
  readonly watermark: number
  readonly idle: boolean
  readonly partitions: readonly (readonly [name: string, highest: number])[]
}

/** The name of what comes from no source, but over an exchange. */
const UNNAMED = ''

interface PartitionTime {
  readonly name: string
  highest: number
  idle: boolean
  /** When it was first found to have nothing since its last record, in ms of the job's clock; NaN: it was not. */
  quietSince: number
}

/**
 * The watermark of one subtask: the minimum over its partitions that are neither ended nor idle. It never falls: a
 * partition that comes back from being idle with older records brings late ones.
 */
export class PartitionWatermarks implements WatermarkGenerator {
  readonly #strategy: WatermarkStrategy
  readonly #partitions: PartitionTime[] = []
  /** How far partitions had come in the checkpoint that the job begins with, until they are read again. */
  readonly #known = new Map<string, number>()
  #current: PartitionTime | undefined
  #awaiting = false
  /** Partitions have come back that know their time: it holds once all have that were to come with them. */
  #resumed = false
  highest = NEVER
  watermark = NEVER

  constructor(strategy: WatermarkStrategy) {
    this.#strategy = strategy
  }

  get awaiting(): boolean {
    return this.#awaiting
  }

  set awaiting(awaiting: boolean) {
    if (awaiting === this.#awaiting && !this.#resumed) return
    this.#awaiting = awaiting
    this.#resumed = false
    this.#update()
  }

  get idle(): boolean {
    if (this.#awaiting || this.#partitions.length === 0) return false
    return this.#partitions.every(({ idle }) => idle)
  }

  get idleAt(): number {
    let at = Number.POSITIVE_INFINITY
    for (const { quietSince, idle } of this.#partitions) {
      if (!idle && !Number.isNaN(quietSince)) {
        at = Math.min(at, quietSince + this.#strategy.idlenessMs)
      }
    }
    return at
  }

  raise(timestamp: number): void {
    this.#current ??= this.#add(UNNAMED)
    this.highest = timestamp
    this.#current.highest = timestamp
    if (this.#partitions.length > 1 || this.#awaiting) this.#update()
    else this.#promise(timestamp - this.#strategy.outOfOrdernessMs)
  }

  select(partition: string): void {
    const current = this.#current
    if (current === undefined || current.name !== partition) this.#turnTo(partition)
    else if (current.idle || !Number.isNaN(current.quietSince)) this.#awake(current)
  }

  end(partition: string): void {
    const index = this.#partitions.findIndex(({ name }) => name === partition)
    if (index === -1) return
    const [ended] = this.#partitions.splice(index, 1)
    if (ended === this.#current) this.#current = undefined
    // What it has promised still holds when it was the last.
    if (this.#partitions.length > 0) this.#update()
  }

  quiet(partition: string, now: number): void {
    if (this.#strategy.idlenessMs === Number.POSITIVE_INFINITY) return
    // One of which nothing has come yet is idle, too, when that has lasted so long.
    const found = this.#partitions.find(({ name }) => name === partition) ?? this.#add(partition)
    if (Number.isNaN(found.quietSince)) found.quietSince = now
    if (found.idle || now - found.quietSince < this.#strategy.idlenessMs) return
    found.idle = true
    this.#update()
  }

  pressed(): void {
    for (const partition of this.#partitions) partition.quietSince = Number.NaN
  }

  /** Those that have not been read again yet are as they were. */
  snapshot(): TimeSnapshot {
    const { watermark, idle } = this
    const partitions = new Map(this.#known)
    for (const { name, highest } of this.#partitions)
      if (highest > NEVER) partitions.set(name, highest)
    return { watermark, idle, partitions: [...partitions] }
  }

  restore(all: readonly TimeSnapshot[], own: TimeSnapshot | undefined): void {
    for (const { partitions } of all)
      for (const [name, highest] of partitions) this.#know(name, highest)
    // What comes over an exchange is another subtask's in another place.
    this.#known.delete(UNNAMED)
    for (const [name, highest] of own?.partitions ?? [])
      if (name === UNNAMED) this.#know(name, highest)
    // Partitions may be read by another subtask than before: no more holds than what all had promised.
    const busy = all.filter(({ idle }) => !idle)
    const promises = (busy.length > 0 ? busy : all).map(({ watermark }) => watermark)
    this.#promise(busy.length > 0 ? Math.min(...promises) : Math.max(...promises))
    if (!this.#known.has(UNNAMED)) return
    this.#current = this.#add(UNNAMED)
    this.highest = this.#current.highest
  }

  #know(name: string, highest: number): void {
    const known = this.#known.get(name)
    if (known === undefined || highest > known) this.#known.set(name, highest)
  }

  #turnTo(partition: string): void {
    const found = this.#partitions.find(({ name }) => name === partition) ?? this.#add(partition)
    this.#current = found
    this.highest = found.highest
    this.#awake(found)
  }

  #awake(partition: PartitionTime): void {
    partition.quietSince = Number.NaN
    partition.idle = false
  }

  #add(name: string): PartitionTime {
    const highest = this.#known.get(name) ?? NEVER
    if (this.#known.delete(name)) this.#resumed = true
    const added = { name, highest, idle: false, quietSince: Number.NaN }
    this.#partitions.push(added)
    return added
  }

  #update(): void {
    if (this.#awaiting) return
    let least = Number.POSITIVE_INFINITY
    for (const { highest, idle } of this.#partitions) if (!idle && highest < least) least = highest
    if (least < Number.POSITIVE_INFINITY) this.#promise(least - this.#strategy.outOfOrdernessMs)
  }

  #promise(watermark: number): void {
    if (watermark > this.watermark) this.watermark = watermark
  }
}
