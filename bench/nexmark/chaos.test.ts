import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { killQueries, rescaleQueries, STATEFUL_QUERIES } from './chaos-runs.ts'
import { stretch } from './fixtures/stretch.ts'
import { SMALL_RECORDING } from './options.ts'
import { resultsBySql } from './sql.ts'

let root: string
let input: string
const seed = Date.now() % 2 ** 31
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nexmark-chaos-'))
  input = join(root, 'events.jsonl')
  writeFileSync(input, stretch(gunzipSync(readFileSync(SMALL_RECORDING)).toString()))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const expected = async (queries: readonly string[]) => {
  const results = await resultsBySql(input)
  return new Map(queries.map((name) => [name, results.get(name)]))
}

it(`queries with state, killed 5 times: their rows are those of SQL (seed ${seed})`, async () => {
  const run = { input, queries: STATEFUL_QUERIES, kills: 5, pace: 1 }
  const { kills, outcomes } = await killQueries({ root, seed }, run)
  expect(kills).toBe(5)
  expect(outcomes).toEqual(await expected(STATEFUL_QUERIES))
}, 180_000)

it('q5 and q8, rescaled from 2 to 3 to 1 to 5 while they run', async () => {
  const queries = ['q5', 'q8']
  const run = { input, queries, parallelisms: [2, 3, 1, 5], pace: 1 }
  const { read, outcomes } = await rescaleQueries({ root, seed }, run)
  expect(read.every((events) => events > 0)).toBe(true)
  expect(read.reduce((a, b) => a + b)).toBe(2_000)
  expect(outcomes).toEqual(await expected(queries))
}, 120_000)
