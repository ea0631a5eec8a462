import { posix } from 'node:path'
import type { Files, OpenFile } from '../../operators/contract/files.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import type { Inode, SimulatedDisk } from './simulated-disk.ts'

/** How a disk does during one life of a job; times by the monotonic clock. */
export interface DiskWeather {
  /** How long an operation takes at most, in ms. */
  readonly latencyMs: number
  /** How long making something durable takes at most, in ms. */
  readonly syncMs: number
  /** How many of all operations fail. */
  readonly errorShare: number
  /** How many writes are short. */
  readonly shortShare: number
  /** When there is no room. */
  readonly full: readonly [fromMs: number, toMs: number]
  /** When nothing may be changed. */
  readonly readOnly: readonly [fromMs: number, toMs: number]
}

/** Operations that need room, and those that change something. */
const TAKES_ROOM = new Set(['makeDirectory', 'create', 'write'])
const CHANGES = new Set([
  'makeDirectory',
  'create',
  'write',
  'rename',
  'remove',
  'sync',
  'syncDirectory',
])

/** An error as the system has it. */
function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}

/**
 * The files of a simulated disk, as a store uses them: every operation takes its time, and may fail. One whose process
 * is killed meanwhile has had its effect, or not, or half of it.
 */
export class SimulatedFiles implements Files {
  /** How often an operation has failed. */
  failures = 0
  readonly #schedule: Schedule
  readonly #disk: SimulatedDisk
  readonly #weather: DiskWeather
  readonly #random: Random

  constructor(schedule: Schedule, disk: SimulatedDisk, weather: DiskWeather, random: Random) {
    this.#schedule = schedule
    this.#disk = disk
    this.#weather = weather
    this.#random = random
  }

  makeDirectory(path: string): Promise<void> {
    return this.#call('makeDirectory', path, () => this.#disk.makeDirectory(path))
  }

  list(directory: string): Promise<string[]> {
    return this.#call('list', directory, () =>
      this.#disk.list(directory).map((path) => path.slice(directory.length + 1)),
    )
  }

  create(path: string): Promise<OpenFile> {
    return this.#call('create', path, () => {
      if (this.#disk.find(path) !== undefined) throw systemError('EEXIST', path)
      if (!this.#disk.hasDirectory(posix.dirname(path))) throw systemError('ENOENT', path)
      return this.#opened(path, this.#disk.create(path))
    })
  }

  open(path: string): Promise<OpenFile> {
    return this.#call('open', path, () => this.#opened(path, this.#existing(path)))
  }

  rename(from: string, to: string): Promise<void> {
    return this.#call('rename', to, () => {
      this.#existing(from)
      this.#disk.rename(from, to)
    })
  }

  remove(path: string): Promise<void> {
    return this.#call('remove', path, () => this.#disk.remove(path))
  }

  syncDirectory(path: string): Promise<void> {
    return this.#call('syncDirectory', path, () => this.#disk.syncDirectory(path))
  }

  #existing(path: string): Inode {
    const inode = this.#disk.find(path)
    if (inode === undefined) throw systemError('ENOENT', path)
    return inode
  }

  #opened(path: string, inode: Inode): OpenFile {
    return {
      write: (bytes, at) => {
        const isShort = bytes.length > 1 && this.#random.chance(this.#weather.shortShare)
        const part = bytes.slice(0, isShort ? this.#random.between(1, bytes.length - 1) : undefined)
        const write = () => {
          inode.write(part, at)
          return part.length
        }
        const torn = () => inode.write(part.subarray(0, this.#random.below(part.length + 1)), at)
        return this.#call('write', path, write, torn)
      },
      read: (into, at) =>
        this.#call('read', path, () => {
          const bytes = inode.bytes.subarray(at, at + into.length)
          into.set(bytes)
          return bytes.length
        }),
      size: () => this.#call('size', path, () => inode.bytes.length),
      sync: () =>
        this.#call(
          'sync',
          path,
          () => inode.sync(),
          undefined,
          () => inode.lose(),
        ),
      close: () => this.#call('close', path, () => {}),
    }
  }

  /** @param torn - the effect of an operation that was interrupted halfway; failed - of one that fails */
  #call<R>(
    operation: string,
    path: string,
    effect: () => R,
    torn: () => void = effect,
    failed: () => void = () => {},
  ): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>()
    const code = this.#failureOf(operation)
    const run = () => {
      try {
        if (code !== undefined) throw systemError(code, `injected, ${operation} ${path}`)
        resolve(effect())
      } catch (error) {
        if (code !== undefined) {
          this.failures++
          failed()
        }
        reject(error)
      }
    }
    this.#schedule.plan({
      ms: this.#schedule.delay(this.#latencyOf(operation)),
      what: () => `${operation} ${path}${code === undefined ? '' : ` fails: ${code}`}`,
      run,
      abandoned: (end) => {
        if (code !== undefined) return
        try {
          // Where the process goes on, what its thread has begun is done.
          if (end === 'thread') effect()
          else if (this.#random.chance(0.5)) torn()
        } catch {}
      },
    })
    return promise
  }

  #latencyOf(operation: string): number {
    const { latencyMs, syncMs } = this.#weather
    return operation.startsWith('sync') ? syncMs : latencyMs
  }

  #failureOf(operation: string): string | undefined {
    const { errorShare, full, readOnly } = this.#weather
    const now = this.#schedule.nowMs
    if (TAKES_ROOM.has(operation) && now >= full[0] && now < full[1]) return 'ENOSPC'
    if (CHANGES.has(operation) && now >= readOnly[0] && now < readOnly[1]) return 'EROFS'
    return this.#random.chance(errorShare) ? 'EIO' : undefined
  }
}
