import { type Duration, durationMs } from '../../codec/duration.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { type AsyncSettings, awaiting } from './async-map.ts'
import { TtlCache } from './lookup-cache.ts'

/** How lookups are kept and awaited. */
export interface EnrichSettings extends AsyncSettings {
  readonly ttl?: Duration
}

/**
 * One record in, one or none out, with what a `getter` knows of it; lookups are kept per subtask, by the job's clock, for
 * `ttl`. In no snapshot. Results of mappers that are there at once are passed on at once.
 */
export function enrichCachedFactory(
  getter: unknown,
  mapper: unknown,
  settings: EnrichSettings = {},
): OperatorFactory {
  requireLambda(getter, 'enrichCached getter')
  requireLambda(mapper, 'enrichCached mapper')
  const ttlMs = durationMs(settings.ttl ?? Number.POSITIVE_INFINITY, 'enrichCached.ttl')
  return {
    shape: 'async',
    functions: [getter, mapper],
    ...awaiting('enrichCached', settings),
    create: ({ ctx }) => {
      const cache = new TtlCache((key) => getter(key, ctx), ttlMs, ctx.clock)
      return { call: (value) => mapper(cache, value, ctx) }
    },
  }
}
