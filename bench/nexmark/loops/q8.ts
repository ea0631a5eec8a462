import { LATE_MS, type MakeLoop } from './loop.ts'

const SIZE = 10_000

interface Window {
  readonly names: Map<number, string>
  readonly sellers: Set<number>
}

/** Names and sellers of each window. */
export const loopQ8: MakeLoop = (emit) => {
  const windows = new Map<number, Window>()
  let latest = 0
  let told = Number.NEGATIVE_INFINITY

  const windowAt = (index: number): Window => {
    let window = windows.get(index)
    if (window === undefined) {
      windows.set(index, (window = { names: new Map(), sellers: new Set() }))
    }
    return window
  }

  const tellUpTo = (end: number) => {
    for (const [index, { names, sellers }] of windows) {
      if (index >= end) continue
      for (const [id, name] of names) {
        if (sellers.has(id)) emit({ id, name, start: index * SIZE })
      }
      windows.delete(index)
    }
    told = end
  }

  return {
    feed: (events) => {
      for (const event of events) {
        if (event.date_time > latest) {
          latest = event.date_time
          const end = Math.floor((latest - LATE_MS) / SIZE)
          if (end > told) tellUpTo(end)
        }
        if (event.kind === 'bid') continue
        const index = Math.floor(event.date_time / SIZE)
        if (index < told) continue
        if (event.kind === 'person') windowAt(index).names.set(event.id, event.name)
        else windowAt(index).sellers.add(event.seller)
      }
    },
    end: () => tellUpTo(Infinity),
  }
}
