import { describe, expect, it } from 'vitest'
import { StreamError } from './errors.ts'

describe('an error is given its place', () => {
  const error = new StreamError('SAGE_KEY', 'expected a key, got $&')

  it('in its message, and at the head of its stack', () => {
    const placed = error.at('keyBy', 1)
    expect(placed).toMatchObject({ code: 'SAGE_KEY', operator: 'keyBy', subtask: 1 })
    expect(placed.message).toBe("expected a key, got $& (operator 'keyBy', subtask 1)")
    expect(placed.stack).toBe(error.stack!.replace(error.message, () => placed.message))
    expect(placed.stack).toContain("got $& (operator 'keyBy', subtask 1)\n    at ")
  })

  it('once', () => {
    const placed = error.at('keyBy', 1)
    expect(placed.at('map', 0)).toBe(placed)
  })

  it('with the record, where it does not tell of one', () => {
    const { message } = error.at('keyBy', 0, { usr: 'ada' })
    expect(message).toBe(
      `expected a key, got $& at record {"usr":"ada"} (operator 'keyBy', subtask 0)`,
    )
    const told = new StreamError('SAGE_SCHEMA_MISMATCH', 'expected int32 at record.n, got "x"')
    expect(told.at('withSchema', 0, { n: 'x' }).message).toBe(
      `expected int32 at record.n, got "x" (operator 'withSchema', subtask 0)`,
    )
  })
})
