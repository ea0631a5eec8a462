import type { SinkRecovery } from '../../operators/contract/operator.ts'
import { FileSink } from '../../operators/files/file-sink.ts'
// What the sink loads when it begins is there before: nothing in a simulation waits for this machine's own files.
import '../../operators/contract/node-files.ts'
import '../../operators/files/csv-writer.ts'
import '../../operators/files/part-file.ts'
import '../../operators/files/part-folder.ts'
import '../../operators/files/part-transactions.ts'
import type { Row } from './ledger.ts'
import { laneOf, type RowFormat, recordOf } from './row-text.ts'
import type { World } from './world.ts'

/** How a workload writes its files. */
export interface FileOptions {
  readonly format: RowFormat
  /** About how long a file gets; Infinity: one for each checkpoint. */
  readonly rollBytes: number
  /** How old, in ms. */
  readonly rollMs: number
  /** Whether rows go to several folders, by their lane. */
  readonly divides: boolean
}

/** Where all file sinks write, each to a folder of its own. */
export const OUT = '/simulated/out'

const FOLDERS = ['a', 'b/c', 'b/d'] as const

/** The engine's own sink of files, on the simulated disk. */
export class SimulatedFileSink extends FileSink {
  readonly #world: World
  readonly #format: RowFormat

  /** @param name - of its folder */
  constructor({ world, name, options }: { world: World; name: string; options: FileOptions }) {
    const { format, rollBytes, rollMs, divides } = options
    super(
      {
        path: `${OUT}/${name}`,
        format,
        rollBytes,
        rollEvery: rollMs,
        ...(divides ? { partition: folderOf } : {}),
      },
      world.files,
    )
    this.#world = world
    this.#format = format
  }

  override async recover(recovery: SinkRecovery): Promise<void> {
    this.#world.troubles.at('recover')
    await super.recover(recovery)
  }

  override async open(): Promise<void> {
    this.#world.troubles.at('open')
    await super.open()
  }

  override execute(row: Row): Promise<void> | undefined {
    this.#world.work()
    return super.execute(recordOf(row, this.#format))
  }

  override async prepare(epoch: number): Promise<unknown> {
    this.#world.troubles.at('prepare')
    return super.prepare(epoch)
  }

  override async commit(epoch: number): Promise<void> {
    this.#world.troubles.at('commit')
    await super.commit(epoch)
  }

  override async close(): Promise<void> {
    await super.close()
    this.#world.troubles.at('close')
  }
}

/** Rows of one lane go to one folder. */
function folderOf(record: unknown): string {
  return FOLDERS[laneOf(record).length % FOLDERS.length]
}
