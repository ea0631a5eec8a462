import { glob, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { BrokenFileError, brokenFile } from './file-error.ts'

/** A file that was found, and its size in bytes. */
export interface FoundFile {
  readonly path: string
  readonly size: number
}

/**
 * The files that paths and globs name, in the order given, those of one glob by code point.
 *
 * A path that exists is taken as it is, whatever characters it holds. A glob leaves out what is no
 * file and, unless its last part begins with a dot, names that do (unfinished files of `FileSink`).
 * Throws `SAGE_FILE` for a missing or unreadable path, what is no file, and a glob that matches none.
 *
 * @param mayMiss - whether a path may be missing, as a file that an earlier run has read
 */
export async function findFiles(
  paths: readonly string[],
  mayMiss: (path: string) => boolean,
): Promise<FoundFile[]> {
  const found: FoundFile[] = []
  for (const path of paths) {
    const size = await sizeOf(path)
    if (size !== undefined) found.push({ path, size })
    else if (/[*?[\]{}]/.test(path)) found.push(...(await matches(path)))
    else if (!mayMiss(path)) throw new BrokenFileError(path, 'expected a readable file, got none')
  }
  return found
}

/** Whether anything is at this path. */
export async function isThere(path: string): Promise<boolean> {
  return (await sizeOf(path)) !== undefined
}

/** The size of the file at `path`; undefined where there is none. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) throw new BrokenFileError(path, 'expected a file, got a folder')
    if (!stats.isFile()) {
      const detail = 'expected a file, got a pipe or a device, which fromReadable can read'
      throw new BrokenFileError(path, detail)
    }
    return stats.size
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return undefined
    throw brokenFile(path, 'a readable file', thrown)
  }
}

async function matches(pattern: string): Promise<FoundFile[]> {
  const hidden = basename(pattern).startsWith('.')
  const found: FoundFile[] = []
  for await (const path of glob(pattern)) {
    if (basename(path).startsWith('.') && !hidden) continue
    try {
      const stats = await stat(path)
      if (stats.isFile()) found.push({ path, size: stats.size })
    } catch (thrown) {
      throw brokenFile(path, 'a readable file', thrown)
    }
  }
  if (found.length === 0) {
    throw new BrokenFileError(pattern, 'expected a glob that matches files, got no match')
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}
