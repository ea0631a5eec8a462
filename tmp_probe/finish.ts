import { type Collector, LocalEnvironment, tumbling, ProcessFunction } from 'sage-stream'
class F extends ProcessFunction<string, string> {
  process(v: string, _: unknown, out: Collector<string>) { out.collect(v) }
  override finish(out: Collector<string>) { out.collect('end') }
}
for (const [name, build] of Object.entries({
  map: (s: any) => s.map((v: string, ctx: any) => `${ctx.key}:${v}`),
  reduce: (s: any) => s.reduce((a: string, b: string) => a + b),
  statefulMap: (s: any) => s.statefulMap('x', (n = 0, v: string) => [n + 1, v + n]),
  final: (s: any) => s.reduceFinal('r', (a: string, b: string) => a + b),
  redealt: (s: any) => s.map((v: string, ctx: any) => `${ctx.key}:${v}`, { parallelism: 3 }),
  window: (s: any) => s.window(tumbling('1s')).count(),
  keyBy: (s: any) => s.keyBy((v: string) => v.length).map((v: string, ctx: any) => `${ctx.key}:${v}`),
  entries: (s: any) => s.entries(),
})) {

  for (const parallelism of [1, 2]) {
    const env = new LocalEnvironment(`e${name}${parallelism}`, { mode: 'inline', parallelism })
    const s = env.fromCollection(['a', 'b', 'a']).keyBy((v) => v).process(F)
    const out = build(s).output('o')
    try {
      const job = await env.submit()
      console.log(name, parallelism, await out.toArray())
      await job.finished
    } catch (e: any) { console.log(name, parallelism, e.code, e.message) }
  }
}
