/**
 * Bytes of live objects on this thread, after a collection of them all. Needs Node's `--expose-gc`, so
 * that what is not collected yet is not taken for what is kept.
 */
export function liveHeap(): number {
  if (globalThis.gc === undefined) {
    throw new Error('expected Node with --expose-gc, as npm run soak starts it')
  }
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
