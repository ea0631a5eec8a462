import { COUNTER } from '../metrics/counters.ts'

/** A stretch of text: the body of a batch loop, or of a function that any text may call. */
export interface Region {
  /**
   * In a batch loop: how many records come this way, as an expression at the end of the batch. In a function:
   * undefined, and every record is counted as it comes.
   */
  readonly flow: string | undefined
  readonly loop: BatchLoop | undefined
  readonly depth: number
}

/** What a batch loop needs besides its body. */
export interface BatchLoop {
  /** Counters, all 0 at the beginning. */
  readonly locals: Set<string>
  /** What is added to memory at the end. */
  readonly totals: string[]
}

/** Text that counts the records an operator keeps back, and the region of those that pass. */
export interface Missed {
  readonly count: string
  readonly uncount: string
  pass(region: Region): Region
}

/** Text of a function: it may be called from anywhere. */
export const anywhere: Region = { flow: undefined, loop: undefined, depth: 0 }

/** A counter in memory. */
export function counterOf(k: number, counter: keyof typeof COUNTER): string {
  return `n${k}[${COUNTER[counter]}]`
}

/** Lines of text; empty parts are left out. */
export function lines(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n')
}

/** Whether what a call returns is emitted. */
export function hasResult(shape: string): boolean {
  return shape === 'map' || shape === 'flatMap'
}

/** The call of one operator and the checks of its result. */
export function resultText(k: number, shape: string, call: string, r: string): string {
  const noPromise = `if (${r} instanceof Promise) throw promiseReturned('${shape}')`
  switch (shape) {
    case 'sink':
    case 'async':
      return `${r} = ${call})`
    case 'key':
      return `${r} = checkKey(${call}))`
    case 'timestamp':
      return `${r} = checkTimestamp(${call}))`
    case 'flatMap':
      return `${r} = arrayOf(${call}))`
    case 'process':
      return `${r} = ${call}, out${k}); ${noPromise}`
    default:
      return `${r} = ${call}); ${noPromise}`
  }
}

/** Names and counters of one chain's text. */
export class ChainCounting {
  #fresh = 0

  received(k: number, { loop, flow }: Region): string {
    if (loop === undefined) return `${counterOf(k, 'recordsIn')}++`
    loop.totals.push(`${counterOf(k, 'recordsIn')} += ${flow}`)
    return ''
  }

  emitted(k: number, { loop, flow }: Region): string {
    if (loop === undefined) return `${counterOf(k, 'recordsOut')}++`
    loop.totals.push(`${counterOf(k, 'recordsOut')} += ${flow}`)
    return ''
  }

  /** A counter of records that come this way and go no further; it costs nothing while none does. */
  missed(region: Region): Missed {
    if (region.loop === undefined) return { count: '', uncount: '', pass: (onward) => onward }
    const name = this.local('missed', region)
    return {
      count: `${name} = (${name} + 1) | 0;`,
      uncount: `${name} = (${name} - 1) | 0;`,
      pass: (onward) => ({ ...onward, flow: `${onward.flow} - ${name}` }),
    }
  }

  local(prefix: string, region: Region): string {
    const name = this.name(prefix)
    region.loop!.locals.add(name)
    return name
  }

  /** A name that the text does not have yet. */
  name(prefix: string): string {
    this.#fresh++
    return `${prefix}_${this.#fresh}`
  }
}
