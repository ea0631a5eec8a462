import { extensions } from './sink-formats.ts'

/** What the name of a file that a sink has prepared for a checkpoint says. */
export interface PartName {
  readonly hidden: boolean
  readonly subtask: number
  readonly epoch: number
}

/** `part-<subtask>-<epoch>[-n].<ext>`: the n-th file of a folder in that epoch. */
export function partName(subtask: number, epoch: number, n: number, extension: string): string {
  return `part-${subtask}-${epoch}${n === 0 ? '' : `-${n}`}.${extension}`
}

const NUMBER = '(0|[1-9]\\d*)'
const PATTERN = new RegExp(
  `^(\\.?)part-${NUMBER}-${NUMBER}(?:-[1-9]\\d*)?\\.(?:${Object.values(extensions).join('|')})$`,
)

/** Reads such a name, to the letter; undefined for any other. */
export function parsePartName(name: string): PartName | undefined {
  const match = PATTERN.exec(name)
  if (match === null) return undefined
  return { hidden: match[1] === '.', subtask: Number(match[2]), epoch: Number(match[3]) }
}
