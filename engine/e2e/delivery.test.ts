import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deliveryCase } from './fixtures/delivery-arbitrary.ts'
import { checkDelivery, runDelivery } from './fixtures/delivery-run.ts'

// A failure prints its seed and path: pass them as `fc.assert(…, { seed, path })` to run it again.

test('every record reaches every consumer exactly once and in order: random graphs, inline', async () => {
  await fc.assert(
    fc.asyncProperty(deliveryCase, async (one) =>
      checkDelivery(one, await runDelivery(one, 'inline')),
    ),
    { numRuns: 70 },
  )
}, 120_000)

test('random graphs on threads, with the results of inline mode', async () => {
  await fc.assert(
    fc.asyncProperty(deliveryCase, async (one) => {
      const threads = await runDelivery(one, 'threads')
      checkDelivery(one, threads)
      const inline = await runDelivery(one, 'inline')
      checkDelivery(one, inline)
      const counts = ({ operators }: typeof inline.result) =>
        operators.map(({ name, kind, parallelism, recordsIn, recordsOut, errors, dropped }) => ({
          name,
          kind,
          parallelism,
          recordsIn,
          recordsOut,
          errors,
          dropped,
        }))
      expect(counts(threads.result)).toEqual(counts(inline.result))
    }),
    { numRuns: 4 },
  )
}, 120_000)
