/** State by key; `docs/stateful.md`. */
import { LocalEnvironment, type LogicResult, type RuntimeContext, StatefulLogic } from 'sage-stream'

interface Reading {
  readonly sensor: string
  readonly value: number
}

const env = new LocalEnvironment('stateful', { parallelism: 2 })
const words = env.fromCollection(['to', 'be', 'to'])
const readings = env.fromCollection<Reading>([{ sensor: 'cellar', value: 12 }])

const counts = words
  .keyBy((word) => word)
  .statefulMap('count', (n: number | undefined, word) => {
    const count = (n ?? 0) + 1
    return [count, `${word}: ${count}`]
  })
counts.print('counts')

class Quiet extends StatefulLogic<Reading, string, number> {
  readonly #ctx: RuntimeContext<string>
  #due = Infinity

  constructor(ctx: RuntimeContext<string>) {
    super()
    this.#ctx = ctx
  }

  override onItem(): LogicResult<string> {
    this.#due = this.#ctx.clock.now() + 60_000
    return [[], StatefulLogic.RETAIN]
  }

  override notifyAt(): number {
    return this.#due
  }

  override onNotify(): LogicResult<string> {
    return [[`${this.#ctx.key} is quiet`], StatefulLogic.DISCARD]
  }

  override onEof(): LogicResult<string> {
    return [[`${this.#ctx.key} was not quiet`], StatefulLogic.DISCARD]
  }

  override snapshot(): number {
    return this.#due
  }
}

readings
  .keyBy((reading) => reading.sensor)
  .stateful('quiet', (_resumed, ctx) => new Quiet(ctx))
  .print('quiet')

await env.submit({ autostop: true })
