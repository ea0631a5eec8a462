import type { ControlPort } from '../thread/control.ts'
import type { Schedule } from './schedule.ts'

/** How long a message may take, in ms. */
const LATENCY_MS = 5

interface Message {
  readonly type: string
  readonly epoch?: number
}

/** Both ends of a control line between two actors: messages are copied and arrive in order, some time later. */
export function simulatedLine<A extends Message, B extends Message>(
  schedule: Schedule,
  left: string,
  right: string,
): [ControlPort<A, B>, ControlPort<B, A>] {
  const toLeft = new Way<A>(schedule, left)
  const toRight = new Way<B>(schedule, right)
  return [new SimulatedPort(toRight, toLeft), new SimulatedPort(toLeft, toRight)]
}

class Way<T extends Message> {
  readonly #schedule: Schedule
  readonly #to: string
  readonly #sent: { readonly from: string; readonly message: T }[] = []
  /** Arrived before there was anyone to hear them. */
  readonly #early: T[] = []
  #handler: ((message: T) => void) | undefined

  constructor(schedule: Schedule, to: string) {
    this.#schedule = schedule
    this.#to = to
  }

  post(message: T): void {
    const { actor } = this.#schedule
    if (!this.#schedule.lives(actor)) return
    this.#sent.push({ from: actor, message: structuredClone(message) })
    const ms = this.#schedule.delay(LATENCY_MS)
    this.#schedule.plan({ ms, what: () => this.#next(), run: () => this.#arrive() }, this.#to)
  }

  listen(handler: (message: T) => void): void {
    this.#handler = handler
    for (const message of this.#early.splice(0)) handler(message)
  }

  #next(): string {
    const [{ from, message }] = this.#sent
    return `hears ${message.type}${message.epoch === undefined ? '' : ` ${message.epoch}`} of ${from}`
  }

  #arrive(): void {
    const { message } = this.#sent.shift()!
    if (this.#handler === undefined) this.#early.push(message)
    else this.#handler(message)
  }
}

class SimulatedPort<In extends Message, Out extends Message> implements ControlPort<In, Out> {
  readonly #out: Way<Out>
  readonly #in: Way<In>

  constructor(out: Way<Out>, incoming: Way<In>) {
    this.#out = out
    this.#in = incoming
  }

  post(message: Out): void {
    this.#out.post(message)
  }

  onMessage(handler: (message: In) => void): void {
    this.#in.listen(handler)
  }

  close(): void {
    this.#in.listen(() => {})
  }
}
