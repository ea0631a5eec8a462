/** Event time, timers, and jobs that tests look at; `docs/library.md` and `docs/testing.md`. */
import {
  type Collector,
  defineJob,
  OutputTag,
  ProcessFunction,
  type RuntimeContext,
  watermarks,
} from 'sage-stream'

export interface Click {
  readonly user: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

const second = 1000
export const late = new OutputTag<Click>('late')

/** One line for each visit: clicks of a user with less than 30 seconds between them. */
export class Visits extends ProcessFunction<Click, string> {
  override process(click: Click, ctx: RuntimeContext<string>, out: Collector<string>): void {
    if (click.at < ctx.watermark) {
      out.collectTo(late, click)
      return
    }
    const count = ctx.state('count', () => 0)
    const end = ctx.state('end', () => 0)
    count.value++
    if (click.at + 30 * second <= end.value) return
    ctx.timers.delete(end.value)
    end.value = click.at + 30 * second
    ctx.timers.registerEventTime(end.value)
  }

  override onTimer(time: number, ctx: RuntimeContext<string>, out: Collector<string>): void {
    const count = ctx.state('count', () => 0)
    out.collect(`${ctx.key}: ${count.value} clicks, ended at ${time / second} s`)
    count.clear()
    ctx.state('end', () => 0).clear()
  }
}

export const visits = defineJob(import.meta.url, 'visits', (env, clicks: Click[]) => {
  const found = env
    .fromCollection(clicks)
    .assignTimestamps((click) => click.at, watermarks.boundedOutOfOrderness('5s'))
    .keyBy((click) => click.user)
    .process(Visits)
  return { visits: found.output('visits'), late: found.sideOutput(late).output('late') }
})

/** Tells of a user who has not been seen for ten minutes. */
export class Absent extends ProcessFunction<string, string> {
  override process(_user: string, ctx: RuntimeContext<string>): void {
    const due = ctx.state('due', () => 0)
    ctx.timers.delete(due.value)
    due.value = ctx.clock.now() + 600 * second
    ctx.timers.registerProcessingTime(due.value)
  }

  override onTimer(_time: number, ctx: RuntimeContext<string>, out: Collector<string>): void {
    out.collect(`${ctx.key} is gone`)
    ctx.state('due', () => 0).clear()
  }
}

export const absences = defineJob(import.meta.url, 'absences', (env) => {
  const seen = env.createStream<string>('seen')
  return {
    seen,
    absent: seen
      .keyBy((user) => user)
      .process(Absent)
      .output('absent'),
  }
})
