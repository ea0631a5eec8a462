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
 * The partition's name, as checkpoints and messages hold it: `logs/a.txt#0-`, `a.txt#0-33554432`,
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
    throw new StreamError('SAGE_FILE', `expected a partition like 'a.txt#0-', got '${name}'`)
  }
  const [, path, from, to] = match
  return { path, from: Number(from), to: to ? Number(to) : Number.POSITIVE_INFINITY }
}

/**
 * The ranges of a file of `size` bytes: one while it is at most `whole` bytes, else steps of
 * `step`.
 */
export function rangeNames(path: string, size: number, whole: number, step: number): string[] {
  if (size <= whole) return [partName(path, 0, Number.POSITIVE_INFINITY)]
  const names: string[] = []
  for (let from = 0; from < size; from += step) {
    names.push(partName(path, from, Math.min(from + step, size)))
  }
  return names
}
