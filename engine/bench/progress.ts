/** How far a measurement is. */
export interface Progress {
  /** What is measured. */
  readonly name: string
  /** `load`: records are sent, `drain`: the last results are awaited, `rounds`: runs are repeated. */
  readonly phase: 'load' | 'drain' | 'rounds'
  /** Records sent, results arrived, or runs done. */
  readonly done: number
  readonly total: number
  /** Since the measurement began. */
  readonly elapsedMs: number
}

/** What is told of progress, at most ten times a second. Must not throw. */
export type OnProgress = (progress: Progress) => void

/** Takes reports of one measurement and, at its end, tidies up after them. */
export interface ProgressReporter {
  report(progress: Progress): void
  end(): void
}

/** Where a terminal line goes: standard error, or what a test puts in its place. */
interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/**
 * Reports to the user's function; without one, to a line on standard error where that is a terminal, else to
 * nobody.
 */
export function progressReporter(
  onProgress: OnProgress | undefined,
  terminal: Terminal = process.stderr,
): ProgressReporter {
  if (onProgress !== undefined) return { report: onProgress, end: () => {} }
  if (terminal.isTTY !== true) return { report: () => {}, end: () => {} }
  let written = false
  return {
    report: (progress) => {
      written = true
      terminal.write(`${CLEAR}${progressLine(progress)}`)
    },
    end: () => {
      if (written) terminal.write(CLEAR)
    },
  }
}

/** Back to the line's beginning, and nothing in it. */
const CLEAR = '\r\u001b[K'

const WORDS = { load: 'sent', drain: 'arrived', rounds: 'runs done' } as const

/** Progress in one line, without control characters, short enough for a terminal. */
export function progressLine({ name, phase, done, total, elapsedMs }: Progress): string {
  const what = name.replaceAll(/\p{Cc}/gu, ' ').slice(0, 40)
  const counts = `${done.toLocaleString('en')} of ${total.toLocaleString('en')} ${WORDS[phase]}`
  return `${what}: ${counts}, ${(elapsedMs / 1000).toFixed(1)} s`
}
