import { StreamError } from '../../codec/errors.ts'

/**
 * A part of a file that one subtask reads: the bytes `[from, to)`, or, in a Parquet file, the row
 * group `from`. `to` is `Infinity` where the part reaches to the file's end.
 */
export interface FilePart {
  readonly path: string
  readonly from: number
  readonly to: number
}

/**
 * The partition's name, as checkpoints and messages hold it: `logs/a.csv#0-`, `a.txt#0-33554432`,
 * `a.parquet#7`.
 */
export function partName(path: string, from: number, to?: number): string {
  if (to === undefined) return `${path}#${from}`
  return `${path}#${from}-${to === Number.POSITIVE_INFINITY ? '' : to}`
}

/** The reverse of {@link partName}. */
export function parsePartName(name: string): FilePart {
  const match = /^(.*)#(\d+)(?:-(\d*))?$/s.exec(name)
  if (match === null) {
    throw new StreamError('SAGE_FILE', `expected a partition like 'a.txt#0-9', got '${name}'`)
  }
  const [, path, from, to] = match
  return { path, from: Number(from), to: to ? Number(to) : Number.POSITIVE_INFINITY }
}

/**
 * Names ranges for those bytes of `[0, size)` that no range of `known` holds: whole, or cut at the
 * multiples of `step`.
 */
export function rangeNames(
  path: string,
  size: number,
  step: number,
  known: readonly FilePart[],
): string[] {
  if (size === 0 && known.length === 0) return [partName(path, 0, 0)]
  const names: string[] = []
  const fill = (from: number, to: number): void => {
    for (let at = from; at < to; ) {
      const end = Math.min(to, step === Number.POSITIVE_INFINITY ? to : at - (at % step) + step)
      names.push(partName(path, at, end))
      at = end
    }
  }
  let end = 0
  for (const { from, to } of known.toSorted((a, b) => a.from - b.from)) {
    fill(end, Math.min(from, size))
    end = Math.max(end, to)
  }
  fill(end, size)
  return names
}

/** A file that is never cut is one part, however large it becomes. */
export function wholeFile(path: string, known: readonly FilePart[]): string[] {
  return known.length > 0 ? [] : [partName(path, 0, Number.POSITIVE_INFINITY)]
}
