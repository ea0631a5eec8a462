import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What the probe's jobs gave under one version of Node. */
export interface VersionReport {
  readonly version: string
  /** A digest a job. */
  readonly gave: readonly string[]
}

const PROBE = fileURLToPath(new URL('./fixtures/versions-probe.ts', import.meta.url))
/** Aliases under which other versions of the npm package `node` may be installed: `npm i --no-save node22@npm:node@22`. */
const ALIASES = ['node22', 'node24', 'node26']

/** The versions of Node at hand: this one, those of `SAGE_NODES` (paths, separated as in `PATH`), and those of npm. */
export function nodeBinaries(): string[] {
  const named = (process.env.SAGE_NODES ?? '').split(delimiter).filter((path) => path !== '')
  const missing = named.find((path) => !existsSync(path))
  if (missing !== undefined)
    throw new Error(
      `SAGE_NODES: expected paths of Node binaries, got ${missing}, which does not exist`,
    )
  return [process.execPath, ...named, ...ALIASES.flatMap(installed)]
}

function installed(alias: string): string[] {
  try {
    return [createRequire(import.meta.url).resolve(`${alias}/bin/node`)]
  } catch {
    return []
  }
}

/** Runs the probe's jobs under one Node binary. Rejects with what it wrote when a job failed there. */
export async function probe(binary: string): Promise<VersionReport> {
  const { stdout } = await promisify(execFile)(binary, ['--conditions=source', PROBE], {
    timeout: 120_000,
  })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

/** Probes all versions at hand and prints one line each; false when any gave something else than the first. */
async function main(): Promise<boolean> {
  const reports: VersionReport[] = []
  for (const binary of nodeBinaries()) reports.push(await probe(binary))
  const [first] = reports
  const differing = reports.filter(({ gave }) => gave.join() !== first.gave.join())
  for (const { version, gave } of reports) {
    const equal = gave.join() === first.gave.join()
    console.log(
      `${version.padEnd(10)} ${gave.length} jobs, ${equal ? `equal to ${first.version}` : `NOT equal to ${first.version}`}`,
    )
  }
  return differing.length === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = (await main()) ? 0 : 1
