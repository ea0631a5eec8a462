import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Files, OpenFile } from './files.ts'

/** The files of this machine. Every call runs on a thread of Node's pool: none of them holds up the caller's. */
export const nodeFiles: Files = {
  async makeDirectory(path) {
    const topmost = await mkdir(path, { recursive: true })
    if (topmost === undefined) return
    const end = dirname(resolve(topmost))
    for (let made = dirname(resolve(path)); made.length > end.length; made = dirname(made))
      await nodeFiles.syncDirectory(dirname(made))
  },

  async list(directory) {
    try {
      const entries = await readdir(directory, { withFileTypes: true })
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  },

  async create(path) {
    return new NodeFile(await open(path, 'wx'))
  },

  async open(path) {
    return new NodeFile(await open(path, 'r'))
  },

  rename,

  async remove(path) {
    await rm(path, { force: true })
  },

  async syncDirectory(path) {
    // Windows opens no directories; there the file system orders renames by itself.
    if (process.platform === 'win32') return
    let handle: FileHandle
    try {
      handle = await open(path, 'r')
    } catch (error) {
      // Somebody else's, in which one may have files and not look.
      if ((error as NodeJS.ErrnoException).code === 'EACCES') return
      throw error
    }
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

class NodeFile implements OpenFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async write(bytes: Uint8Array, at: number): Promise<number> {
    return (await this.#handle.write(bytes, 0, bytes.length, at)).bytesWritten
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.length, at)).bytesRead
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  sync(): Promise<void> {
    return this.#handle.sync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
