import type { PartitionReader } from '../contract/source.ts'
import type { FilePart } from './file-part.ts'
import type { FoundFile } from './file-paths.ts'
import type { FileTrace } from './file-trace.ts'

/** The next unread record: where it begins, and what else its format needs to go on from there. */
export interface FilePosition {
  /** Byte offset in the (unpacked) file; for Parquet the row inside its row group. */
  readonly offset: number
  /** Line breaks between the part's beginning and `offset`. */
  readonly line: number
  /** Of what stands before `offset`; not for Parquet. */
  readonly trace?: FileTrace
  /** `csv`: the column names that were read from the first row. */
  readonly header?: readonly string[]
}

/** What each file format knows: how a file is cut into parts, and how a part is read. */
export interface FileFormat {
  /**
   * Names the file's parts, which may be read on different threads: those beside the ones that a
   * checkpoint knows.
   */
  parts(file: FoundFile, known: readonly FilePart[]): string[] | Promise<string[]>
  open(part: FilePart, position?: FilePosition): Promise<PartitionReader<unknown, FilePosition>>
}

/** Sizes that tests make small. */
export interface FileTuning {
  /** A file up to this size is one part. */
  readonly wholeBytes: number
  /** The size of the ranges of a larger one. */
  readonly rangeBytes: number
  /** How much is read at once, and the size of the chunks of format `bytes`. */
  readonly chunkBytes: number
}

/** 64 MiB is read in well under a second: splitting less than that would only cost order. */
export const defaultTuning: FileTuning = {
  wholeBytes: 64 * 1024 * 1024,
  rangeBytes: 32 * 1024 * 1024,
  chunkBytes: 256 * 1024,
}
