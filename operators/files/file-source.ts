import type { SourceFactory } from '../contract/operator.ts'
import type { PartitionedSource } from '../contract/source.ts'
import { defaultTuning, type FilePosition, type FileTuning } from './file-format.ts'
import { checkFileSource, type FileSourceOptions } from './file-options.ts'
import type { FileSource } from './file-reading.ts'

/**
 * Reads files: a path, a glob, or an array of these.
 *
 * Partitions are files, ranges of large ones (`lines`, `json`, `bytes`, unless `split: false`) and
 * row groups (`parquet`); each can be continued at any record. Text is UTF-8, what is none becomes
 * U+FFFD; a byte order mark is dropped; `.gz` is unpacked (and then read by one subtask).
 *
 * A file is read as far as it reaches when the job begins, and must not change meanwhile. A job that
 * goes on from a checkpoint reads new files, and what `lines`, `json` and `bytes` files have grown by
 * since, which must be whole lines; files that it has read to their end may be gone. One that is no
 * longer what it was where the job left it fails the job (`SAGE_FILE`).
 *
 * Throws `SAGE_OPTION` at once for wrong options; the job fails with `SAGE_FILE` for a file that is
 * missing, unreadable or cut off, while a broken line or row goes through the source's `errors`
 * policy.
 */
export function fileSource(
  paths: string | readonly string[],
  options: FileSourceOptions,
  tuning: FileTuning = defaultTuning,
): SourceFactory {
  checkFileSource(paths, options)
  const list = typeof paths === 'string' ? [paths] : [...paths]
  return {
    single: false,
    bounded: true,
    sharesRecords: false,
    functions: [],
    create: () => lazily(list, options, tuning),
  }
}

/** Every thread of every job loads this file; only those that read files load what reads them. */
function lazily(
  paths: readonly string[],
  options: FileSourceOptions,
  tuning: FileTuning,
): PartitionedSource<unknown, FilePosition> {
  let source: Promise<FileSource> | undefined
  const load = (): Promise<FileSource> =>
    (source ??= import('./file-reading.ts').then(
      (reading) => new reading.FileSource(paths, options, tuning),
    ))
  return {
    partitions: async (known) => (await load()).partitions(known),
    open: async (partition, position) => (await load()).open(partition, position),
  }
}
