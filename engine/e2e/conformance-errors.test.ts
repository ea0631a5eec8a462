import { describe, expect, it } from 'vitest'
import { StreamError } from '../index.ts'
import {
  COUNT,
  errorCases,
  errorJob,
  FAILING,
  POLICIES,
  SHAPES,
} from './fixtures/conformance-error-cases.ts'
import { CaseRunner, MODES } from './fixtures/conformance-run.ts'

/** Error policies: what becomes of records and the exact counts, for every shape of operator. */
const places = MODES.flatMap((mode) => [1, 2, 3].map((parallelism) => ({ mode, parallelism })))
const RETRIES: Readonly<Record<string, number>> = {
  'retry, skip': 2,
  'retry, backoff, deadLetter': 1,
}
const good = Array.from({ length: COUNT }, (_, i) => i).filter((n) => n % 5 !== 0)
const all = Array.from({ length: COUNT }, (_, i) => i)

describe.each(places)('errors, mode $mode, parallelism $parallelism', ({ mode, parallelism }) => {
  const runner = new CaseRunner(errorJob, errorCases, { mode, parallelism, maxThreads: 2 })

  describe.each(Object.keys(POLICIES))('policy %s', (policy) => {
    it('a record that fails each time is given up, counted, and all others pass', async () => {
      const { out, operator, result } = await runner.run(`always ${policy}`)
      const retries = RETRIES[policy] ?? 0
      for (const shape of SHAPES) {
        expect([shape, sorted(out(shape))]).toEqual([shape, good])
        expect([shape, operator(shape)]).toMatchObject([
          shape,
          {
            parallelism: operator(shape).parallelism,
            recordsIn: COUNT,
            recordsOut: good.length,
            errors: FAILING,
            retries: FAILING * retries,
            dropped: 0,
          },
        ])
        const name = `always ${policy}.${shape}`
        const letters = result.deadLetters.filter((letter) => letter.operator === name)
        expect([shape, letters.length]).toEqual([
          shape,
          policy.includes('deadLetter') ? FAILING : 0,
        ])
        for (const { attempts, value, error } of letters) {
          expect([attempts, (error as Error).message]).toEqual([
            retries + 1,
            expect.stringContaining(`bad ${value}`),
          ])
        }
      }
    })

    it('a record that fails once passes with a retry, without a trace in the output', async () => {
      const { out, operator } = await runner.run(`once ${policy}`)
      const retried = policy in RETRIES
      for (const shape of SHAPES) {
        expect([shape, sorted(out(shape))]).toEqual([shape, retried ? all : good])
        expect([shape, operator(shape)]).toMatchObject([
          shape,
          {
            recordsIn: COUNT,
            recordsOut: retried ? COUNT : good.length,
            errors: retried ? 0 : FAILING,
            retries: retried ? FAILING : 0,
          },
        ])
      }
    })
  })

  it('dead letters are records: value, error with code and cause, key, operator, attempts', async () => {
    const { out, operator } = await runner.run('letters')
    expect(out('main')).toEqual([1])
    const letters = [...out('letters')].sort((a, b) => a.value - b.value)
    expect(letters.map(({ error: _, ...rest }) => rest)).toEqual([
      { value: 2, key: 0, operator: 'letters.map', attempts: 1 },
      { value: 3, key: 1, operator: 'letters.map', attempts: 1 },
    ])
    const [two, three] = letters.map(({ error }) => error)
    expect(two).toBeInstanceOf(StreamError)
    expect(two).toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'letters.map',
      cause: { name: 'TypeError', message: 'two', cause: 'why' },
    })
    expect(two.cause).toBeInstanceOf(TypeError)
    expect(two.cause.stack).toContain('conformance-error-cases')
    expect(two.message).toContain('TypeError: two')
    expect(three).toMatchObject({ code: 'SAGE_USER_ERROR', cause: 'a text' })
    expect(operator('map')).toMatchObject({ recordsIn: 3, recordsOut: 1, errors: 2 })
    const hopped = [...out('hopped')].sort((a, b) => a.value - b.value)
    expect(hopped.map(({ value, isStreamError }) => [value, isStreamError])).toEqual([
      [2, true],
      [3, true],
    ])
    expect(hopped[0].error).toBeInstanceOf(StreamError)
    expect(hopped[0].error.cause).toBeInstanceOf(TypeError)
  })

  it('dead letters that nobody reads are in the result', async () => {
    const { out, result } = await runner.run('letters of the result')
    expect(out()).toEqual([1])
    const letters = result.deadLetters.filter(({ operator }) => operator === 'result.map')
    expect(letters.map(({ value, key, attempts }) => [value, key, attempts])).toEqual([
      [2, undefined, 2],
      [3, undefined, 2],
    ])
    for (const { error } of letters) {
      expect(error).toBeInstanceOf(StreamError)
      expect(error).toMatchObject({ code: 'SAGE_USER_ERROR', operator: 'result.map', subtask: 0 })
    }
  })

  it('sinks, synchronous and not', async () => {
    const { operator, result } = await runner.run('sinks')
    expect(operator('sync')).toMatchObject({ recordsIn: 4, recordsOut: 0, errors: 2, retries: 0 })
    expect(operator('async')).toMatchObject({ recordsIn: 4, recordsOut: 0, errors: 2, retries: 4 })
    expect(operator('backoff')).toMatchObject({ recordsIn: 4, errors: 2, retries: 2 })
    const letters = result.deadLetters.filter((letter) => letter.operator === 'sinks.async')
    expect(letters.map(({ value, attempts }) => [value, attempts]).sort()).toEqual([
      [1, 3],
      [3, 3],
    ])
  })

  it('schemas', async () => {
    const { out, operator } = await runner.run('schema')
    expect([...out('good')].sort((a, b) => a.id - b.id)).toEqual([
      { id: 1, amount: 1.5, note: 'a' },
      { id: 5, amount: 2, note: 'e' },
    ])
    expect(out('letters').map(({ error }) => error.code)).toEqual(
      Array(5).fill('SAGE_SCHEMA_MISMATCH'),
    )
    expect(out('letters').map(({ value }) => value.id)).toEqual([2, 3, 4.5, 2 ** 31, undefined])
    expect(operator('check')).toMatchObject({ recordsIn: 7, recordsOut: 2, errors: 5 })
  })

  it('a failing batch is left out or repeated, whole', async () => {
    const { out, operator } = await runner.run('batch')
    const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)
    expect(out('skipped').length).toBeLessThan(1025)
    expect(out('skipped')).not.toContain(3)
    expect(operator('skipped')).toMatchObject({ recordsIn: 1025, errors: 1, retries: 0 })
    for (const name of ['retried', 'later']) {
      expect([name, out(name)]).toEqual([name, upTo(1025)])
      expect(operator(name)).toMatchObject({
        recordsIn: 1025,
        recordsOut: 1025,
        errors: 0,
        retries: 1,
      })
    }
    expect(out('small')).toEqual(upTo(10))
    expect(out('letters').flatMap(({ value }) => value)).toContain(3)
    expect(out('letters')).toMatchObject([{ operator: 'batch.letters', attempts: 2 }])
  })

  it('a failed attempt leaves nothing in side outputs', async () => {
    const { out } = await runner.run('aside')
    expect([out('main'), out('side'), out('skipped')]).toEqual([[5, 6], [5, 6], [6]])
  })

  it('a failure is charged to its own operator', async () => {
    const { out, operator } = await runner.run('nested')
    expect(out()).toEqual([1, 3])
    expect(operator('outer')).toMatchObject({ recordsIn: 3, recordsOut: 3, errors: 0 })
    expect(operator('inner')).toMatchObject({ recordsIn: 3, recordsOut: 2, errors: 1 })
  })
})

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}
