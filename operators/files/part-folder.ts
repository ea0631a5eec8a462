import { dirname, join } from 'node:path'
import { describe, StreamError } from '../../codec/errors.ts'
import type { Files } from '../contract/files.ts'
import { BrokenFileError, brokenFile } from './file-error.ts'

/** A file of a sink, visible or hidden. */
export interface FoundPart {
  readonly folder: string
  readonly name: string
}

/** Makes the sink's folder, if it is missing: a loss of power takes it with nothing in it, or not at all. */
export async function makeFolder(files: Files, path: string): Promise<void> {
  try {
    await files.makeDirectory(path)
    await files.syncDirectory(dirname(path))
  } catch (thrown) {
    throw brokenFile(path, 'a folder to write to', thrown)
  }
}

/**
 * Makes the sink's folder ready for one subtask: refuses files of an earlier run and removes what
 * such a run left unfinished.
 *
 * A subtask answers for its own names and those that no subtask of this run has. The names of the
 * other subtasks are theirs: one that opened earlier may have published already.
 */
export async function claimFolder(
  files: Files,
  path: string,
  subtask: number,
  parallelism: number,
): Promise<void> {
  const unfinished: FoundPart[] = []
  for (const part of await findParts(files, path)) {
    const match = /^(\.?)part-(?:(\d+)-)?/.exec(part.name)!
    const owner = match[2] === undefined ? subtask : Number(match[2])
    if (owner !== subtask && owner < parallelism) continue
    if (match[1] === '.') unfinished.push(part)
    else {
      const got = join(part.folder, part.name)
      throw new BrokenFileError(path, `expected a folder without part-* files, got '${got}'`)
    }
  }
  await removeParts(files, unfinished)
}

/** What a sink's folder and those below it hold of parts. */
export async function findParts(files: Files, path: string): Promise<FoundPart[]> {
  const found: FoundPart[] = []
  const folders = [path]
  try {
    // Grows on its way.
    for (const folder of folders)
      for (const name of await files.list(folder)) {
        if (name.endsWith('/')) folders.push(join(folder, name.slice(0, -1)))
        else if (/^\.?part-/.test(name)) found.push({ folder, name })
      }
    return found
  } catch (thrown) {
    throw brokenFile(path, 'a folder to write to', thrown)
  }
}

/** Removes files for good. */
export async function removeParts(files: Files, parts: readonly FoundPart[]): Promise<void> {
  const attempt = async (path: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (thrown) {
      throw brokenFile(path, 'a file that can be removed', thrown)
    }
  }
  for (const { folder, name } of parts) {
    const path = join(folder, name)
    await attempt(path, () => files.remove(path))
  }
  for (const folder of new Set(parts.map((part) => part.folder)))
    await attempt(folder, () => files.syncDirectory(folder))
}

/** No file system takes longer names. */
const NAME_BYTES = 255

/**
 * The subfolder for a partition. Slashes make nested folders; whatever else could leave the folder,
 * hide it or not be a name on some system is percent-encoded, so that different names stay
 * different. Throws `SAGE_PARTITION` for anything that is no name.
 */
export function partitionFolder(path: string, partition: unknown): string {
  const parts = typeof partition === 'string' ? partition.split('/').map(encodeName) : ['']
  if (parts.some((name) => name === '' || Buffer.byteLength(name) > NAME_BYTES)) {
    const got = describe(partition)
    throw new StreamError(
      'SAGE_PARTITION',
      `FileSink: expected a partition like 'a' or 'a/b', of names that are not empty and not longer than ${NAME_BYTES} bytes, got ${got}`,
    )
  }
  return join(path, ...parts)
}

function encodeName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not get into a name
  return name.replace(/[\x00-\x1f%\\:*?"<>|]|^\.|\.$/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
