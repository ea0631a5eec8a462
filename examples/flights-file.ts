import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The 3,000,000 US flights of early 2001 that npm package `vega-datasets` brings. */
export function flightsFile(): string {
  const main = createRequire(fileURLToPath(import.meta.url)).resolve('vega-datasets')
  return join(dirname(main), '../data/flights-3m.parquet')
}
