import { parsePartName } from '../../operators/files/part-name.ts'
import type { Row } from './ledger.ts'
import { Finding } from './oracle.ts'
import { type RowFormat, rowsIn } from './row-text.ts'
import type { Inode, SimulatedDisk } from './simulated-disk.ts'
import { OUT } from './simulated-file-sink.ts'

interface Visible {
  readonly path: string
  /** What its name says: it is the n-th of its folder in that epoch. */
  readonly epoch: number
  readonly subtask: number
  readonly n: number
  readonly inode: Inode
  readonly bytes: Uint8Array
  readonly rows: readonly Row[]
}

/** What file sinks have made visible, as anyone sees it who looks between two events. */
export class VisibleFiles {
  /** Looks at what has become visible, or is so no more: throws where that must not be. */
  onChange: (rows: readonly Row[], by: 1 | -1) => void = () => {}
  readonly #disk: SimulatedDisk
  readonly #format: RowFormat
  readonly #files = new Map<string, Visible>()

  constructor(disk: SimulatedDisk, format: RowFormat) {
    this.#disk = disk
    this.#format = format
  }

  /** Looks again, at whatever may have changed. */
  look(): void {
    const paths = this.#disk.touched().filter((path) => isOfSink(path) && !isHidden(path))
    for (const { path, inode, bytes } of this.#files.values())
      if (inode.bytes !== bytes) paths.push(path)
    const gone: Visible[] = []
    const come: Visible[] = []
    for (const path of new Set(paths)) {
      const before = this.#files.get(path)
      const after = this.#read(path)
      if (before?.bytes === after?.bytes) continue
      if (before !== undefined) gone.push(before)
      if (after === undefined) this.#files.delete(path)
      else {
        this.#files.set(path, after)
        come.push(after)
      }
    }
    for (const { rows } of gone) this.onChange(rows, -1)
    for (const { rows } of come) this.onChange(rows, 1)
  }

  /** All rows, in the order of epochs, and of files. */
  rows(): Row[] {
    return [...this.#files.values()]
      .sort((a, b) => a.epoch - b.epoch || a.subtask - b.subtask || a.n - b.n)
      .flatMap(({ rows }) => rows)
  }

  /** Files that are hidden. */
  hidden(): string[] {
    return this.#disk.listBelow(OUT).filter(isHidden)
  }

  #read(path: string): Visible | undefined {
    const inode = this.#disk.find(path)
    if (inode === undefined) return undefined
    const { bytes } = inode
    const name = path.slice(path.lastIndexOf('/') + 1)
    const part = parsePartName(name)
    const rows = rowsIn(Buffer.from(bytes).toString(), this.#format)
    if (part === undefined || rows === undefined)
      throw new Finding(`'${path}' is visible, and is not a whole file of a sink`)
    const n = Number(/^part-\d+-\d+-(\d+)/.exec(name)?.[1] ?? 0)
    return { path, epoch: part.epoch, subtask: part.subtask, n, inode, bytes, rows }
  }
}

function isOfSink(path: string): boolean {
  return path.startsWith(`${OUT}/`)
}

function isHidden(path: string): boolean {
  return /\/\.[^/]*$/.test(path)
}
