/**
 * Which thread runs which subtask, given each chain's parallelism. Wide chains are dealt in order, so that
 * subtask i of each lies beside its neighbours' subtask i; narrow ones go where the fewest subtasks are.
 */
export function assignThreads(
  widths: readonly number[],
  maxThreads: number,
): { threads: number; byChain: number[][] } {
  const total = widths.reduce((sum, width) => sum + width, 0)
  const threads = Math.max(1, Math.min(maxThreads, total))
  const load = new Array<number>(threads).fill(0)
  const byChain = widths.map((): number[] => [])
  const place = (chain: number, thread: number) => {
    byChain[chain].push(thread)
    load[thread]++
  }
  widths.forEach((width, chain) => {
    for (let i = 0; width >= threads && i < width; i++) place(chain, i % threads)
  })
  widths.forEach((width, chain) => {
    for (let i = 0; width < threads && i < width; i++) place(chain, load.indexOf(Math.min(...load)))
  })
  return { threads, byChain }
}
