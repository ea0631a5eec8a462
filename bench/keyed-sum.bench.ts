/**
 * A sum for each of 1,000 string keys.
 *
 * ```
 *   [source ─ keyBy] ──> 2 x [sum] ──> output             every record crosses to its key's subtask: the subject
 *   [source ─ keyBy ─ sum] ──> 2 x [sum of sums] ──> output     the same with a merge
 *   for (…) map.set(user, map.get(user) + amount)         one thread
 *   from(…).pipe(groupBy(user), mergeMap(reduce))         RxJS, one thread
 * ```
 */
import assert from 'node:assert/strict'
import { from, groupBy, map, mergeMap, reduce } from 'rxjs'
import {
  type BenchResult,
  type Contender,
  jobThroughput,
  measure,
  perSecond,
  timed,
} from 'sage-stream/bench'
import { addSale, keyedSum, type Sale, sale } from './keyed-sum-job.ts'

export const title = 'a keyed sum over 1,000 string keys, one source to two subtasks'
export const targets = '>= RxJS groupBy'

const COUNT = 4_000_000

/** Runs the table. */
export function run(): Promise<BenchResult[]> {
  return sumsOf(COUNT)
}

/** The table for so many records. Every sum of every run is checked. */
export function sumsOf(count: number, rounds = 5): Promise<BenchResult[]> {
  const expected = sortedByKey(sumInALoop(count))
  const ofJob = (name: string, merging: boolean) =>
    jobThroughput(keyedSum, {
      name,
      params: { count, merging },
      config: { parallelism: 2, maxThreads: 2 },
      check: ({ sums }) => assert.deepEqual(sortedByKey(sums), expected),
    })
  const onOneThread = (name: string, sums: () => Iterable<[string, number]>): Contender => ({
    name,
    run: () => timed(count, sums),
    check: ({ sum }) => assert.deepEqual(sortedByKey(sum as Iterable<[string, number]>), expected),
  })
  return measure({
    bench: `${count.toLocaleString('en')} sales of 1,000 users`,
    unit: perSecond('records'),
    contenders: [
      ofJob('every record crosses', false),
      ofJob('folded before it crosses', true),
      onOneThread('Map loop on one thread', () => sumInALoop(count)),
      onOneThread('RxJS groupBy', () => sumByRxjs(count)),
    ],
    rounds,
  })
}

function sumInALoop(count: number): Map<string, number> {
  const sums = new Map<string, number>()
  for (let i = 0; i < count; i++) {
    const { user, amount } = sale(i)
    sums.set(user, (sums.get(user) ?? 0) + amount)
  }
  return sums
}

function* sales(count: number): Generator<Sale> {
  for (let i = 0; i < count; i++) yield sale(i)
}

function sumByRxjs(count: number): [string, number][] {
  const sums: [string, number][] = []
  from(sales(count))
    .pipe(
      groupBy(({ user }) => user),
      mergeMap((group) =>
        group.pipe(
          reduce(addSale, 0),
          map((sum): [string, number] => [group.key, sum]),
        ),
      ),
    )
    .subscribe((entry) => sums.push(entry))
  return sums
}

function sortedByKey(sums: Iterable<readonly [string, number]>): (readonly [string, number])[] {
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1))
}
