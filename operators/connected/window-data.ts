/** The records of one window, input by input. Valid during the call; its arrays belong to the function. */
export interface WindowData<Ts extends readonly unknown[] = readonly any[]>
  extends Iterable<Ts[number][]> {
  /** Where the window begins, ms since the epoch. */
  readonly startTime: number
  /** Where it ends: the first millisecond behind it. */
  readonly endTime: number
  /**
   * The records of each input, in the order of their arrival; of windows that overlap and of sessions that met, those of
   * earlier pieces of time first.
   */
  readonly inputs: { -readonly [I in keyof Ts]: Ts[I][] }
}

/** The records of one window of one key. */
export interface KeyedWindowData<Ts extends readonly unknown[] = readonly any[], K = any>
  extends WindowData<Ts> {
  readonly key: K
}

/** The records of a window that has fired; its key is undefined where streams are not keyed. */
export class FiredWindow implements KeyedWindowData<readonly unknown[], unknown> {
  readonly startTime: number
  readonly endTime: number
  readonly key: unknown
  readonly inputs: unknown[][]

  constructor(startTime: number, endTime: number, key: unknown, inputs: unknown[][]) {
    this.startTime = startTime
    this.endTime = endTime
    this.key = key
    this.inputs = inputs
  }

  [Symbol.iterator](): Iterator<unknown[]> {
    return this.inputs[Symbol.iterator]()
  }
}
