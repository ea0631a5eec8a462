import { beforeEach, describe, expect, it } from 'vitest'
import { errorOf, TestEnvironment } from './fixtures/test-environment.ts'
import { registerFunction } from './registered-functions.ts'
import type { ConnectedStreams, DataStream } from './streams.ts'

let numbers: DataStream<number>

beforeEach(() => {
  numbers = new TestEnvironment('test').fromCollection([1])
})

describe('registerFunction', () => {
  it('returns the function, which pipe finds by name', () => {
    const piece = (s: DataStream<number>) => s.map((n) => n)
    expect(registerFunction('twice', piece)).toBe(piece)
    expect(registerFunction('twice', piece)).toBe(piece)
    expect(numbers.pipe('twice')).not.toBe(numbers)
    expect(numbers.pipe((s) => s)).toBe(numbers)
  })

  it('takes the name of the function where none is given', () => {
    registerFunction(function merged(s: ConnectedStreams<[number, number]>) {
      return s.map((n) => n)
    })
    const merged: DataStream<number> = numbers.connect(numbers).pipe('merged')
    expect(merged).toBeDefined()
  })

  it('refuses a name for two functions, no name, no function', () => {
    registerFunction('once', (s: unknown) => s)
    expect(errorOf(() => registerFunction('once', (s: unknown) => s))).toContain(
      'SAGE_DUPLICATE_NAME',
    )
    expect(errorOf(() => registerFunction((s: unknown) => s))).toContain('SAGE_OPTION')
    expect(errorOf(() => registerFunction('x', 5 as any))).toContain('SAGE_OPTION')
    expect(errorOf(() => numbers.pipe('nowhere'))).toMatch(
      /^SAGE_OPTION: pipe: .*'once'.*"nowhere"/,
    )
  })
})
