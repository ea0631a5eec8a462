import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { SourceFactory } from '../contract/operator.ts'
import { sourceContext } from '../testing/harness-context.ts'
import { readAll } from '../testing/read-all.ts'
import { iterableSource } from './iterable.ts'
import { readableSource } from './readable.ts'

function open(factory: SourceFactory, position?: unknown) {
  return factory.create(sourceContext()).open('0', position)
}

const option = (text: string) =>
  expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining(text) })

/** An async iterator that answers only when told to. */
function controlled() {
  const answers: PromiseWithResolvers<IteratorResult<unknown>>[] = []
  let returned = false
  const iterator = {
    next: () => {
      answers.push(Promise.withResolvers())
      return answers.at(-1)!.promise
    },
    return: async () => {
      returned = true
      return new Promise<never>(() => {})
    },
  }
  return {
    iterable: { [Symbol.asyncIterator]: () => iterator },
    answers,
    returned: () => returned,
  }
}

describe('iterableSource', () => {
  it('reads iterables and async iterables, made anew each time', async () => {
    let made = 0
    async function* generated() {
      made++
      for (let i = 0; i < 250; i++) yield i
    }
    const numbers = Array.from({ length: 250 }, (_, i) => i)
    const source = iterableSource(generated)
    expect(await readAll(source)).toEqual(numbers)
    expect(await readAll(source)).toEqual(numbers)
    expect(made).toBe(2)
    expect(await readAll(iterableSource(() => numbers))).toEqual(numbers)
    expect(await readAll(iterableSource(async () => new Set([1, 2])))).toEqual([1, 2])
  })

  it('batches what is at hand', async () => {
    async function* generated() {
      for (let i = 0; i < 5; i++) yield i
    }
    const reader = await open(iterableSource(generated))
    expect(await reader.next(3)).toEqual([0, 1, 2])
    expect(await reader.next(3)).toEqual([3, 4])
    expect(await reader.next(3)).toBeNull()
  })

  it('continues at a position', async () => {
    async function* generated() {
      yield* ['a', 'b', 'c']
    }
    const reader = await open(iterableSource(generated), 2)
    expect(await reader.next(9)).toEqual(['c'])
    expect(reader.position()).toBe(3)
    const sync = await open(
      iterableSource(() => ['a', 'b', 'c']),
      1,
    )
    expect(await sync.next(9)).toEqual(['b', 'c'])
  })

  it('keeps no element waiting for the next', async () => {
    const { iterable, answers } = controlled()
    const reader = await open(iterableSource(() => iterable))
    const first = reader.next(10)
    answers[0].resolve({ value: 'a' })
    expect(await first).toEqual(['a'])
    const second = reader.next(10)
    answers[1].resolve({ value: 'b' })
    expect(await second).toEqual(['b'])
  })

  it('hands out what it has before it fails', async () => {
    async function* breaking() {
      yield 1
      throw new Error('broken')
    }
    const reader = await open(iterableSource(breaking))
    expect(await reader.next(10)).toEqual([1])
    await expect(reader.next(10)).rejects.toThrow('broken')
    expect(await reader.next(10)).toBeNull()
  })

  it('fails as an iterator does that throws at once', async () => {
    const broken = {
      next: () => {
        throw new Error('at once')
      },
    }
    const reader = await open(iterableSource(() => ({ [Symbol.asyncIterator]: () => broken })))
    await expect(reader.next(10)).rejects.toThrow('at once')
  })

  it('closes while a request waits, and when it waits for none', async () => {
    const { iterable, answers, returned } = controlled()
    const reader = await open(iterableSource(() => iterable))
    const first = reader.next(10)
    answers[0].resolve({ value: 'a' })
    await first
    await reader.close?.()
    expect(returned()).toBe(true)

    let closed = false
    async function* generated() {
      try {
        yield 1
        yield 2
      } finally {
        closed = true
      }
    }
    const other = await open(iterableSource(generated))
    await other.next(1)
    await other.close?.()
    expect(closed).toBe(true)
  })

  it.each([[42], [null], [{}]])('refuses a function that returns %s', async (value) => {
    await expect(open(iterableSource(() => value))).rejects.toThrow(option('fromIterable'))
  })

  it('refuses an iterable in the place of a function', () => {
    expect(() => iterableSource([1])).toThrow(option('fromIterable: expected a function'))
  })
})

describe('readableSource', () => {
  it('reads a Readable', async () => {
    const source = readableSource(() => Readable.from([1, 0, { a: 1 }, '']))
    expect(await readAll(source)).toEqual([1, 0, { a: 1 }, ''])
  })

  it('reads a ReadableStream', async () => {
    const stream = () =>
      new ReadableStream({
        start(controller) {
          for (const chunk of ['a', 'b']) controller.enqueue(chunk)
          controller.close()
        },
      })
    expect(await readAll(readableSource(stream))).toEqual(['a', 'b'])
  })

  it('destroys a Readable that it leaves early, also one that gives nothing', async () => {
    const silent = new Readable({ objectMode: true, read() {} })
    const reader = await open(readableSource(async () => silent))
    silent.push('a')
    expect(await reader.next(10)).toEqual(['a'])
    await reader.close?.()
    expect(silent.destroyed).toBe(true)
  })

  it('cancels a ReadableStream that it leaves early', async () => {
    let cancelled = false
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue('a'),
      cancel: () => {
        cancelled = true
      },
    })
    const reader = await open(readableSource(() => stream))
    expect(await reader.next(10)).toEqual(['a'])
    await reader.close?.()
    expect(cancelled).toBe(true)
  })

  it('fails with the error of its stream', async () => {
    const failing = new Readable({
      read() {
        this.destroy(new Error('connection lost'))
      },
    })
    const reader = await open(readableSource(() => failing))
    await expect(reader.next(10)).rejects.toThrow('connection lost')
    await reader.close?.()
  })

  it('refuses what is no stream', async () => {
    await expect(open(readableSource(() => [1]))).rejects.toThrow(option('fromReadable'))
    expect(() => readableSource(Readable.from([1]))).toThrow(
      option('fromReadable: expected a function'),
    )
  })
})
