import { StreamError } from '../../codec/errors.ts'
import { type Machine, thisMachine } from '../thread/machine.ts'
import { Deadlines } from './deadlines.ts'
import { Reply } from './reply.ts'

/** The numbers under which the asks for one output travel: every `step`th one belongs to it. */
export interface ReplyNumbers {
  readonly first: number
  readonly step: number
}

/**
 * The asks that wait for records of one output. A record that carries the number of an ask is for its asker, and never for
 * the output's reader: also a second one, or one that comes too late.
 */
export class Replies {
  readonly #output: string
  readonly #numbers: ReplyNumbers
  readonly #open = new Map<number, Reply>()
  readonly #deadlines: Deadlines
  #next: number

  /** @param numbers - other outputs of the job have others; above 0, since 0 is no ask */
  constructor(
    output: string,
    numbers: ReplyNumbers,
    machine: Pick<Machine, 'nowMs' | 'after'> = thisMachine,
  ) {
    this.#deadlines = new Deadlines((reply) => this.#expire(reply), machine)
    this.#output = output
    this.#numbers = numbers
    this.#next = numbers.first
  }

  /** How many wait. */
  get size(): number {
    return this.#open.size
  }

  /** Makes an ask that will be settled, once, by `answer`, `fail`, its timeout or the end of the job. */
  open(
    timeoutMs: number,
    resolve: (answer: any) => void,
    reject: (reason: unknown) => void,
  ): Reply {
    const reply = new Reply(this.#next, resolve, reject)
    this.#next += this.#numbers.step
    this.#open.set(reply.id, reply)
    this.#deadlines.add(reply, timeoutMs)
    return reply
  }

  /** Whether a record with this number is for an asker of this output. */
  owns(ask: number): boolean {
    return ask !== 0 && ask % this.#numbers.step === this.#numbers.first % this.#numbers.step
  }

  /** Hands `answer` to the ask of this number; false when it has been settled before. */
  answer(ask: number, answer: unknown): boolean {
    const reply = this.#open.get(ask)
    if (reply === undefined) return false
    this.#settle(reply)
    reply.resolve(answer)
    return true
  }

  fail(reply: Reply, reason: unknown): void {
    this.#settle(reply)
    reply.reject(reason)
  }

  /** What is on its way is lost: those whose record was accepted fail. */
  lose(reason: StreamError): void {
    for (const reply of this.#open.values())
      if (reply.withdraw === undefined) this.fail(reply, reason)
  }

  /** Nothing more arrives: all that wait fail. */
  close(reason: StreamError): void {
    for (const reply of this.#open.values()) this.fail(reply, reason)
    this.#deadlines.close()
  }

  #settle(reply: Reply): void {
    this.#open.delete(reply.id)
    this.#deadlines.remove(reply)
    reply.unwatch?.()
    reply.withdraw?.()
  }

  #expire(reply: Reply): void {
    const after = `expected a record of output '${this.#output}' derived from it within its timeout`
    const got =
      reply.withdraw === undefined
        ? 'got none: it was filtered out, failed, or is still on its way'
        : 'but it found no room: it was not pushed'
    this.fail(reply, new StreamError('SAGE_TIMEOUT', `ask: ${after}, ${got}`))
  }
}
