import {
  type FileMetaData,
  type ParquetParsers,
  parquetRead,
  type RowGroup,
  type SchemaElement,
  type SchemaTree,
} from 'hyparquet'
import { compressors, type ParquetFile } from './parquet-file.ts'
import { readPresentPages } from './parquet-pages.ts'
import type { ColumnKind } from './row-code.ts'

/** A column of a Parquet file: its place in the schema and how its values come out. */
export interface ParquetColumn {
  readonly name: string
  readonly kind: ColumnKind
  /**
   * The element of a flat column, changed so that `parsers` see every INT64; undefined for a nested
   * one.
   */
  readonly element: SchemaElement | undefined
  /** The file's schema with that element. */
  readonly schema: readonly SchemaElement[]
  readonly parsers: Partial<ParquetParsers>
}

/**
 * Plans how a column is decoded.
 *
 * `hyparquet` decodes INT64 to bigints, one allocation a value, and dates to one shared `Date` per
 * dictionary entry. Its parsers see a dictionary's values once, before they are looked up; so a
 * plain INT64 is presented to it as a timestamp, and all its timestamp parsers return numbers.
 */
export function planColumn(node: SchemaTree, schema: readonly SchemaElement[]): ParquetColumn {
  const { element } = node
  const name = element.name
  if (node.children.length > 0 || element.repetition_type === 'REPEATED') {
    return { name, kind: 'deep', schema, element: undefined, parsers: {} }
  }
  const kind = kindOf(element)
  if (!isInteger64(element)) {
    return { name, kind, schema, element, parsers: kind === 'date' ? dateParsers : {} }
  }
  const { converted_type: _, ...rest } = element
  const shown: SchemaElement = {
    ...rest,
    logical_type: { type: 'TIMESTAMP', unit: 'MILLIS', isAdjustedToUTC: false },
  }
  return {
    name,
    kind,
    schema: schema.map((other) => (other === element ? shown : other)),
    element: shown,
    parsers: { timestampFromMilliseconds: isUnsigned(element) ? toUnsigned : toNumber } as object,
  }
}

/** All values of one column in one row group, as one array. */
export async function readColumn(
  file: ParquetFile,
  metadata: FileMetaData,
  group: RowGroup,
  column: ParquetColumn,
): Promise<ArrayLike<unknown>> {
  const present = await readPresent(file, group, column)
  const pages = present ?? (await readAny(file, metadata, group, column))
  const values = pages.length === 1 ? pages[0] : concat(pages)
  const expected = Number(group.num_rows)
  if (values.length !== expected) {
    throw new Error(`column '${column.name}': expected ${expected} values, got ${values.length}`)
  }
  return values
}

/** The short way, for flat columns in which no value is null. */
async function readPresent(file: ParquetFile, group: RowGroup, column: ParquetColumn) {
  const { element, name, parsers } = column
  if (element?.repetition_type !== 'OPTIONAL') return undefined
  const meta = group.columns.find((chunk) => chunk.meta_data?.path_in_schema[0] === name)?.meta_data
  if (meta === undefined) return undefined
  const start = Number(meta.dictionary_page_offset || meta.data_page_offset)
  const chunk = await file.slice(start, start + Number(meta.total_compressed_size))
  return readPresentPages(chunk, meta, element, parsers)
}

async function readAny(
  file: ParquetFile,
  metadata: FileMetaData,
  group: RowGroup,
  column: ParquetColumn,
): Promise<ArrayLike<unknown>[]> {
  const pages: ArrayLike<unknown>[] = []
  await parquetRead({
    file,
    metadata: { ...metadata, schema: [...column.schema], row_groups: [group] },
    columns: [column.name],
    compressors,
    utf8: false,
    parsers: column.parsers,
    onChunk: ({ columnData }) => pages.push(columnData),
  })
  return pages
}

function concat(pages: readonly ArrayLike<unknown>[]): unknown[] {
  const all: unknown[] = []
  for (const page of pages) for (let i = 0; i < page.length; i++) all.push(page[i])
  return all
}

/** A value of a nested column as a row's own: copies, and numbers for the integers that fit. */
export function copyNested(value: any): unknown {
  if (typeof value === 'bigint') return toNumber(value)
  if (value === undefined || value === null) return null
  if (typeof value !== 'object') return value
  if (value instanceof Date) return new Date(value)
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice()
  if (Array.isArray(value)) return value.map(copyNested)
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, copyNested(field)]))
}

function kindOf(element: SchemaElement): ColumnKind {
  const { type, converted_type: converted, logical_type: logical } = element
  if (converted === 'DATE' || logical?.type === 'DATE') return 'date'
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS') return 'date'
  if (logical?.type === 'TIMESTAMP' || (type === 'INT96' && converted === undefined)) return 'date'
  if (converted === 'JSON' || logical?.type === 'GEOMETRY' || logical?.type === 'GEOGRAPHY') {
    return 'deep'
  }
  const binary = type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY'
  if (!binary || converted !== undefined) return 'value'
  return logical === undefined ? 'bytes' : 'value'
}

function isInteger64({ type, converted_type: converted, logical_type: logical }: SchemaElement) {
  if (type !== 'INT64') return false
  if (converted !== undefined) return /^(U?INT_64|TIME_MICROS)$/.test(converted)
  return logical === undefined || logical.type === 'INTEGER' || logical.type === 'TIME'
}

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted === 'UINT_64' || (logical?.type === 'INTEGER' && !logical.isSigned)
}

function toNumber(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function toUnsigned(value: bigint): number | bigint {
  return toNumber(BigInt.asUintN(64, value))
}

type Parsers = Partial<Record<keyof ParquetParsers, (value: any) => any>>

/** Milliseconds, rounded down also before 1970. */
const dateParsers = {
  timestampFromMilliseconds: Number,
  timestampFromMicroseconds: (value) => Math.floor(Number(value) / 1_000),
  timestampFromNanoseconds: (value) =>
    Number((value - (((value % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n),
  dateFromDays: (value) => value * 86_400_000,
} satisfies Parsers as Partial<ParquetParsers>
