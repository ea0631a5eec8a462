/**
 * All that checkpoint stores and file sinks do with files. `nodeFiles` is the real one; tests and the simulator put their own
 * in its place, which fail and crash where they are told to. What a call throws has the `code` that Node's errors have.
 */
export interface Files {
  /**
   * Makes the directory and those above it, if they are missing. Those above are durable then; the directory itself is so
   * once the one that it lies in is synced.
   */
  makeDirectory(path: string): Promise<void>
  /** The names in a directory, those of directories with a slash behind; none where there is no such directory. */
  list(directory: string): Promise<string[]>
  /** Creates a file, which must not exist, to be written. */
  create(path: string): Promise<OpenFile>
  /** Opens a file to be read. */
  open(path: string): Promise<OpenFile>
  /** Replaces what is called `to`, at once. */
  rename(from: string, to: string): Promise<void>
  /** A file that is missing is removed. */
  remove(path: string): Promise<void>
  /** Makes durable which files and directories the directory has, and how they are called. */
  syncDirectory(path: string): Promise<void>
}

/** An open file. One call at a time. */
export interface OpenFile {
  /** Writes at a position; may write fewer bytes, and says how many. */
  write(bytes: Uint8Array, at: number): Promise<number>
  /** Reads from a position; may read fewer bytes, 0 at the end. */
  read(into: Uint8Array, at: number): Promise<number>
  /** Its length in bytes. */
  size(): Promise<number>
  /** Makes what was written durable. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Writes all of `bytes`. */
export async function writeFully(file: OpenFile, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes.subarray(done), at + done)
    if (written === 0) throw new Error(`${bytes.length - done} bytes could not be written`)
    done += written
  }
}

/** Fills `into`, or as much of it as the file has; how much. */
export async function readFully(file: OpenFile, into: Uint8Array, at: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const read = await file.read(into.subarray(done), at + done)
    if (read === 0) break
    done += read
  }
  return done
}
