import { describe, expect, it } from 'vitest'
import { SourceFunction } from '../contract/function.ts'
import type { SourceFactory } from '../contract/operator.ts'
import { StopSignal } from '../contract/packet.ts'
import { IDLE, type PartitionedSource } from '../contract/source.ts'
import { sourceContext } from '../testing/harness-context.ts'
import { readAll } from '../testing/read-all.ts'
import { batchSource } from './batch.ts'
import { collectionSource } from './collection.ts'
import { functionSource } from './function.ts'
import { generatorSource } from './generator.ts'

const option = (text: string) =>
  expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining(text) })

function open(factory: SourceFactory, position?: unknown) {
  return factory.create(sourceContext()).open('0', position)
}

describe('functionSource', () => {
  it.each([
    ['null', null],
    ['undefined', undefined],
    ['a StopSignal', new StopSignal('done')],
  ])('ends at %s', async (_, end) => {
    const values: unknown[] = [0, '', false, end, 'never']
    const source = functionSource(() => values.shift())
    expect(await readAll(source)).toEqual([0, '', false])
    expect(source).toMatchObject({ single: true, sharesRecords: false })
  })

  it('hands a lambda the context', async () => {
    let asked = 0
    const name = (ctx: { name: string }) => (asked++ === 0 ? ctx.name : null)
    expect(await readAll(functionSource(name))).toEqual(['source'])
  })

  it('calls an asynchronous function one at a time, to its end', async () => {
    const values: unknown[] = [1, IDLE, 2, null]
    let running = 0
    const next = async () => {
      expect(++running).toBe(1)
      await undefined
      running--
      return values.shift()
    }
    expect(await readAll(functionSource(next))).toEqual([1, 2])
    expect(values).toEqual([])
  })

  it('runs a SourceFunction: constructor, open, execute, close', async () => {
    const steps: string[] = []
    class Count extends SourceFunction<number> {
      readonly #to: number
      #next = 0
      constructor({ to }: { to: number }) {
        super()
        this.#to = to
      }
      override async open() {
        await undefined
        steps.push(`open ${this.name}`)
      }
      execute() {
        return this.#next < this.#to ? this.#next++ : null
      }
      override close() {
        steps.push('close')
      }
    }
    const source = functionSource(Count, { to: 3 })
    expect(await readAll(source)).toEqual([0, 1, 2])
    expect(await readAll(source)).toEqual([0, 1, 2])
    expect(steps).toEqual(['open source', 'close', 'open source', 'close'])
  })

  class Letters implements PartitionedSource<string, number> {
    readonly #names: string[]
    constructor(names: string[] = ['a', 'b']) {
      this.#names = names
    }
    partitions() {
      return this.#names
    }
    open(partition: string) {
      const left = [partition, partition.toUpperCase()]
      return {
        next: (max: number) => (left.length === 0 ? null : left.splice(0, max)),
        position: () => 2 - left.length,
      }
    }
  }

  it('takes a PartitionedSource as it is, or its class', async () => {
    for (const source of [functionSource(new Letters()), functionSource(Letters)]) {
      expect(source.single).toBe(false)
      expect(await readAll(source)).toEqual(['a', 'A', 'b', 'B'])
    }
    expect(await readAll(functionSource(Letters, ['z']))).toEqual(['z', 'Z'])
  })

  it.each([[undefined], [[1, 2]], [{ partitions: () => [] }]])('refuses %s', (value) => {
    expect(() => functionSource(value)).toThrow(option('fromSource: expected a function'))
  })

  it('sends generators elsewhere', () => {
    expect(() => functionSource(function* () {})).toThrow(option('use fromBatch or fromIterable'))
  })

  it('refuses a class without execute', async () => {
    class Nothing {}
    await expect(open(functionSource(Nothing))).rejects.toThrow(option('class Nothing has none'))
  })

  it('goes on behind what fails: 1, 2, 4, 5', async () => {
    let call = 0
    const third = () => {
      call++
      if (call === 3) throw new Error('third')
      return call > 5 ? null : call
    }
    const reader = await open(functionSource(third))
    expect(await reader.next(10)).toEqual([1, 2])
    expect(() => reader.next(10)).toThrow('third')
    expect(await reader.next(10)).toEqual([4, 5])
    expect(await reader.next(10)).toBeNull()
  })
})

