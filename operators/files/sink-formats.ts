import { jsonWriter, linesWriter } from './line-writer.ts'
import type { RecordWriter } from './record-writer.ts'

/** What `FileSink` can write. */
export type FileSinkFormat = 'lines' | 'json' | 'csv' | 'parquet'

/** Makes the writer of one file. */
export type CreateWriter = () => RecordWriter

/** The file name extension of each format. */
export const extensions: Readonly<Record<FileSinkFormat, string>> = {
  lines: 'txt',
  json: 'json',
  csv: 'csv',
  parquet: 'parquet',
}

/** Writers are loaded when a sink needs them: every thread of every job imports this file. */
export async function loadWriter(format: FileSinkFormat): Promise<CreateWriter> {
  switch (format) {
    case 'lines':
      return linesWriter
    case 'json':
      return jsonWriter
    case 'csv':
      return (await import('./csv-writer.ts')).csvWriter
    case 'parquet':
      return (await import('./parquet-writer.ts')).parquetWriter
  }
}
