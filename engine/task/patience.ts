import { StreamError } from '../../codec/errors.ts'
import type { OutputPort } from '../channel/output-port.ts'

/** An output that may be pressed for a limited time only. */
interface PatientOutput {
  readonly port: OutputPort
  /** Since when it has been pressed, in monotonic ms; NaN: it is not. */
  since: number
}

/** Fails the job when an output with a `timeout` of its own has been full for so long (`configureBackpressure`). */
export class Patience {
  readonly #outputs: readonly PatientOutput[]

  constructor(outputs: readonly OutputPort[]) {
    this.#outputs = outputs
      .filter(({ patienceMs }) => patienceMs < Number.POSITIVE_INFINITY)
      .map((port) => ({ port, since: Number.NaN }))
  }

  /** When it is over for the first of those that are pressed, in monotonic ms; Infinity: none is. */
  get dueMs(): number {
    let due = Number.POSITIVE_INFINITY
    for (const { port, since } of this.#outputs)
      if (!Number.isNaN(since)) due = Math.min(due, since + port.patienceMs)
    return due
  }

  /** Looks which outputs are pressed at `nowMs`. Gives the failure, if it is over for one of them. */
  look(nowMs: number): StreamError | undefined {
    for (const output of this.#outputs) {
      const { port, since } = output
      if (!port.pressed) output.since = Number.NaN
      else if (Number.isNaN(since)) output.since = nowMs
      else if (nowMs - since >= port.patienceMs) return overdue(port.patienceMs)
    }
    return undefined
  }

  get any(): boolean {
    return this.#outputs.length > 0
  }
}

function overdue(patienceMs: number): StreamError {
  return new StreamError(
    'SAGE_TIMEOUT',
    `configureBackpressure: expected room in the buffer of a connected stream within ${patienceMs} ms, ` +
      'but the operator behind it has taken nothing from it',
  )
}