describe('collectionSource', () => {
  it('reads an array in slices of its own and keeps positions', async () => {
    const items = [0, null, 2, undefined, 4]
    const reader = await open(collectionSource(items))
    expect(await reader.next(2)).toEqual([0, null])
    expect(reader.position()).toBe(2)
    expect(await reader.next(9)).toEqual([2, undefined, 4])
    expect(await reader.next(9)).toBeNull()
    expect(collectionSource(items)).toMatchObject({ single: true, sharesRecords: true })
  })

  it.each([
    ['an array', ['a', 'b', 'c', 'd']],
    ['a set', new Set(['a', 'b', 'c', 'd'])],
    ['a string', 'abcd'],
  ])('replays %s from a position', async (_, items) => {
    const source = collectionSource(items)
    const reader = await open(source)
    await reader.next(3)
    const again = await open(source, reader.position())
    expect(await again.next(9)).toEqual(['d'])
    expect(again.position()).toBe(4)
    const behind = await open(source, 9)
    expect(await behind.next(9)).toBeNull()
  })

  it('lets go of an iterator that it has not read to its end', async () => {
    let closed = false
    function* endless() {
      try {
        while (true) yield 1
      } finally {
        closed = true
      }
    }
    const reader = await open(collectionSource(endless()))
    expect(await reader.next(2)).toEqual([1, 1])
    await reader.close?.()
    expect(closed).toBe(true)
  })

  it.each([[42], [null], [undefined], [{}]])('refuses %s', (value) => {
    expect(() => collectionSource(value)).toThrow(option('fromCollection: expected an iterable'))
  })
})

describe('batchSource', () => {
  it('takes strings by character, nulls, and generator functions anew each time', async () => {
    const generated = batchSource(function* () {
      yield 1
      yield null
      yield 2
    })
    expect(await readAll(batchSource('añ😀'))).toEqual(['a', 'ñ', '😀'])
    expect(await readAll(generated)).toEqual([1, null, 2])
    expect(await readAll(generated)).toEqual([1, null, 2])
    expect(await readAll(batchSource([1, null, 2]))).toEqual([1, null, 2])
  })

  it('takes asynchronous generators and iterables', async () => {
    async function* generated() {
      yield 1
      await undefined
      yield 2
    }
    expect(await readAll(batchSource(generated))).toEqual([1, 2])
    expect(await readAll(batchSource(generated()))).toEqual([1, 2])
  })

  it.each([[42], [null], [undefined], [{}], [true]])('refuses %s', (value) => {
    expect(() => batchSource(value)).toThrow(option('Unsupported source type'))
  })

  it('refuses a function whose result cannot be iterated', async () => {
    await expect(open(batchSource(() => 42))).rejects.toThrow(
      option('fromBatch: expected the function'),
    )
  })
})

describe('generatorSource', () => {
  it.each([1, 2, 3, 7, 20])(
    'shares the indexes out over %i subtasks, each once',
    async (parallelism) => {
      const source = generatorSource(10, (i: number) => i)
      const partitions = await source.create(sourceContext({ parallelism })).partitions()
      expect(partitions).toHaveLength(Math.min(parallelism, 10))
      const read = (await readAll(source, parallelism, 3)) as number[]
      expect(read).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(source.single).toBe(false)
    },
  )

  it('keeps its ranges at another parallelism, and has those that a checkpoint does not know', () => {
    const at = (parallelism: number) =>
      generatorSource(10, (i: number) => i).create(sourceContext({ parallelism }))
    expect(at(3).partitions(['5-10', '0-5'])).toEqual(['0-5', '5-10'])
    expect(at(1).partitions(['3-6'])).toEqual(['0-3', '3-6', '6-10'])
    const endless = generatorSource(Infinity, (i: number) => i).create(sourceContext())
    expect(endless.partitions(['0-Infinity'])).toEqual(['0-Infinity'])
  })

  it('continues at a position, an index', async () => {
    const source = generatorSource(10, (i: number) => i).create(sourceContext({ parallelism: 2 }))
    const reader = await source.open('5-10')
    expect(await reader.next(2)).toEqual([5, 6])
    const again = await source.open('5-10', reader.position())
    expect(await again.next(10)).toEqual([7, 8, 9])
  })

  it('may be empty, or never end', async () => {
    expect(
      await readAll(
        generatorSource(0, (i: number) => i),
        3,
      ),
    ).toEqual([])
    const endless = generatorSource(Infinity, (i: number) => i).create(
      sourceContext({ parallelism: 2 }),
    )
    expect(await endless.partitions()).toEqual(['0-Infinity'])
    const reader = await endless.open('0-Infinity', 1e6)
    expect(await reader.next(2)).toEqual([1e6, 1e6 + 1])
  })

  it('refuses promises', async () => {
    const source = generatorSource(1, async (i: number) => i).create(sourceContext())
    const reader = await source.open('0-1')
    expect(() => reader.next(5)).toThrow(
      expect.objectContaining({
        code: 'SAGE_PROMISE',
        message: expect.stringContaining('asyncMap'),
      }),
    )
    expect(await reader.next(5)).toBeNull()
  })

  it.each([[-1], [1.5], [Number.NaN], ['3'], [undefined]])('refuses %s as a count', (count) => {
    expect(() => generatorSource(count, () => 1)).toThrow(option('fromGenerator: expected a count'))
  })

  it('refuses what is no function', () => {
    expect(() => generatorSource(3, [1, 2, 3])).toThrow(
      option('fromGenerator: expected a function'),
    )
  })
})
