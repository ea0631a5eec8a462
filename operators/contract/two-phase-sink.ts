import { SinkFunction } from './function.ts'
import type { Operator, SinkRecovery } from './operator.ts'
import type { Awaitable } from './source.ts'

/**
 * Base of sinks that make visible exactly what complete checkpoints hold: `prepare`, `commit` and `recover` are those of
 * {@link Operator}, which says who calls them when.
 *
 * Its `finish` runs at the end of input, under checkpoints behind the last `commit`.
 */
export abstract class TwoPhaseSink<T = any> extends SinkFunction<T> {
  /** Whether a commit can be taken back by `recover`: see `OperatorFactory.visibility`. */
  static readonly visibility: 'recallable' | 'final' = 'final'
  /** What a sink of these options alone may write to: see `OperatorFactory.claim`. Default: nothing. */
  static claimOf(_options: any): string | undefined {
    return undefined
  }
  /** Whether the job takes checkpoints. Set with `ctx`: before `recover` and `open`. */
  checkpointed = false
  /** The operator's `uid`, or else its name: what others may know the sink by in all runs of the job. Set with `ctx`. */
  sinkId = ''

  /** At a barrier: makes durable what has come; gives what `commit` or `recover` can make it visible by. */
  abstract prepare(epoch: number): Awaitable<unknown>
  /** The checkpoint is complete: makes visible what was prepared for it and for those before. */
  abstract commit(epoch: number): Awaitable<void>
  /** The job begins from a checkpoint: makes its pending share visible, and takes back what later ones have published. */
  abstract recover(recovery: SinkRecovery): Awaitable<void>
}

/** The three calls of an operator that is made of `sink`. */
export function twoPhasesOf(
  sink: TwoPhaseSink,
): Required<Pick<Operator, 'prepare' | 'commit' | 'recover'>> {
  return {
    prepare: (epoch) => sink.prepare(epoch),
    commit: (epoch) => sink.commit(epoch),
    recover: (recovery) => sink.recover(recovery),
  }
}
