/**
 * The files of a checkpoint directory: a document first. The files beside this one import names, never numbers. What
 * the contents mean stands in `docs/checkpoint-format.md`.
 *
 * ```
 *   manifest-<epoch>                a complete checkpoint: it exists once it has been renamed into place
 *   manifest-<epoch>.tmp            one that is being written
 *   revoked-<epoch>                 a manifest that is not used any more: the job went on from an earlier one
 *   part-<epoch>-<thread>-<n>       state that a thread has written; means something once a manifest names it
 *   left-<epoch>                    names the savepoint of that number, elsewhere, with which a job has left
 *   left-<epoch>.tmp                one that is being written
 *   epoch-<epoch>                   empty: the number has been given out, and is not given out again
 *   lock-<id>                       who uses the directory (lock.ts)
 *   lock-<id>.tmp                   a lock that is being written
 * ```
 *
 * **A file** is a header, blocks, a description and a tail. All numbers are little endian; nothing is aligned.
 *
 * ```
 *    0            8           10       12         16
 *    +------------+-----------+--------+----------+--------+-----+-------------+------+
 *    | "SAGECKPT" | version   | kind   | crc      | blocks | ... | description | tail |
 *    |            | u16       | u16    | u32      |        |     | JSON, UTF-8 |      |
 *    +------------+-----------+--------+----------+--------+-----+-------------+------+
 *      crc   of bytes 0 to 12
 *
 *   tail:
 *    0                 8                  12            16         20          24
 *    +-----------------+------------------+-------------+----------+-----------+
 *    | descriptionAt   | descriptionBytes | crc         | tailCrc  | end mark  |
 *    | f64             | u32              | u32         | u32      | u32       |
 *    +-----------------+------------------+-------------+----------+-----------+
 *      crc      of header and description: the manifest keeps it for each part
 *      tailCrc  of the tail's bytes 0 to 16
 * ```
 *
 * A block's place, length and CRC stand in the description. So every byte of a file is under a CRC-32C: header, blocks,
 * description and tail follow each other without gaps, and a file that is cut off has no tail.
 *
 * A manifest has no blocks: its description is the manifest. A part's description is a `PartIndex`. A lock's says who
 * holds it, that of a `left-<epoch>` where the savepoint lies.
 */

/** Of the format. Files of another version are refused. */
export const FORMAT_VERSION = 1

/** `SAGECKPT` */
export const MAGIC = new Uint8Array([0x53, 0x41, 0x47, 0x45, 0x43, 0x4b, 0x50, 0x54])
export const VERSION_OFFSET = 8
export const KIND_OFFSET = 10
export const HEADER_CRC_OFFSET = 12
export const HEADER_BYTES = 16

export const DESCRIPTION_AT_OFFSET = 0
export const DESCRIPTION_BYTES_OFFSET = 8
export const CRC_OFFSET = 12
export const TAIL_CRC_OFFSET = 16
export const END_MARK_OFFSET = 20
export const TAIL_BYTES = 24

export const END_MARK = 0x444e4553

/** Kinds of files. */
export const KIND_PART = 1
export const KIND_MANIFEST = 2
export const KIND_LOCK = 3
export const KIND_LEFT = 4

/** A block is closed when it has so many bytes: a damaged byte costs one block's reading to find, a skipped block none. */
export const BLOCK_BYTES = 1 << 20

/** Which file of a checkpoint a thread writes. */
export interface PartId {
  readonly epoch: number
  /** The index of the thread among the job's workers. */
  readonly thread: number
  /** Counts the files of that thread in that epoch. */
  readonly number: number
}

export function partName({ epoch, thread, number }: PartId): string {
  return `part-${epoch}-${thread}-${number}`
}

export function manifestName(epoch: number): string {
  return `manifest-${epoch}`
}

export function revokedName(epoch: number): string {
  return `revoked-${epoch}`
}

export function leftName(epoch: number): string {
  return `left-${epoch}`
}

export function epochName(epoch: number): string {
  return `epoch-${epoch}`
}

/** A name with this at its end is no file yet. */
export const UNFINISHED = '.tmp'

/** What the name of a file in a checkpoint directory says. */
export interface StoredName {
  readonly name: string
  readonly kind: 'manifest' | 'unfinished' | 'revoked' | 'left' | 'part' | 'epoch'
  readonly epoch: number
}

const PATTERN =
  /^(?:(manifest|revoked|left|epoch)-(\d+)|(?:manifest|left)-(\d+)\.tmp|part-(\d+)-\d+-\d+)$/

/** Reads a name; undefined for files of no checkpoint, which are left alone. */
export function parseName(name: string): StoredName | undefined {
  const match = PATTERN.exec(name)
  if (match === null) return undefined
  const [, plain, epoch, unfinished, part] = match
  if (plain !== undefined) return { name, kind: plain as StoredName['kind'], epoch: Number(epoch) }
  if (part !== undefined) return { name, kind: 'part', epoch: Number(part) }
  return { name, kind: 'unfinished', epoch: Number(unfinished) }
}

/** What `checkpoint.resume` names: a directory, or one checkpoint in it by its manifest. */
export interface CheckpointPath {
  readonly directory: string
  /** Absent: the newest one there. */
  readonly epoch?: number
}

/** Takes the path that `checkpoint()` and `savepoint()` give, or that of a directory, apart. */
export function checkpointPath(path: string): CheckpointPath {
  const match = /^(.*?)[\\/]?manifest-(\d+)$/.exec(path)
  if (match === null) return { directory: path }
  return { directory: match[1] === '' ? '.' : match[1], epoch: Number(match[2]) }
}
