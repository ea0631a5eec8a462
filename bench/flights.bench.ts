import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { build } from 'rolldown'
import type { BenchResult } from 'sage-stream/bench'

export const title = '3,000,000 flights from Parquet to a table of airports'
export const targets = '>= 1.3x the hand-written loop, with 2 workers'

const FOLDER = new URL('../build/bench/', import.meta.url)

/**
 * Runs `flights-contenders.ts` as users run things: the built package, and the bench compiled to JavaScript. From
 * sources, every thread would strip the types of 200 modules first.
 */
export async function run(): Promise<BenchResult[]> {
  await build({
    input: {
      'flights-contenders': new URL('flights-contenders.ts', import.meta.url).pathname,
      'flights-job': new URL('../examples/flights-job.ts', import.meta.url).pathname,
    },
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    output: { dir: FOLDER.pathname, format: 'esm' },
    logLevel: 'silent',
  })
  const script = new URL('flights-contenders.js', FOLDER).pathname
  const { stdout } = await promisify(execFile)(process.execPath, [script])
  return JSON.parse(stdout) as BenchResult[]
}
