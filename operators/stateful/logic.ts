/** What a call of a logic gives: its outputs, and whether the logic is to be forgotten. */
export type LogicResult<W> = readonly [outputs: Iterable<W> | null | undefined, discard: boolean]

/**
 * What `StatefulLogic` and `StatefulBatchLogic` have in common: one instance per key.
 *
 * An *activation* is what happens with the records that are at hand together: first all records, key by key in key order;
 * then `onNotify` of the keys whose time has come, in key order; then, if input has ended, `onEof` of all keys in key
 * order; then `notifyAt` of every key that was called. So a time set by a record never fires in the same activation, not
 * even an overdue one, and a time that has come does not fire before the records that have.
 */
abstract class KeyLogic<W, S> {
  /** The logic lives on. */
  static readonly RETAIN = false
  /**
   * The logic and its time are forgotten, after its outputs are emitted. The key's next record, also one of the same
   * activation, has a new logic built, without a resume state.
   */
  static readonly DISCARD = true

  /** The time given by `notifyAt` has come. Default: nothing, retained. */
  onNotify(): LogicResult<W> {
    return [[], false]
  }

  /** Input has ended. What is retained is still in the job's last checkpoint. Default: nothing, retained. */
  onEof(): LogicResult<W> {
    return [[], false]
  }

  /**
   * When `onNotify` is to be called, in ms since the epoch by the job's clock; null: not at all, which takes back what was
   * said before. One time per key. Asked at the end of each activation in which the key was called, and after a resume. A
   * time in the past is due at the next activation. Default: null.
   */
  notifyAt(): number | null {
    return null
  }

  /**
   * What a checkpoint keeps, and the builder gets back as `resumeState`: data, independent of what the logic does later.
   * The first ones of a subtask are taken to check them, also without checkpoints.
   */
  abstract snapshot(): S
}

/**
 * The state of one key and what becomes of its records, for `keyed.stateful`: records one at a time. As in Bytewax; see
 * `KeyedStream.stateful`.
 */
export abstract class StatefulLogic<V = any, W = any, S = any> extends KeyLogic<W, S> {
  /** A record of the key. */
  abstract onItem(value: V): LogicResult<W>
}

/**
 * The state of one key and what becomes of its records, for `keyed.statefulBatch`: all records of the key that are at
 * hand together, in the order of their arrival.
 */
export abstract class StatefulBatchLogic<V = any, W = any, S = any> extends KeyLogic<W, S> {
  /** Records of the key, at least one. The array is the logic's own. */
  abstract onBatch(values: V[]): LogicResult<W>
}
