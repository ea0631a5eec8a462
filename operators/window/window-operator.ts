import type { Operator, OperatorCall, OperatorContext, Room } from '../contract/operator.ts'
import { type DueIndex, dueAt } from './due-index.ts'
import type { WindowOutput } from './window-output.ts'

/** Windows per key that an index tells when they are due. */
export interface DueWindows {
  /** Whether they are of event time, else of the job's clock. */
  readonly event: boolean
  readonly due: DueIndex
  readonly call: OperatorCall
  readonly output: WindowOutput
  /** The index is not part of the state: what was restored is entered again. */
  reopen(): void
  /** Event time has come so far. Before `fire`. */
  advance(watermark: number): void
  /** Fires what is due at `now`, as long as there is room: whether all of it has. */
  fire(now: number, room: Room): boolean
}

/** The operator of such windows: at the end of input all of them are due. */
export function windowOperator(windows: DueWindows, context: OperatorContext): Operator {
  const { event, due, call } = windows
  const operator: Operator = {
    call,
    ...windows.output.failed.handling(call, context),
    open: () => windows.reopen(),
    onWatermark(watermark, room) {
      windows.output.failed.raise()
      if (event) windows.advance(watermark)
      else if (watermark < Number.POSITIVE_INFINITY) return true
      return windows.fire(watermark, room)
    },
  }
  if (event) return operator
  return {
    ...operator,
    onProcessingTime: (now, room) => windows.fire(now, room),
    get dueAt() {
      return dueAt(due)
    },
  }
}
