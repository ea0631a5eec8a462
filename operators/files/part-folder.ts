import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, StreamError } from '../../codec/errors.ts'
import { BrokenFileError, brokenFile } from './file-error.ts'

/**
 * Makes the sink's folder ready for one subtask: refuses files of an earlier run and removes what
 * such a run left unfinished.
 *
 * A subtask answers for its own names and those that no subtask of this run has. The names of the
 * other subtasks are theirs: one that opened earlier may have published already.
 */
export async function claimFolder(
  path: string,
  subtask: number,
  parallelism: number,
): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
    const unfinished: string[] = []
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      const match = /^(\.?)part-(?:(\d+)-)?/.exec(entry.name)
      if (match === null || entry.isDirectory()) continue
      const owner = match[2] === undefined ? subtask : Number(match[2])
      if (owner !== subtask && owner < parallelism) continue
      const found = join(entry.parentPath, entry.name)
      if (match[1] === '.') unfinished.push(found)
      else throw new BrokenFileError(path, `expected a folder without part-* files, got '${found}'`)
    }
    for (const file of unfinished) await rm(file, { force: true })
  } catch (thrown) {
    throw brokenFile(path, 'a folder to write to', thrown)
  }
}

/**
 * The subfolder for a partition. Slashes make nested folders; whatever else could leave the folder,
 * hide it or not be a name on some system is percent-encoded, so that different names stay
 * different. Throws `SAGE_PARTITION` for anything that is no name.
 */
export function partitionFolder(path: string, partition: unknown): string {
  const parts = typeof partition === 'string' ? partition.split('/') : ['']
  if (parts.includes('')) {
    const got = describe(partition)
    throw new StreamError(
      'SAGE_PARTITION',
      `FileSink: expected a partition like 'a' or 'a/b', got ${got}`,
    )
  }
  return join(path, ...parts.map(encodeName))
}

function encodeName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not get into a name
  return name.replace(/[\x00-\x1f%\\:*?"<>|]|^\.|\.$/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
