/**
 * Keyed state (an object of three numbers and two texts per key) to a checkpoint directory and back, on one thread, beside the bare files.
 *
 * ```
 *   keyed store ── entries ──> encode, CRC, 1 MiB blocks ──> file, synced ──> manifest, synced      the subject
 *   bytes ───────────────────────────────────────────────> file, synced
 *   keyed store ── changedSince ──> … ──> manifest, synced                                          1 % of the keys
 *
 *   file ──> blocks, CRC, decode ──> keyed store
 *   file ──> blocks, CRC, decode
 *   file ──> bytes
 * ```
 *
 * Files lie in the system's folder for temporary files: what a disk does is measured with what the store does.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { type BenchResult, measure, milliseconds, perSecond, type Sample } from 'sage-stream/bench'
import { buildManifest } from '../engine/checkpoint/build-manifest.ts'
import { DirectorySite, DirectoryStore } from '../engine/checkpoint/directory-store.ts'
import type { Manifest } from '../engine/checkpoint/manifest.ts'
import type { KeyedEntry } from '../operators/contract/keyed-store.ts'
import { HeapStore } from '../operators/state/heap-store.ts'

export const title = 'Checkpoints of keyed state'
export const targets =
  'a delta of 1 % of the keys: <= 3 % of the bytes; restore >= 115 MB/s (1 GB in 9 s)'

const KEYS = 200_000
const GROUPS = 128
const CHANGED = KEYS / 100
const CHUNK = 1 << 20
const MEGABYTES = perSecond('MB')
const clock = { now: () => 0 }

/** Runs the three tables. */
export async function run(): Promise<BenchResult[]> {
  const directory = mkdtempSync(`${tmpdir()}/sage-bench-`)
  try {
    const state = new State(directory)
    await state.write('all')
    return [...(await writing(state)), ...(await restoring(state)), ...(await deltas(state))]
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function writing(state: State): Promise<BenchResult[]> {
  return measure({
    bench: 'write',
    unit: MEGABYTES,
    contenders: [
      { name: 'checkpoint store', run: () => state.write('all'), check: checkBytes(state.bytes) },
      { name: 'plain file', run: () => writePlain(state), check: checkBytes(state.bytes) },
    ],
  })
}

async function restoring(state: State): Promise<BenchResult[]> {
  const { manifest } = state
  await writePlain(state)
  const read = async (restore: (entries: Iterable<KeyedEntry>) => number): Promise<Sample> => {
    const begin = performance.now()
    let keys = 0
    const reader = new DirectorySite(state.store.site).open(manifest)
    for await (const { items } of reader.read({ operator: 'op', kind: 'keyed' }))
      keys += restore(items)
    return sample(state.bytes, begin, keys)
  }
  const check = ({ sum }: Sample): void => {
    if (sum !== KEYS) throw new Error(`expected ${KEYS} keys, got ${sum}`)
  }
  const restored = () => {
    const store = new HeapStore(GROUPS, clock)
    return read((items) => {
      const before = store.size
      store.restore(items)
      return store.size - before
    })
  }
  return measure({
    bench: 'restore',
    unit: MEGABYTES,
    contenders: [
      { name: 'checkpoint store', run: restored, check },
      { name: 'without the keyed store', run: () => read(count), check },
      { name: 'plain file', run: () => readPlain(state), check: checkBytes(state.bytes) },
    ],
  })
}

function deltas(state: State): Promise<BenchResult[]> {
  const most = 0.03 * state.bytes
  const check = ({ sum }: Sample): void => {
    if ((sum as number) > most) throw new Error(`expected at most ${most} bytes, got ${sum}`)
  }
  return measure({
    bench: 'one checkpoint, 1 % of the keys changed',
    unit: milliseconds,
    contenders: [
      { name: 'what has changed', run: () => state.write('changed'), check },
      { name: 'all of it', run: () => state.write('all'), check: checkBytes(state.bytes) },
    ],
  })
}

/** Keyed state, and the checkpoints of it. */
class State {
  readonly directory: string
  readonly store: DirectoryStore
  /** Of a full part. */
  bytes = 0
  manifest!: Manifest
  readonly #keyed = new HeapStore(GROUPS, clock)
  #mark = 0
  #turn = 0

  constructor(directory: string) {
    this.directory = directory
    this.store = new DirectoryStore(directory)
    for (let i = 0; i < KEYS; i++) this.#set(i, i)
  }

  /** Takes a checkpoint; its sum is the bytes of the part. */
  async write(what: 'all' | 'changed'): Promise<Sample> {
    this.#turn++
    for (let i = 0; i < CHANGED; i++) this.#set((i * 97 + this.#turn) % KEYS, i)
    const begin = performance.now()
    const base = what === 'all' ? undefined : this.manifest
    const epoch = await this.store.nextEpoch()
    await this.store.begin(epoch, base?.epoch)
    const part = new DirectorySite(this.store.site).createPart({ epoch, thread: 0, number: 0 })
    const since = base === undefined ? {} : { since: base.epoch }
    const section = part.section({ operator: 'op', kind: 'keyed', subtask: 0, ...since })
    const range = { since: this.#mark, whole: { from: 0, to: 0 } }
    const cut = this.#keyed.cut(
      (item, early) => section.addEncodable(item, early),
      base === undefined ? undefined : range,
    )
    while (!cut.advance({ spent: () => part.full })) await part.room()
    section.end()
    const { mark } = cut
    const facts = await part.close()
    this.manifest = buildManifest({
      job: 'bench',
      epoch,
      time: Date.now(),
      savepoint: false,
      maxParallelism: GROUPS,
      operators: [{ uid: 'op', name: 'op', kind: 'map', parallelism: 1, visibility: 'none' }],
      parts: [facts],
      ...(base === undefined ? {} : { base }),
    })
    await this.store.complete(this.manifest)
    const ended = sample(facts.bytes, begin, facts.bytes)
    if (what === 'all') this.bytes = facts.bytes
    this.#keyed.forget(this.#mark)
    this.#mark = mark
    await this.store.retain(1)
    return ended
  }

  #set(i: number, count: number): void {
    const key = `user-${i * 7919}`
    const slot = this.#keyed.slot(key)
    this.#keyed.column('count').set(slot, count)
    // Always of about the same length: so is a full part.
    const name = `name of the user ${key}, and where they live`
    const url = `https://example.org/users/${i % 9}/orders/latest`
    this.#keyed
      .column('total')
      .set(slot, { count, amount: count * 1.37, at: 1.7e12 + i, name, url })
  }
}

function sample(bytes: number, begin: number, sum: number): Sample {
  return { operations: bytes / 1e6, ms: performance.now() - begin, sum }
}

function checkBytes(expected: number): (sample: Sample) => void {
  return ({ sum }) => {
    const share = (sum as number) / expected
    if (share < 0.98 || share > 1.02) throw new Error(`expected ${expected} bytes, got ${sum}`)
  }
}

function count(items: Iterable<unknown>): number {
  let n = 0
  for (const _ of items) n++
  return n
}

async function writePlain({ directory, bytes }: State): Promise<Sample> {
  const chunk = new Uint8Array(CHUNK).fill(1)
  const begin = performance.now()
  const file = await open(`${directory}/plain`, 'w')
  let written = 0
  while (written < bytes) {
    const length = Math.min(CHUNK, bytes - written)
    written += (await file.write(chunk, 0, length, written)).bytesWritten
  }
  await file.sync()
  await file.close()
  return sample(bytes, begin, written)
}

async function readPlain({ directory, bytes }: State): Promise<Sample> {
  const chunk = new Uint8Array(CHUNK)
  const begin = performance.now()
  const file = await open(`${directory}/plain`, 'r')
  let read = 0
  for (let more = 1; more > 0; read += more)
    more = (await file.read(chunk, 0, CHUNK, read)).bytesRead
  await file.close()
  return sample(bytes, begin, read)
}
