import { describe, expect, it } from 'vitest'
import { KEYS, keyCases, keyJob } from './fixtures/conformance-key-cases.ts'
import { CaseRunner, MODES } from './fixtures/conformance-run.ts'

/** Keys, how records are dealt by them, the order they keep, and aggregates per key. */
const places = MODES.flatMap((mode) => [1, 2, 3].map((parallelism) => ({ mode, parallelism })))

describe.each(places)('keys, mode $mode, parallelism $parallelism', ({ mode, parallelism }) => {
  const runner = new CaseRunner(keyJob, keyCases, { mode, parallelism, maxThreads: 2 })

  it('are equal by value', async () => {
    const { out } = await runner.run('equality')
    const expected = new Map<string, number>()
    for (const key of KEYS) expected.set(picture(key), (expected.get(picture(key)) ?? 0) + 1)
    expect(expected.size).toBe(KEYS.length - 4)
    expect(new Map(out('count').map(([key, count]) => [picture(key), count]))).toEqual(expected)
    const homes = new Map<string, Set<number>>()
    for (const { key, subtask } of out('parallel')) {
      homes.set(picture(key), (homes.get(picture(key)) ?? new Set()).add(subtask))
    }
    expect([...homes.values()].map(({ size }) => size)).toEqual(Array(expected.size).fill(1))
    expect(out('zero')).toStrictEqual([[0], [0]])
    expect(out('sorted').map(([key]) => key)).toEqual([
      false,
      true,
      -1.5,
      0,
      ...oneFirst(out('sorted')),
      2n ** 65n,
      Number.POSITIVE_INFINITY,
      Number.NaN,
      '',
      '1',
      'ä',
      '\u{1f600}',
      [],
      ...out('sorted')
        .slice(14)
        .map(([key]) => key),
    ])
  })

  it('are strings, numbers, bigints, booleans and arrays of these', async () => {
    const { out, operator } = await runner.run('refused')
    expect(
      out('letters').map(({ value, error, operator }) => [value, error.code, operator]),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => [i, 'SAGE_KEY', 'refused.keyBy']))
    expect(operator('keyBy')).toMatchObject({ recordsIn: 8, recordsOut: 0, errors: 8 })
  })

  it('come with their records under all four strategies', async () => {
    const { out } = await runner.run('strategies')
    for (const name of [
      'hash',
      'roundRobin',
      'broadcast',
      'custom',
      'customAgain',
      'class',
      'unkeyed',
      'alone',
    ]) {
      expect([name, out(name).every(({ same }) => same)]).toEqual([name, true])
    }
    const rows = (name: string) =>
      out(name)
        .map((r) => [r.subtask, r.value, r.key])
        .sort()
    expect(new Set(out('hash').map((r) => `${r.key} ${r.subtask}`)).size).toBe(3)
    expect(out('hash').every((r) => r.key === r.value % 3)).toBe(true)
    expect(rows('roundRobin')).toEqual([
      [0, 0, 0],
      [0, 3, 1],
      [1, 1, 1],
      [1, 4, 0],
      [2, 2, 0],
      [2, 5, 1],
    ])
    expect(rows('broadcast')).toEqual(
      [0, 1].flatMap((s) => [0, 1, 2, 3, 4, 5].map((n) => [s, n, n % 2])),
    )
    expect(rows('custom')).toEqual([
      [0, 3, 3],
      [1, 0, 0],
      [1, 4, 4],
      [2, 1, 1],
      [2, 5, 5],
      [3, 2, 2],
    ])
    expect(rows('customAgain')).toEqual(rows('custom'))
    expect(out('class').every((r) => r.key === r.value % 2)).toBe(true)
    expect(rows('unkeyed').map(([, , key]) => key)).toEqual(Array(6).fill(null))
    expect(out('broadcastNext')).toHaveLength(12)
    expect(
      rows('alone')
        .map(([subtask, , key]) => [subtask, key])
        .sort(),
    ).toEqual([...Array(3).fill([0, 0]), ...Array(3).fill([0, 1])])
  })

  it('a partition that there is not is SAGE_PARTITION, by the policy of keyBy', async () => {
    const { out, operator } = await runner.run('partition')
    const letters = out('letters')
    expect(letters.map(({ error }) => error.code)).toEqual(Array(5).fill('SAGE_PARTITION'))
    expect(letters.map(({ key }) => key)).toEqual([0, 1, 2, 3, 4])
    expect(operator('keyBy')).toMatchObject({ recordsIn: 5, recordsOut: 0, errors: 5 })
  })

  it('order is kept by key, by sender and receiver', async () => {
    const { out } = await runner.run('order')
    const ascending = (values: readonly number[]) =>
      values.every((n, i) => i === 0 || values[i - 1] < n)
    expect(out('byKey')).toHaveLength(5000)
    for (let key = 0; key < 7; key++) {
      expect(ascending(out('byKey').filter((n) => n % 7 === key))).toBe(true)
      const again = out('again').filter(([k]) => k === key)
      expect([again.length, ascending(again.map(([, n]) => n))]).toEqual([
        Math.ceil((5000 - key) / 7),
        true,
      ])
      expect(new Set(again.map(([, , subtask]) => subtask)).size).toBe(1)
    }
    expect(out('whole')).toEqual(Array.from({ length: 2500 }, (_, i) => 2 * i + 1))
    for (const subtask of [0, 1, 2]) {
      const own = out('dealt')
        .filter(([s]) => s === subtask)
        .map(([, n]) => n)
      expect(own).toEqual(Array.from({ length: 1000 }, (_, i) => 3 * i + subtask))
    }
    expect(out('union')).toHaveLength(200)
    for (let n = 0; n < 100; n++) {
      const homes = out('union')
        .filter(([, m]) => m === n)
        .map(([subtask]) => subtask)
      expect([homes.length, new Set(homes).size]).toEqual([2, 1])
    }
  })

  it('broadcast and rebalance; a source with one partition runs once', async () => {
    const { out, result } = await runner.run('dealing')
    expect(out('broadcast').sort()).toEqual(
      [0, 1, 2].flatMap((s) => [0, 1, 2, 3].map((n) => [s, n])),
    )
    expect(out('rebalance').sort()).toEqual(
      [0, 1, 2, 3].map((n) => [n % parallelism, n, parallelism]).sort(),
    )
    expect(out('generator').sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(out('single')).toEqual([0, 1, 2, 3, 4])
    expect(
      out('list')
        .map(([n]) => n)
        .sort(),
    ).toEqual([1, 2, 3])
    expect(result.status).toBe('finished')
  })

  it('finals give the same with and without pre-reduction', async () => {
    const { out, result } = await runner.run('finals')
    const of = (key: number) =>
      Array.from({ length: 1000 }, (_, i) => i).filter((n) => n % 7 === key)
    const sum = (key: number) => of(key).reduce((a, b) => a + b)
    const keys = [0, 1, 2, 3, 4, 5, 6]
    expect(out('reduce').sort()).toEqual(keys.map((k) => [k, sum(k)]))
    expect([...out('object')].sort((a, b) => a.key - b.key)).toEqual(
      keys.map((key) => ({ key, n: sum(key) })),
    )
    expect(out('fold').sort()).toEqual(keys.map((k) => [k, { sum: sum(k) }]))
    expect(out('merged').sort()).toEqual(keys.map((k) => [k, [sum(k)]]))
    expect(out('min').sort()).toEqual(keys)
    expect(out('max').sort()).toEqual(keys.map((k) => of(k).at(-1)).sort())
    expect(out('itself').sort()).toEqual(keys.map((k) => of(k).at(-1)).sort())
    expect(out('count').sort()).toEqual(keys.map((k) => [k, of(k).length]))
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const own = out('order')
        .filter(([s]) => s === subtask)
        .map(([, key]) => key)
      expect(own).toEqual([...own].sort((a, b) => a - b))
    }
    expect(
      out('order')
        .map(([, key]) => key)
        .sort((a, b) => a - b),
    ).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(out('running')).toHaveLength(1000)
    for (const key of keys) {
      const sums = out('running')
        .filter(([k]) => k === key)
        .map(([, s]) => s)
      let running = 0
      expect(new Set(sums)).toContain(sum(key))
      if (parallelism === 1) expect(sums).toEqual(of(key).map((n) => (running += n)))
    }
    const named = (name: string) => result.operators.find((operator) => operator.name === name)
    expect(named('finals.count')).toMatchObject({
      uid: 'finals.count',
      kind: 'countFinal',
      parallelism,
      recordsIn: 1000,
      recordsOut: 7,
    })
    expect(named('finals.reduce')).toMatchObject({ recordsIn: 1000, recordsOut: 7, errors: 0 })
  })

  it('finals of nothing emit nothing, a reducer that returns null forgets', async () => {
    const { out } = await runner.run('finals of nothing')
    expect([out('count'), out('reduce'), out('one')]).toEqual([[], [], [{ a: 1 }]])
    expect(out('forgotten')).toEqual([3])
  })
})

/** `1` and `1n` are equal by value: either may come first. */
function oneFirst(sorted: readonly [unknown, number][]): unknown[] {
  const found = sorted.map(([key]) => key).filter((key) => key === 1 || key === 1n)
  expect(found).toHaveLength(2)
  return found
}

function picture(key: unknown): string {
  if (Array.isArray(key)) return `[${key.map(picture).join()}]`
  return `${typeof key} ${String(key)}`
}
