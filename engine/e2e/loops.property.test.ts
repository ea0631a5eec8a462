import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import {
  interpret,
  type LoopSpec,
  type LoopStep,
  loopsOf,
  type Token,
} from './fixtures/loops-reference.ts'

// Random loops, one behind the other and inside of each other, beside an interpreter that goes with one record after the other.

const salt = fc.nat(1000)
const parallelism = fc.integer({ min: 1, max: 4 })
const { body } = fc.letrec<{ body: LoopStep[]; step: LoopStep }>((tie) => ({
  step: fc.oneof(
    { maxDepth: 3, depthSize: 'medium' },
    fc.record({
      op: fc.constantFrom('map', 'filter', 'split', 'async', 'rebalance'),
      salt,
    }) as fc.Arbitrary<LoopStep>,
    fc.record({ op: fc.constantFrom('key', 'side'), salt, parallelism }) as fc.Arbitrary<LoopStep>,
    fc.record({
      op: fc.constant('loop'),
      salt,
      parallelism,
      body: tie('body'),
    }) as fc.Arbitrary<LoopStep>,
  ),
  body: fc.array(tie('step'), { maxLength: 4 }),
}))
const spec: fc.Arbitrary<LoopSpec> = fc.record({
  count: fc.nat(150),
  fuel: fc.integer({ min: 1, max: 6 }),
  // At least one loop.
  body: fc
    .tuple(salt, parallelism, body, body)
    .map(([own, width, inside, behind]): LoopStep[] => [
      { op: 'loop', salt: own, parallelism: width, body: inside },
      ...behind,
    ]),
})

const sorted = (tokens: readonly Token[]) => tokens.map(({ h, fuel }) => `${h} ${fuel}`).toSorted()

async function check(one: LoopSpec, config: EnvironmentConfig): Promise<void> {
  const expected = interpret(one)
  const { outputs, operators } = await loopsOf.run(one, {
    memory: { ringBytes: 4096, totalRingBytes: 2 ** 29 },
    ...config,
  })
  expect(sorted(outputs.out)).toEqual(sorted(expected.out))
  const futures = operators.filter(({ kind }) => kind === 'fromFuture')
  expect(futures.reduce((sum, { recordsIn }) => sum + recordsIn, 0)).toBe(expected.rounds)
}

test('random loops give what an interpreter gives, inline', async () => {
  await fc.assert(
    fc.asyncProperty(spec, fc.integer({ min: 1, max: 3 }), (one, wide) =>
      check(one, { mode: 'inline', parallelism: wide }),
    ),
    { numRuns: 60 },
  )
})

test('and on threads', async () => {
  await fc.assert(
    fc.asyncProperty(spec, (one) => check(one, { parallelism: 2, maxThreads: 2 })),
    { numRuns: 3 },
  )
})
