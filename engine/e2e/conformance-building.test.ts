import { describe, expect, it } from 'vitest'
import { TestEnvironment } from '../api/fixtures/test-environment.ts'

/** Cases of the specification about building that no test beside the fluent API covers; see `conformance.test.ts`. */
describe('conformance: building', () => {
  it('44 defaults', () => {
    const env = new TestEnvironment('named')
    env
      .fromBatch([1])
      .map((n) => n)
      .map((n) => n, { parallelism: 4 })
    expect([env.name, env.consoleLogLevel]).toEqual(['named', 'INFO'])
    expect(env.pipeline.map(({ parallelism }) => parallelism)).toEqual([undefined, undefined, 4])
  })

  it('45 sink() returns the same stream, two sinks are both there', () => {
    const env = new TestEnvironment('sinks')
    const stream = env.fromBatch([1])
    expect(stream.sink(() => {}).sink(() => {})).toBe(stream)
    expect(env.pipeline).toHaveLength(3)
  })

  it('46 print, map, print', () => {
    const env = new TestEnvironment('prints')
    const stream = env.fromBatch([1])
    stream
      .print('A')
      .map((n) => n)
      .print('B')
    expect(env.pipeline).toHaveLength(1 + 3)
  })
})
