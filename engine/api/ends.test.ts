import { beforeEach, describe, expect, it } from 'vitest'
import { Replies } from '../job/replies.ts'
import { bindPush, bindRead, type PushEnd } from './ends.ts'
import { TestEnvironment } from './fixtures/test-environment.ts'
import type { InputStream } from './input-stream.ts'

let env: TestEnvironment
let orders: InputStream<number>

beforeEach(() => {
  env = new TestEnvironment('test')
  orders = env.createStream<number>('orders')
})

/** Takes everything and remembers it. */
class Recorder implements PushEnd<number> {
  readonly log: unknown[] = []
  async push(value: number, signal?: AbortSignal) {
    this.log.push(['push', value, signal])
  }
  async pushMany(values: readonly number[]) {
    this.log.push(['pushMany', values])
  }
  tryPush(value: number) {
    this.log.push(['tryPush', value])
    return value > 1
  }
  async ask(value: number, replies: Replies, timeoutMs: number) {
    this.log.push(['ask', value, replies, timeoutMs])
    return value * 2
  }
  async ready() {
    this.log.push('ready')
  }
  end() {
    this.log.push('end')
  }
}

describe('a stream of createStream', () => {
  it('expects a submitted job', async () => {
    const unbound = expect.objectContaining({
      code: 'SAGE_STREAM_ENDED',
      message: expect.stringContaining("stream 'orders': expected a submitted job"),
    })
    await expect(orders.push(1)).rejects.toEqual(unbound)
    await expect(orders.pushMany([1])).rejects.toEqual(unbound)
    await expect(orders.ready()).rejects.toEqual(unbound)
    expect(() => orders.tryPush(1)).toThrow(unbound)
    expect(() => orders.end()).toThrow(unbound)
  })

  it('passes everything to the end that is bound to it', async () => {
    const end = new Recorder()
    bindPush(env.graph.nodes[0], end)
    const { signal } = new AbortController()
    await orders.push(0, { signal })
    await orders.pushMany(new Set([1, 2]))
    expect([orders.tryPush(1), orders.tryPush(2)]).toEqual([false, true])
    await orders.ready()
    orders.end()
    expect(end.log).toEqual([
      ['push', 0, signal],
      ['pushMany', [1, 2]],
      ['tryPush', 1],
      ['tryPush', 2],
      'ready',
      'end',
    ])
  })

  it('refuses null, before anything is pushed', async () => {
    const end = new Recorder()
    bindPush(env.graph.nodes[0], end)
    const refused = expect.objectContaining({ code: 'SAGE_NULL_RECORD' })
    await expect(orders.push(null!)).rejects.toEqual(refused)
    await expect(orders.pushMany([1, undefined!])).rejects.toEqual(refused)
    expect(() => orders.tryPush(undefined!)).toThrow(refused)
    expect(end.log).toEqual([])
  })
})

describe('an output', () => {
  it('expects a submitted job', async () => {
    const out = orders.output('out')
    const unbound = { code: 'SAGE_STREAM_ENDED', message: expect.stringContaining("output 'out'") }
    await expect(out.toArray()).rejects.toMatchObject(unbound)
    const read = async () => {
      for await (const _ of out);
    }
    await expect(read()).rejects.toMatchObject(unbound)
  })

  it('reads from the end that is bound to it', async () => {
    const out = orders.output('out')
    async function* iterate() {
      yield 1
      yield 2
    }
    const replies = new Replies('out', { first: 1, step: 2 })
    bindRead(env.graph.nodes[1], { replies, iterate, toArray: async () => [3] })
    const got: number[] = []
    for await (const n of out) got.push(n)
    expect([got, await out.toArray()]).toEqual([[1, 2], [3]])
  })
})
