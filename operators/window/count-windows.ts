import type { Collector } from '../contract/function.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext } from '../contract/operator.ts'
import { KeyPanes } from './key-panes.ts'
import { PaneLayout } from './pane-layout.ts'
import { type CountWindows, EVERYTHING } from './window-assigner.ts'
import type { WindowContents } from './window-contents.ts'
import type { WindowOutput } from './window-output.ts'

/**
 * Windows over the number of a key's records, which share panes as those over time do: "time" is the number of records, and
 * a window ends at each multiple of the slide.
 */
export function countWindows(
  { size, slide }: CountWindows,
  contents: WindowContents,
  output: WindowOutput,
  context: OperatorContext,
): Operator {
  const layout = new PaneLayout({ size, slide, offset: -size })
  const overlapping = layout.perWindow > 1
  const { keyed, countDropped } = context
  const column: StateColumn<KeyPanes> = keyed.store.column('panes', KeyPanes.column(overlapping))

  const call = (value: unknown, _: unknown, out: Collector): void => {
    let slot = keyed.find()
    let state = slot === -1 ? undefined : column.get(slot)
    const arrivals = state?.arrivals ?? 0
    const pane = layout.paneAt(arrivals)
    const found = state === undefined ? -1 : state.find(pane)
    if (found >= 0) {
      state!.set(found, contents.next(state!.accumulators[found], value, arrivals))
      column.touch(slot)
    } else {
      const first = contents.first(value, arrivals)
      if (state === undefined) {
        slot = keyed.slot()
        state = new KeyPanes(overlapping)
        column.set(slot, state)
      } else column.touch(slot)
      state.insert(found, pane, first)
    }
    state!.arrivals++
    if (state!.arrivals % slide === 0) fire(slot, state!, out)
  }

  const fire = (slot: number, state: KeyPanes, out: Collector): void => {
    const window = state.arrivals / slide
    const from = layout.firstPane(window)
    const latest = context.scope.timestamp
    const to = from + layout.perWindow
    let accumulator: unknown
    try {
      accumulator = state.merged(from, to, contents)
    } catch (error) {
      output.putUnmerged(error, EVERYTHING, state.parts(from, to), latest)
      return
    } finally {
      state.drop(layout.firstPane(window + 1))
      if (!overlapping) {
        column.clear(slot)
        keyed.store.release(slot)
      }
    }
    output.emit(EVERYTHING, accumulator, latest, out)
  }

  /** What is in no window at the end gives no result, and is told. */
  const finish = (): [] => {
    let rest = 0
    for (const slot of keyed.store.slots()) rest += column.get(slot)!.arrivals % slide
    if (rest > 0) countDropped(rest)
    return []
  }

  return { call, finish, ...output.failed.handling(call, context) }
}
