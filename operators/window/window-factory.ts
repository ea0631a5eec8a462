import type { OutputTag } from '../contract/function.ts'
import type { OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { countWindows } from './count-windows.ts'
import { OpenWindows } from './open-windows.ts'
import { combinePanes } from './pane-combiner.ts'
import { PaneLayout } from './pane-layout.ts'
import { PaneWindows } from './pane-windows.ts'
import { Sessions } from './sessions.ts'
import type { Trigger } from './trigger.ts'
import {
  AlignedWindows,
  CountWindows,
  SessionWindows,
  type WindowAssigner,
} from './window-assigner.ts'
import { refoldedContents, type WindowContents } from './window-contents.ts'
import { type ProcessWindow, WindowOutput } from './window-output.ts'

/** Everything that a windowed stream says of its windows. */
export interface WindowSpec {
  readonly assigner: WindowAssigner
  readonly contents: WindowContents
  /** Whether windows are of event time, else of the job's clock. */
  readonly event: boolean
  readonly latenessMs: number
  readonly trigger: Trigger
  readonly late: OutputTag<unknown> | undefined
  /** In place of the default result; for contents that keep records. */
  readonly process: ProcessWindow | undefined
}

/** The operator of `keyed.window(…)`. */
export function windowFactory(spec: WindowSpec): OperatorFactory {
  const { assigner, contents, process } = spec
  const functions = [...contents.functions, ...(process === undefined ? [] : [process])]
  const base = { shape: 'process', functions } as const
  if (assigner instanceof CountWindows) {
    const retains = assigner.slide < assigner.size
    const kept = retains ? mergeable(contents) : contents
    return {
      ...base,
      create: (context) =>
        countWindows(assigner, kept, outputOf(spec, kept, retains, context), context),
    }
  }
  if (assigner instanceof AlignedWindows && firesAtEnd(spec))
    return paneFactory(spec, assigner, base)
  if (assigner instanceof SessionWindows && firesOnce(spec) && !contents.keepsRecords) {
    return {
      ...base,
      create: (context) => {
        const output = outputOf(spec, contents, false, context)
        return new Sessions(context, assigner.gap, contents, output, spec.event).operator()
      },
    }
  }
  const retains = !firesOnce(spec)
  return {
    ...base,
    create: (context) => {
      const output = outputOf(spec, contents, retains, context)
      return new OpenWindows(context, assigner, spec.trigger, contents, output, spec).operator()
    },
  }
}

function paneFactory(
  spec: WindowSpec,
  assigner: AlignedWindows,
  base: Pick<OperatorFactory, 'shape' | 'functions'>,
): OperatorFactory {
  const layout = new PaneLayout(assigner)
  const overlapping = layout.perWindow > 1
  const contents = overlapping ? mergeable(spec.contents) : spec.contents
  const retains = overlapping || spec.latenessMs > 0
  const factory: OperatorFactory = {
    ...base,
    create: (context) => {
      const output = outputOf(spec, contents, retains, context)
      return new PaneWindows(context, layout, contents, output, spec).operator()
    },
  }
  // A partial result that waits at its sender would come behind firings that late records are to be in.
  const combines =
    spec.event && spec.latenessMs === 0 && contents.merge !== undefined && !contents.keepsRecords
  return combines ? { ...factory, combiner: combinePanes(layout, contents) } : factory
}

/** Whether each window gives its result when its own time reaches its end, and goes on until records are too late. */
function firesAtEnd({ trigger, event }: WindowSpec): boolean {
  return trigger.type === (event ? 'eventTime' : 'processingTime') && !trigger.purges
}

function firesOnce(spec: WindowSpec): boolean {
  return firesAtEnd(spec) && spec.latenessMs === 0
}

function mergeable(contents: WindowContents): WindowContents {
  return contents.merge === undefined ? refoldedContents(contents) : contents
}

function outputOf(
  { process, late, event, assigner }: WindowSpec,
  contents: WindowContents,
  retains: boolean,
  context: OperatorContext,
): WindowOutput {
  // A count window has the timestamp of its last record, whether there are any or not.
  const stamps = event || assigner instanceof CountWindows
  return new WindowOutput(context, contents, { process, late, retains, stamps })
}
