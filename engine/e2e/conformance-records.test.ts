import { describe, expect, it } from 'vitest'
import {
  allTypes,
  Point,
  recordCases,
  recordJob,
  SIZES,
} from './fixtures/conformance-record-cases.ts'
import { CaseRunner, MODES } from './fixtures/conformance-run.ts'

/** What is a record and what is not, on every operator, and that every record of API 1 arrives as it left. */
describe.each(MODES)('records, mode %s', (mode) => {
  const runner = new CaseRunner(recordJob, recordCases, { mode, parallelism: 1, maxThreads: 2 })

  it('null and undefined are no output, wherever they come from', async () => {
    const { out, operator } = await runner.run('nulls')
    expect(out('source')).toEqual([1, 2, 3])
    expect(operator('source')).toMatchObject({ recordsIn: 0, recordsOut: 3, dropped: 2 })
    expect(out('map')).toEqual([3])
    expect(operator('map')).toMatchObject({ recordsIn: 3, recordsOut: 1, dropped: 0, errors: 0 })
    expect(out('flatMap')).toEqual([1, 0, 2, 0])
    expect(out('process')).toEqual([1, 2])
    expect(out('processBatch')).toEqual([1, 2])
    expect(out('coMap').sort()).toEqual([-2, 2])
    expect(out('join')).toEqual([2, 0])
    expect(out('generator')).toEqual([0, 2])
    expect(operator('generator')).toMatchObject({ recordsOut: 2, dropped: 2 })
    expect(out('iterable')).toEqual([5])
    expect(out('asyncIterable')).toEqual([6])
    expect(out('reduce')).toEqual([1])
  })

  it('falsy values are records, on every operator and across exchanges', async () => {
    const { out } = await runner.run('falsy')
    const expected = [0, '', false, Number.NaN, []]
    for (const name of [
      'map',
      'filter',
      'flatMap',
      'coMap',
      'process',
      'processBatch',
      'inspect',
      'union',
      'branch',
    ]) {
      expect([name, out(name)]).toEqual([name, expected])
    }
    for (const name of ['keyBy', 'rebalance', 'reduceFinal']) {
      expect([name, ...out(name).map(picture).sort()]).toEqual([
        name,
        ...expected.map(picture).sort(),
      ])
    }
    expect(out('source')).toEqual([0, '', false, Number.NaN])
  })

  it('a filter takes truthiness', async () => {
    const { out } = await runner.run('truthiness')
    expect(out('filter')).toEqual([1, 'a', [], true])
    expect(out('builtIn')).toEqual([1, 'a', [], true])
    expect(out('class')).toEqual([1, 3])
    expect(out('falses')).toEqual([0, '', Number.NaN, false])
  })

  it('flatMap iterates what it is given; text and bytes are one item', async () => {
    const { out } = await runner.run('flatMap')
    const bytes = new Uint8Array([1, 2])
    expect(out('good')).toEqual([
      'ab',
      bytes,
      bytes.buffer,
      new DataView(bytes.buffer),
      Buffer.from('x'),
      1,
      2,
      ['a', 1],
      [1],
      'cd',
      7,
      8,
      new Float32Array(2),
    ])
    const codes = out('bad').map(({ error }) => error.code)
    expect(codes).toEqual([
      ...Array(4).fill('SAGE_NOT_ITERABLE'),
      'SAGE_PROMISE',
      'SAGE_NOT_ITERABLE',
    ])
    expect(out('class')).toEqual(['r:x', 'c:x', 'r:y', 'c:y', 'finish 2'])
    expect(out('side')).toEqual(['s:x', 's:y'])
  })

  it('a promise is never a record', async () => {
    const { out } = await runner.run('promises')
    for (const name of ['map', 'filter', 'flatMap', 'process', 'coMap']) {
      const [{ error, value, attempts }] = out(name)
      expect([name, error.code, value, attempts]).toEqual([name, 'SAGE_PROMISE', 1, 1])
      expect(error.message).toContain('asyncMap')
    }
    expect(out('map')[0].operator).toBe('promises.map')
  })

  it('side outputs and branches', async () => {
    const { out, operator } = await runner.run('side')
    expect([out('main'), out('even')]).toEqual([
      ['odd 1', 'odd 3'],
      [2, 4],
    ])
    expect([out('big'), out('small')]).toEqual([
      [5, 6],
      [1, 2],
    ])
    expect(operator('branch')).toMatchObject({ recordsIn: 4, recordsOut: 4 })
  })

  it('process and processBatch', async () => {
    const { out } = await runner.run('process')
    expect(out('class')).toEqual([1, 1, 2, 2, 3, 3, 6])
    expect(out('lambda')).toEqual(['0:1', '0:2'])
    expect(out('batch').reduce((a, b) => a + b)).toBe(3000)
    expect(Math.max(...out('batch'))).toBeLessThanOrEqual(1024)
  })

  it('union, self-union, self-connect, connected map', async () => {
    const { out } = await runner.run('union')
    expect(out('three').filter((v) => v < 10)).toEqual([1, 2, 3])
    expect(out('three').filter((v) => v >= 10)).toEqual([10, 20])
    expect(out('three').filter((v) => typeof v === 'string')).toEqual(['a', 'b'])
    expect(out('self').sort()).toEqual([1, 1, 2, 2, 3, 3])
    expect(out('selfConnect').sort()).toEqual(['0:1', '0:2', '0:3', '1:1', '1:2', '1:3'])
    expect(out('connectedMap').sort()).toEqual([2, 4, 6, 8])
  })

  it('records of all types arrive as they left', async () => {
    const { out } = await runner.run('types')
    const sent = allTypes()
    for (const name of ['rebalance', 'keyBy']) {
      const got = [...out(name)].sort((a, b) => a.i - b.i).map(({ value }) => value)
      expectSame(got, sent)
    }
    expectSame(out('bare'), sent)
    expect(out('methods')).toEqual([5])
    expect(out('shared')).toEqual([{ a: { both: 1 }, b: { both: 1 } }])
  })

  it('what cannot be carried is refused at the first exchange, with the name of its class', async () => {
    const { out, result } = await runner.run('refused')
    const names = ['class', 'nested', 'cycle', 'function', 'symbol']
    for (const name of names) {
      expect([name, out(name)]).toEqual([name, []])
      const letter = result.deadLetters.find(({ operator }) => operator === `refused.${name}`)
      expect(letter).toMatchObject({
        attempts: 1,
        error: { code: 'SAGE_CODEC_UNSUPPORTED', operator: `refused.${name}` },
      })
      const operator = result.operators.find((o) => o.name === `refused.${name}`)
      expect(operator).toMatchObject({ recordsIn: 1, recordsOut: 0, errors: 1 })
    }
    for (const name of ['class', 'nested']) {
      const letter = result.deadLetters.find(({ operator }) => operator === `refused.${name}`)
      expect((letter!.error as Error).message).toContain('Stranger')
    }
  })

  it('records of 0 bytes to 64 MiB', async () => {
    const { out } = await runner.run('sizes')
    const expected = SIZES.map((size, i) => [size, ...Array(3).fill(size === 0 ? 0 : i + 1)])
    expect(out().sort((a, b) => a[0] - b[0])).toEqual(expected)
    expect(out('strings').sort()).toEqual(['', 'x', 'é'.repeat(100_000)])
  })
})

function picture(value: unknown): string {
  return `${typeof value} ${String(value)}`
}

function expectSame(got: readonly unknown[], sent: readonly unknown[]): void {
  expect(got).toHaveLength(sent.length)
  sent.forEach((value, i) => {
    expect([i, got[i]]).toStrictEqual([i, plain(value)])
    if (value instanceof Point) expect(got[i]).toBeInstanceOf(Point)
    if (Buffer.isBuffer(value)) expect(Buffer.isBuffer(got[i])).toBe(true)
    if (value instanceof Error) expect((got[i] as Error).cause).toEqual(value.cause)
  })
}

/** Null-prototype objects arrive as plain ones. */
function plain(value: unknown): unknown {
  const bare = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
  return bare ? { ...value } : value
}
