import { describe, StreamError } from '../../codec/errors.ts'

/** How a file is cut into records. */
export type FileFormatName = 'lines' | 'json' | 'csv' | 'bytes' | 'parquet'

/** What `env.fromFile` may be told. */
export interface FileSourceOptions {
  /**
   * - `lines`: each line is a string; blank lines are records.
   * - `json`: each line is a JSON value; lines of nothing but white space are passed over.
   * - `csv`: each row is an object of strings; blank lines are passed over.
   * - `bytes`: chunks `{ path, offset, bytes }`.
   * - `parquet`: each row is an object. INT64 is a number within 2^53 and a bigint beyond; a decimal
   *   is the nearest number; dates and timestamps are `Date`s, times of day numbers.
   */
  readonly format: FileFormatName
  /**
   * `csv`, `parquet`: only these columns. For `csv` without a header: the names of its fields, in
   * order.
   */
  readonly columns?: readonly string[]
  /**
   * `csv`: whether the first row names the columns (default). Without it and without `columns`,
   * rows are arrays.
   */
  readonly header?: boolean
  /**
   * `lines`, `json`, `bytes`: whether a large file may be read in ranges, side by side (default).
   */
  readonly split?: boolean
}

/** One record of format `bytes`. */
export interface FileChunk {
  readonly path: string
  /** Where the chunk begins in the (unpacked) file. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/** The record type that options give. */
export type FileRecord<O extends FileSourceOptions> = O['format'] extends 'lines'
  ? string
  : O['format'] extends 'bytes'
    ? FileChunk
    : O['format'] extends 'csv'
      ? CsvRecord<O>
      : any

type CsvRecord<O extends FileSourceOptions> = O extends { header: false }
  ? O extends { columns: readonly string[] }
    ? Record<string, string>
    : string[]
  : Record<string, string>

const formats: readonly FileFormatName[] = ['lines', 'json', 'csv', 'bytes', 'parquet']

/** Refuses wrong options when the graph is built. Throws `SAGE_OPTION`. */
export function checkFileSource(paths: unknown, options: FileSourceOptions): void {
  const list = Array.isArray(paths) ? paths : [paths]
  if (list.length === 0 || !list.every((path) => typeof path === 'string' && path !== '')) {
    refuse('a path, a glob or an array of these', paths)
  }
  if (typeof options !== 'object' || options === null) refuse('options with a format', options)
  const { format, columns, header, split } = options
  if (!formats.includes(format)) refuse(`a format of ${formats.join(', ')}`, format)
  if (columns !== undefined) checkColumns(columns, format)
  checkFlag('header', header, format, ['csv'])
  checkFlag('split', split, format, ['lines', 'json', 'bytes', 'csv', 'parquet'])
}

function checkColumns(columns: readonly string[], format: FileFormatName): void {
  if (format !== 'csv' && format !== 'parquet') {
    refuse(`columns only with format csv or parquet, not '${format}'`, columns)
  }
  const good = Array.isArray(columns) && columns.length > 0
  if (!good || !columns.every((column) => typeof column === 'string')) {
    refuse('columns: an array of column names', columns)
  }
  if (new Set(columns).size < columns.length) refuse('columns: each name once', columns)
}

function checkFlag(
  name: string,
  value: unknown,
  format: FileFormatName,
  where: readonly FileFormatName[],
): void {
  if (value === undefined) return
  if (typeof value !== 'boolean') refuse(`${name}: true or false`, value)
  if (!where.includes(format)) refuse(`${name} only with format ${where.join(', ')}`, format)
}

function refuse(expected: string, got: unknown): never {
  throw new StreamError('SAGE_OPTION', `fromFile: expected ${expected}, got ${describe(got)}`)
}
