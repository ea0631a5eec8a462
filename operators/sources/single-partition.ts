import type { RuntimeContext } from '../contract/context.ts'
import type { SourceFactory } from '../contract/operator.ts'
import type { Awaitable, PartitionReader } from '../contract/source.ts'

/**
 * Of a source that has one partition: how it is opened, at a position that its reader has given or
 * undefined.
 */
export type OpenReader = (
  ctx: RuntimeContext,
  position: unknown,
) => Awaitable<PartitionReader<unknown, unknown>>

/** The recipe of a source with one partition, whose name is `'0'`. */
export function singlePartition(
  open: OpenReader,
  { functions = [], sharesRecords }: { functions?: readonly Function[]; sharesRecords: boolean },
): SourceFactory {
  return {
    single: true,
    sharesRecords,
    functions,
    create: (ctx) => ({
      partitions: () => ['0'],
      open: (_, position) => open(ctx, position),
    }),
  }
}
