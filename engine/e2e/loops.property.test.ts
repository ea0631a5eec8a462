import { join } from 'node:path'
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
import { ownFolder } from './fixtures/own-folder.ts'

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

/** Ends behind a savepoint once so many have left, then goes on from that at another parallelism. */
async function checkSaved(
  one: LoopSpec,
  config: EnvironmentConfig,
  { from, to, share }: { from: number; to: number; share: number },
): Promise<boolean> {
  const expected = interpret(one).out
  const dir = ownFolder()
  const configOf = (parallelism: number, resume: string): EnvironmentConfig => ({
    memory: { ringBytes: 4096, totalRingBytes: 2 ** 29 },
    ...config,
    parallelism,
    checkpoint: { dir, interval: Number.POSITIVE_INFINITY, resume },
  })
  const out: Token[] = []
  const job = await loopsOf.submit(one, configOf(from, 'never'))
  const savepoint = join(dir, 'savepoint')
  const enough = Promise.withResolvers<void>()
  const reading = (async () => {
    const wanted = Math.floor(share * expected.length)
    if (wanted === 0) enough.resolve()
    for await (const token of job.io.out) if (out.push(token) >= wanted) enough.resolve()
    enough.resolve()
  })()
  await enough.promise
  // It may have come to its end by itself before.
  const saved = await job.stop({ savepoint }).then(
    (result) => result.status === 'stopped',
    () => false,
  )
  await reading
  if (saved) {
    const { outputs } = await loopsOf.run(one, configOf(to, savepoint))
    out.push(...outputs.out)
  }
  expect(sorted(out)).toEqual(sorted(expected))
  return saved
}

const saving = fc.record({
  from: parallelism,
  to: parallelism,
  share: fc.double({ min: 0, max: 0.9, noNaN: true }),
})

test.each([
  ['inline', { mode: 'inline' }, 30, 10],
  ['on threads', { maxThreads: 2 }, 2, 0],
] as const)('savepoints hold what circulates in them, %s', async (_, config, numRuns, least) => {
  let saved = 0
  await fc.assert(
    fc.asyncProperty(spec, saving, async (one, how) => {
      if (await checkSaved(one, config, how)) saved++
    }),
    { numRuns },
  )
  expect(saved).toBeGreaterThanOrEqual(least)
})
