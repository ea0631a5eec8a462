import fc from 'fast-check'
import { deliveryCase } from './fixtures/delivery-arbitrary.ts'
import { checkDelivery, runDelivery } from './fixtures/delivery-run.ts'

/** How long a run of the stress is. */
export interface DeliveryStress {
  readonly runs: number
  readonly seed: number
  readonly mode: 'threads' | 'inline'
}

/**
 * Runs random graphs and holds each against the reference. Throws at the first that differs, with the
 * seed and the path that lead to it and the smallest graph that still does.
 */
export async function stressDelivery({ runs, seed, mode }: DeliveryStress): Promise<void> {
  await fc.assert(
    fc.asyncProperty(deliveryCase, async (one) => checkDelivery(one, await runDelivery(one, mode))),
    { numRuns: runs, seed },
  )
}
