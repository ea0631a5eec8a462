import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chaos } from './chaos.ts'
import {
  hasArrived,
  isPoison,
  JOINED_WITHIN_MS,
  keyOfWalk,
  lineOfWalk,
  sideOf,
  stepOf,
  type Walk,
  WINDOW_MS,
} from './filed-jobs.ts'
import { killAtRandom, runJob } from './killed.ts'

const MODULE = new URL('filed-jobs.ts', import.meta.url).href
const PARALLELISMS = [2, 1, 3]
const MODES = ['aligned', 'unaligned'] as const

/** What a job has made visible: the lines of each of its folders, sorted. */
export type Lines = Readonly<Record<string, readonly string[]>>

/** How a job is killed. */
export interface FiledRun {
  readonly name: 'connected' | 'loops' | 'poisoned'
  readonly kills: number
  readonly count: number
  readonly pace: number
}

/** The process is killed at random, and goes on at another parallelism, with checkpoints of another mode. */
export async function killFiled(
  chaos: Chaos,
  { name, kills, count, pace }: FiledRun,
): Promise<{ kills: number; lines: Lines }> {
  const output = join(chaos.root, 'out')
  const dir = join(chaos.root, 'checkpoints')
  const killed = await killAtRandom(chaos, kills, (random, kill) => {
    const params = { output, count, pace: kill === undefined ? 0 : pace }
    const checkpoint = { dir, interval: 10, mode: random.pick(MODES) }
    const parallelism = random.pick(PARALLELISMS)
    const config = { maxThreads: 2, parallelism, restart: 'none', checkpoint } as const
    return runJob({ module: MODULE, name, params, config }, kill)
  })
  const folders = readdirSync(output)
  return {
    kills: killed,
    lines: Object.fromEntries(folders.map((one) => [one, linesIn(output, one)])),
  }
}

function linesIn(output: string, folder: string): string[] {
  return readdirSync(join(output, folder))
    .flatMap((name) => readFileSync(join(output, folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .sort()
}

/** What each job has to come to, computed without the engine. */
export const expectedOf = {
  poisoned(count: number): Lines {
    const numbers = Array.from({ length: count }, (_, i) => i)
    return {
      good: numbers
        .filter((i) => !isPoison(i))
        .map(String)
        .sort(),
      letters: numbers
        .filter(isPoison)
        .map((i) => `${i} SAGE_USER_ERROR checked 1`)
        .sort(),
    }
  },
  connected(count: number): Lines {
    const numbers = Array.from({ length: count }, (_, i) => i)
    const lefts = numbers.map((n) => sideOf('left', n))
    const rights = numbers.map((n) => sideOf('right', n))
    const joined: string[] = []
    const matched = new Set<number>()
    for (const left of lefts) {
      // All within the bound lie near.
      const near = rights.slice(Math.max(0, left.n - 10), left.n + 10)
      const partners = near.filter(
        ({ key, at }) => key === left.key && Math.abs(at - left.at) <= JOINED_WITHIN_MS,
      )
      for (const { n } of partners) {
        matched.add(n)
        joined.push(`${left.n} ${n}`)
      }
      if (partners.length === 0) joined.push(`${left.n} -`)
    }
    for (const { n } of rights) if (!matched.has(n)) joined.push(`- ${n}`)
    const windows = new Map<string, [number, number]>()
    for (const [side, records] of [lefts, rights].entries()) {
      for (const { key, at } of records) {
        const window = `${key} ${at - (at % WINDOW_MS)}`
        const counts = windows.get(window) ?? [0, 0]
        counts[side]++
        windows.set(window, counts)
      }
    }
    return {
      joined: joined.sort(),
      mapped: numbers.flatMap((n) => [`left ${n}`, `right ${n}`]).sort(),
      pairs: numbers.map((n) => `${n} ${n}`).sort(),
      windows: [...windows].map(([window, counts]) => `${window} ${counts.join(' ')}`).sort(),
    }
  },
  loops(count: number): Lines {
    const seen = new Map<number, number>()
    const counts: string[] = []
    const arrived = Array.from({ length: count }, (_, i) => {
      let walk: Walk = { start: i + 1, n: i + 1, steps: 0 }
      do {
        const key = keyOfWalk(walk)
        seen.set(key, (seen.get(key) ?? 0) + 1)
        counts.push(`${key} ${seen.get(key)}`)
        walk = stepOf(walk)
      } while (!hasArrived(walk))
      return lineOfWalk(walk)
    })
    return { arrived: arrived.sort(), counts: counts.sort() }
  },
}
