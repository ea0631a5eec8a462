/**
 * All that a checkpoint store does with files. `nodeFiles` is the real one; tests and the simulator put their own in its
 * place, which fail and crash where they are told to. What a call throws has the `code` that Node's errors have.
 */
export interface StoreFiles {
  /** Makes the directory and those above it, if they are missing. */
  makeDirectory(path: string): Promise<void>
  /** The names in a directory; none where there is no such directory. */
  list(directory: string): Promise<string[]>
  /** Creates a file, which must not exist, to be written. */
  create(path: string): Promise<StoreFile>
  /** Opens a file to be read. */
  open(path: string): Promise<StoreFile>
  /** Replaces what is called `to`, at once. */
  rename(from: string, to: string): Promise<void>
  /** A file that is missing is removed. */
  remove(path: string): Promise<void>
  /** Makes durable which files the directory has, and how they are called. */
  syncDirectory(path: string): Promise<void>
}

/** An open file. One call at a time. */
export interface StoreFile {
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
export async function writeFully(file: StoreFile, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await file.write(bytes.subarray(done), at + done)
    if (written === 0) throw new Error(`${bytes.length - done} bytes could not be written`)
    done += written
  }
}

/** Fills `into`, or as much of it as the file has; how much. */
export async function readFully(file: StoreFile, into: Uint8Array, at: number): Promise<number> {
  let done = 0
  while (done < into.length) {
    const read = await file.read(into.subarray(done), at + done)
    if (read === 0) break
    done += read
  }
  return done
}
