import type { SourceFactory } from '../contract/operator.ts'
import { IDLE } from '../contract/source.ts'
import { sourceContext } from './harness-context.ts'

/** Reads all partitions of a source to their ends, one after the other, `max` records at a time. */
export async function readAll(
  factory: SourceFactory,
  parallelism = 1,
  max = 100,
): Promise<unknown[]> {
  const source = factory.create(sourceContext({ parallelism }))
  const records: unknown[] = []
  for (const partition of await source.partitions()) {
    const reader = await source.open(partition)
    for (let batch = await reader.next(max); batch !== null; batch = await reader.next(max)) {
      if (batch !== IDLE) records.push(...batch)
    }
    await reader.close?.()
  }
  return records
}
