import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** What a figure is worth nothing without: where, on what, and when it was measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly node: string
  readonly platform: string
  readonly load: number
  readonly commit: string
  readonly date: string
}

/**
 * The machine as it is now. The load is the average of the last minute, before the benchmarks add
 * to it.
 */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    commit: commit(),
    date: new Date().toISOString(),
  }
}

/**
 * The machine in one line. A load of more than half a core is called out: its figures are not to be
 * trusted.
 */
export function machineLine(m: Machine): string {
  const busy = m.load > 0.5 ? ' (busy: figures may be low)' : ''
  return (
    `${m.cpu}, ${m.cores} cores, ${m.memoryGiB} GiB, ${m.platform}, Node ${m.node}, ` +
    `load ${m.load.toFixed(2)}${busy}, commit ${m.commit}, ${m.date}`
  )
}

function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' + changes'
    return git('rev-parse', '--short', 'HEAD') + changed
  } catch {
    return 'none'
  }
}
