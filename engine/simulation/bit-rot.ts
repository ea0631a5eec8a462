import type { Random } from './random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

/** Damage to a file of a checkpoint, done while no job runs. */
export interface BitRot {
  readonly epoch: number
  readonly path: string
  /** Gives the file its bytes back; false: it is gone. */
  mend(): boolean
}

/** Turns a bit of one of the files that a checkpoint is made of, or cuts it off. */
export function strike(
  disk: SimulatedDisk,
  epoch: number,
  files: readonly string[],
  random: Random,
): BitRot {
  const path = random.pick(files)
  const inode = disk.find(path)!
  const { bytes } = inode
  const damaged = bytes.slice(0, random.chance(0.3) ? random.below(bytes.length) : undefined)
  if (damaged.length === bytes.length) damaged[random.below(bytes.length)] ^= 1 << random.below(8)
  inode.replace(damaged)
  return {
    epoch,
    path,
    mend: () => {
      inode.replace(bytes)
      return disk.find(path) === inode
    },
  }
}
