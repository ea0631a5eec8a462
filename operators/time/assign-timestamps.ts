import { requireLambda } from '../contract/function-form.ts'
import type { OperatorCall, OperatorFactory } from '../contract/operator.ts'
import { PartitionWatermarks } from './partition-watermarks.ts'
import type { WatermarkStrategy } from './watermark-strategy.ts'

/**
 * Gives records their timestamps and the stream its watermarks. Without `timestampOf` the timestamps are those that the
 * records came with: the source's, or those of an operator upstream.
 */
export function assignTimestampsFactory(
  timestampOf: unknown,
  strategy: WatermarkStrategy,
): OperatorFactory {
  if (timestampOf !== undefined) requireLambda(timestampOf, 'assignTimestamps')
  const call = (timestampOf ??
    ((_: unknown, ctx: { timestamp?: number }) => ctx.timestamp)) as OperatorCall
  return {
    shape: 'timestamp',
    stamps: true,
    functions: timestampOf === undefined ? [] : [timestampOf as Function],
    create: () => ({ call, watermarks: new PartitionWatermarks(strategy) }),
  }
}
