import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { generalCodec } from '../../codec/general-codec.ts'
import { NO_COLUMNS, newBatch } from '../../codec/record-codec.ts'
import { is, type Letter, letters, run, spell, start } from './fixtures/letters.ts'
import type { Pattern } from './pattern.ts'
import { PatternLogic, type PatternState } from './pattern-logic.ts'
import { compilePattern } from './pattern-machine.ts'

/** As a checkpoint would carry it: through a frame of the general codec. */
function carried(state: PatternState): PatternState {
  const options = { frameBytes: 1 << 16, keyed: false, timestamped: false }
  const writer = generalCodec.createWriter(options)
  writer.append(state, NO_COLUMNS)
  const bytes = writer.finish().slice()
  const batch = newBatch()
  generalCodec.createReader(options).read(bytes, 0, bytes.length, batch)
  return batch.values[0] as PatternState
}

/** One key, driven as an operator drives it. */
class Key<M> {
  readonly told: string[] = []
  readonly logic: PatternLogic<Letter, M>
  state: PatternState
  watermark = Number.NEGATIVE_INFINITY
  readonly #output = {
    match: (match: M, at: number) => void this.told.push(`${spell(match)} @${at}`),
    timedOut: (match: M, at: number) => void this.told.push(`timed out ${spell(match)} @${at}`),
  }

  constructor(pattern: Pattern<Letter, M>) {
    this.logic = new PatternLogic(compilePattern(pattern))
    this.state = this.logic.createState()
  }

  /** Event time. Returns the ids of late events. */
  event(text: string): string[] {
    const late: string[] = []
    for (const letter of letters(text)) {
      const taken = this.logic.onEvent(this.state, letter, letter.at, this.watermark, this.#output)
      if (!taken) late.push(letter.id)
      this.state = carried(this.state)
    }
    return late
  }

  advance(watermark: number): void {
    this.watermark = watermark
    this.logic.onWatermark(this.state, watermark, this.#output)
    this.state = carried(this.state)
  }

  /** Processing time. */
  arrival(text: string): void {
    for (const letter of letters(text)) {
      this.logic.onArrival(this.state, letter, letter.at, this.#output)
    }
  }

  time(now: number): void {
    this.logic.onTime(this.state, now, this.#output)
  }

  get timer(): number {
    return this.logic.nextTimer(this.state)
  }
}

const ab = start.begin('a').where(is('a')).followedBy('b').where(is('b'))

describe('in event time', () => {
  it('events wait for the watermark, and are matched in the order of their times', () => {
    const key = new Key(ab.within(100))
    expect(key.event('b1@30 a1@20 b2@25')).toEqual([])
    expect(key.told).toEqual([])
    key.advance(24)
    expect(key.told).toEqual([])
    key.advance(25)
    expect(key.told).toEqual(['a1 b2 @25'])
    key.advance(30)
    expect(key.told).toEqual(['a1 b2 @25'])
    expect(key.logic.isEmpty(key.state)).toBe(true)
  })

  it('of one time the order of arrival counts', () => {
    const key = new Key(start.begin('x').next('y').next('z').skipPastLastEvent())
    key.event('c@7 a@5 b@5 d@5')
    key.advance(10)
    expect(key.told).toEqual(['a b d @5'])
  })

  it('what is before the watermark is late; of its own time it is matched at once', () => {
    const key = new Key(ab)
    key.event('a1@9')
    key.advance(10)
    expect(key.event('a0@9')).toEqual(['a0'])
    expect(key.event('b1@10')).toEqual([])
    expect(key.told).toEqual(['a1 b1 @10'])
    expect(key.event('b2@11')).toEqual([])
    expect(key.timer).toBe(11)
  })

  it('a key that is new is late, too', () => {
    const key = new Key(ab)
    key.watermark = 100
    expect(key.event('a@99')).toEqual(['a'])
    expect(key.logic.isEmpty(key.state)).toBe(true)
  })

  it('partial matches are timed out by the watermark, and by later events before them', () => {
    const key = new Key(ab.within(10))
    key.event('a1@1 a2@2')
    key.advance(10.9)
    expect(key.told).toEqual([])
    key.event('b@12')
    key.advance(50)
    expect(key.told).toEqual(['timed out a1 @11', 'timed out a2 @12'])
  })

  it('the end of time ends everything that has a limit', () => {
    const key = new Key(ab.within(10))
    key.event('a1@1 a2@500')
    key.advance(Infinity)
    expect(key.told).toEqual(['timed out a1 @11', 'timed out a2 @510'])
    expect(key.timer).toBe(Infinity)
  })

  it('asks for a timer where something is to be done', () => {
    const key = new Key(ab.within(10))
    expect(key.timer).toBe(Infinity)
    key.event('b@7 a@5')
    expect(key.timer).toBe(5)
    key.advance(5)
    expect(key.timer).toBe(7)
    key.advance(6)
    key.advance(7)
    expect(key.told).toEqual(['a b @7'])
    expect(key.timer).toBe(Infinity)
    key.event('a2@8')
    key.advance(8)
    expect(key.timer).toBe(18)
  })

  it('an event on which a condition throws waits: it can be tried again, or left out', () => {
    let broken = true
    const pattern = start
      .begin('a')
      .where((letter) => {
        if (broken && letter.id === 'a2') throw new Error('broken')
        return letter.kind === 'a'
      })
      .next('b')
      .where(is('b'))
    const key = new Key(pattern)
    key.event('a1@1 b1@2 a2@3 a3@4 b3@5')
    expect(() => key.advance(10)).toThrow('broken')
    expect(key.told).toEqual(['a1 b1 @2'])
    expect(() => key.advance(10)).toThrow('broken')
    expect(key.logic.skipEvent(key.state).id).toBe('a2')
    key.advance(10)
    expect(key.told).toEqual(['a1 b1 @2', 'a3 b3 @5'])
    key.event('a2@11 b2@12')
    expect(() => key.advance(12)).toThrow('broken')
    broken = false
    key.advance(12)
    expect(key.told.at(-1)).toBe('a2 b2 @12')
  })

  it('the result depends on times alone, not on the order of arrival or the watermarks', () => {
    const any = start.begin('a').where(is('a')).followedByAny('b').where(is('b')).within(5)
    const patterns = [any, any.skipPastLastEvent(), any.notFollowedBy('c').where(is('c'))]
    const event = fc.record({
      kind: fc.constantFrom('a', 'b', 'c'),
      shift: fc.integer({ min: -3, max: 0 }),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...patterns),
        fc.array(event, { maxLength: 12 }),
        (pattern, events) => {
          // Times of their own, so that the order of arrival decides nothing.
          const arrived = events.map(({ kind, shift }, i): Letter => {
            return { id: `${kind}${i}`, kind, at: Math.max(0, i + shift) + i / 100 }
          })
          const key = new Key(pattern)
          for (const { id, at } of arrived) {
            expect(key.event(`${id}@${at}`)).toEqual([])
            key.advance(Math.max(key.watermark, at - 4))
            expect(key.timer > key.watermark).toBe(true)
          }
          key.advance(Infinity)
          const sorted = arrived.toSorted((x, y) => x.at - y.at).map(({ id, at }) => `${id}@${at}`)
          const expected = run(pattern, sorted.join(' '), Infinity)
          expect(
            key.told.filter((text) => !text.startsWith('timed')).map((text) => text.split(' @')[0]),
          ).toEqual(expected.matches)
          expect(key.told).toHaveLength(expected.matches.length + expected.timedOut.length)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('in processing time', () => {
  it('events are matched as they come, and time passes by timers', () => {
    const key = new Key(ab.within(10))
    key.arrival('a1@100 x@105 b1@109 a2@110')
    expect(key.told).toEqual(['a1 b1 @109'])
    expect(key.timer).toBe(120)
    key.time(119)
    key.time(120)
    expect(key.told).toEqual(['a1 b1 @109', 'timed out a2 @120'])
    expect(key.timer).toBe(Infinity)
  })

  it('a clock that goes back stands still', () => {
    const key = new Key(ab.within(10))
    key.arrival('a1@100 a2@50 b@105')
    expect(key.told).toEqual(['a1 b @105', 'a2 b @105'])
  })

  it('a condition that throws fails the event alone', () => {
    const pattern = start.begin('a').where((letter) => {
      if (letter.kind === 'x') throw new Error('broken')
      return true
    })
    const key = new Key(pattern)
    expect(() => key.arrival('x')).toThrow('broken')
    key.arrival('a')
    expect(key.told).toEqual(['a @1'])
  })
})
