import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from './random.ts'

/** A line of the input. */
export interface Entry {
  readonly key: string
  /** The how manieth of its key, from 0: all of a key's lie in one file, in this order. */
  readonly seq: number
  /** Event time in ms. */
  readonly at: number
}

/** How long a window of the job is, in ms of event time. */
export const WINDOW_MS = 1_000
const FILES = 3
const KEYS_PER_FILE = 7
const STEP_MS = 20

/** Writes what the ledger job reads: `records` lines in all, of keys that come unevenly often. */
export function writeInput(folder: string, records: number, seed: number): void {
  mkdirSync(folder, { recursive: true })
  const random = new Random(seed)
  for (let file = 0; file < FILES; file++) {
    const counts = new Map<string, number>()
    const lines: string[] = []
    for (let i = file; i < records; i += FILES) {
      // The lower of two: some keys are more frequent.
      const key = `k${file}-${Math.min(random.below(KEYS_PER_FILE), random.below(KEYS_PER_FILE))}`
      const seq = counts.get(key) ?? 0
      counts.set(key, seq + 1)
      const entry: Entry = { key, seq, at: Math.floor(i / FILES) * STEP_MS }
      lines.push(JSON.stringify(entry))
    }
    writeFileSync(join(folder, `${file}.json`), lines.map((line) => `${line}\n`).join(''))
  }
}
