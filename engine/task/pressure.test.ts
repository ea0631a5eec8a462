import { describe, expect, it, test } from 'vitest'
import { Rig } from './fixtures/rig.ts'

const RING = 4096
/** The longest message of such a ring, and so the size of its frames. */
const FRAME = RING / 4 - 8
const config = { memory: { ringBytes: RING } }

/** Records of `length` bytes that tell their number. */
const numbered = (length: number) => (i: number) => `${i}`.padEnd(length, '.')
const numbers = (records: unknown[]) =>
  records.map((record) => Number.parseInt(record as string, 10))
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('a full ring stops the loop that fills it', () => {
  // The ring, the frame that it has refused, and the record that filled that frame: nothing beyond.
  test.each([16, 100, 1_000, 50_000])('records of %i bytes', async (length) => {
    const total = 20_000_000 / length
    const rig = new Rig(
      (env) =>
        env
          .fromGenerator(total, numbered(length))
          .map((text) => text, { name: 'op' })
          .output('out'),
      config,
    )
    await rig.open()
    rig.settle()
    const [, made] = rig.counts('op')
    expect(made).toBeGreaterThan(0)
    expect(made * length).toBeLessThanOrEqual(RING + FRAME + length)
    expect(rig.tasks[0].dueMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('and nothing is lost: all comes, in order, as the reader makes room', async () => {
    const rig = new Rig(
      (env) =>
        env
          .fromGenerator(3_000, numbered(100))
          .map((text) => text, { name: 'op' })
          .output('out'),
      config,
    )
    await rig.open()
    const seen: unknown[] = []
    while (seen.length < 3_000) {
      rig.settle()
      seen.push(...rig.read('out', 1))
      expect(rig.counts('op')[1] - seen.length).toBeLessThanOrEqual((RING + FRAME + 100) / 100)
    }
    expect(numbers(seen)).toEqual(upTo(3_000))
  })

  it('one expansion goes on to its end, on the heap; the next record is not taken', async () => {
    const rig = new Rig(
      (env) =>
        env
          .fromCollection([1, 2])
          .flatMap((n) => upTo(500).map((i) => numbered(100)(n * 1_000 + i)), { name: 'op' })
          .output('out'),
      config,
    )
    await rig.open()
    rig.settle()
    expect(rig.counts('op')).toEqual([1, 500, 0, 0, 0])
    expect(numbers(await rig.run('out'))).toEqual([
      ...upTo(500).map((i) => 1_000 + i),
      ...upTo(500).map((i) => 2_000 + i),
    ])
  })

  it('what is emitted at the end waits for room too', async () => {
    let made = 0
    const rig = new Rig(
      (env) =>
        env
          .fromGenerator(500, (i) => i)
          .keyBy((i) => i)
          .foldFinal(
            'f',
            () => '',
            (_, i) => numbered(100)(i),
          )
          .map(
            (text) => {
              made++
              return text
            },
            { name: 'op' },
          )
          .output('out'),
      config,
    )
    await rig.open()
    rig.settle()
    expect(made * 100).toBeLessThanOrEqual(RING + FRAME + 100)
    expect(numbers(await rig.run('out'))).toEqual(upTo(500))
  })

  it('of several rings: one that is full stops the loop; the others go on being emptied', async () => {
    const rig = new Rig((env) => {
      const records = env.fromGenerator(1_000, numbered(100)).map((text) => text, { name: 'op' })
      records.output('slow')
      records.output('fast')
    }, config)
    await rig.open()
    for (let i = 0; i < 100; i++) {
      rig.settle()
      rig.read('fast')
    }
    expect(rig.counts('op')[1] * 100).toBeLessThanOrEqual(RING + FRAME + 100)
    const [slow, fast]: unknown[][] = [[], []]
    const before = rig.counts('op')[1]
    while (slow.length < 1_000 || fast.length + before < 1_000) {
      rig.settle()
      slow.push(...rig.read('slow'))
      fast.push(...rig.read('fast'))
    }
    expect(numbers(slow)).toEqual(upTo(1_000))
  })
})
