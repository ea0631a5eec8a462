import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wrongIn } from './check.ts'
import type { Event } from './events.ts'
import { stretch } from './fixtures/stretch.ts'
import { loops } from './loops/index.ts'
import { loopRows, runLoop } from './loops/run-loop.ts'
import { parseOptions, SMALL_RECORDING } from './options.ts'
import { fingerprint, type Outcome } from './outcome.ts'
import { queries } from './queries.ts'
import { eventsOf, type Recording, readRecording } from './recording.ts'
import { Replay } from './replay.ts'
import { resultOf, runOnce, runReplay } from './run.ts'
import { resultsBySql } from './sql.ts'

const SMALL = SMALL_RECORDING

let folder: string
let stretched: string
let recording: Recording
let slow: Recording
/** Of the small recording. */
let lines: string[]
let expected: ReadonlyMap<string, Outcome>
let expectedOfSlow: ReadonlyMap<string, Outcome>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nexmark-'))
  stretched = join(folder, 'stretched.jsonl')
  const text = gunzipSync(readFileSync(SMALL)).toString()
  lines = text.trim().split('\n')
  writeFileSync(stretched, stretch(text))
  recording = readRecording(SMALL)
  slow = readRecording(stretched)
  expected = await resultsBySql(SMALL)
  expectedOfSlow = await resultsBySql(stretched)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('results equal those of SQL', () => {
  const names = Object.keys(queries)

  it.each(names)('%s inline', async (name) => {
    for (const parallelism of [1, 2]) {
      const options = { parallelism, mode: 'inline' } as const
      const result = await runOnce(name, recording, options)
      expect(wrongIn(result, expected.get(name), recording.bids)).toBeUndefined()
      const ofSlow = await runOnce(name, slow, options)
      expect(wrongIn(ofSlow, expectedOfSlow.get(name), slow.bids)).toBeUndefined()
    }
  })

  it.each(['q3', 'q5', 'q9', 'cep1'])('%s on two threads', async (name) => {
    const result = await runOnce(name, slow, { parallelism: 2, mode: 'threads' })
    expect(wrongIn(result, expectedOfSlow.get(name), slow.bids)).toBeUndefined()
  })

  it.each(Object.keys(loops))('%s written by hand', (name) => {
    const rows = loopRows(loops[name], recording)
    expect(resultOf(queries[name], rows)).toMatchObject({ ...expected.get(name) })
    const ofSlow = loopRows(loops[name], slow)
    expect(resultOf(queries[name], ofSlow)).toMatchObject({ ...expectedOfSlow.get(name) })
  })

  it('and differ where they are wrong', () => {
    const result = { rows: 1, md5: fingerprint(['a|1']).md5, total: null }
    expect(wrongIn(result, fingerprint(['a|1']), 0)).toBeUndefined()
    expect(wrongIn(result, fingerprint(['a|2']), 0)).toContain('md5 ')
    expect(wrongIn(result, fingerprint(['a|1', 'a|1']), 0)).toBe('1 rows, expected 2')
    expect(wrongIn(result, undefined, 0)).toBe('nothing to compare it with')
    expect(wrongIn({ ...result, md5: null, total: 3 }, undefined, 4)).toBe('total 3, expected 4')
  })
})

describe('recordings', () => {
  it('are decoded once, and dealt to partitions without loss', () => {
    expect(recording).toMatchObject({ events: 2_000, bids: 1_840 })
    const parts = [0, 1, 2].map((partition) => eventsOf(recording, partition, 3))
    expect(parts.flat()).toHaveLength(2_000)
    const ids = parts
      .flat()
      .filter((event) => event.kind === 'auction')
      .map(({ id }) => id)
    expect(new Set(ids).size).toBe(120)
    expect(eventsOf(recording, 0, 1)[0]).toMatchObject({ kind: 'person', id: 1_000 })
  })

  it('that cannot be read say why', () => {
    expect(() => readRecording('/nowhere.jsonl')).toThrow(/nowhere.jsonl: expected a readable file/)
    const bad = (text: string) => {
      const path = join(folder, 'bad.jsonl')
      writeFileSync(path, text)
      return () => readRecording(path)
    }
    expect(bad('')).toThrow(/bad.jsonl: expected events, got a file without any/)
    expect(bad('\n\r\n')).toThrow(/bad.jsonl: expected events, got a file without any/)
    expect(bad(`${lines[0]}\n\n{"Bid":`)).toThrow(
      /bad.jsonl:3: expected an event in JSON, got {"Bid":: /,
    )
    const kinds = /:1: expected {"Person": {…}}, {"Auction": {…}} or {"Bid": {…}}, got /
    for (const text of ['{"Sale":{"date_time":1}}', '7', 'null', '[]', '{}', '{"Bid":null}']) {
      expect(bad(text)).toThrow(kinds)
    }
    expect(bad(`{"Person":${JSON.stringify(JSON.parse(lines[0]).Person)},"Bid":{}}`)).toThrow(kinds)
    const bid = JSON.parse(lines.find((line) => line.startsWith('{"Bid"'))!).Bid
    const changed = (change: object) => bad(JSON.stringify({ Bid: { ...bid, ...change } }))
    expect(changed({ price: undefined })).toThrow(
      /:1: expected price of a bid to be a whole number of 0 or more, got none/,
    )
    expect(changed({ date_time: '2015-07-15' })).toThrow(/date_time of a bid .*got "2015-07-15"/)
    expect(changed({ date_time: -1 })).toThrow(/date_time of a bid .*got -1/)
    expect(changed({ url: null })).toThrow(/url of a bid to be a string, got null/)
    expect(changed({})).not.toThrow()
  })

  it('may be packed or not, whatever their name, with any line ends', () => {
    const plain = Buffer.from(lines.join('\n'))
    const variants: Record<string, Buffer> = {
      'plain.jsonl': plain,
      'plain.gz': plain,
      'packed.jsonl': gzipSync(plain),
      'crlf.jsonl': Buffer.from(`${lines.join('\r\n')}\r\n`),
      'blank.jsonl': Buffer.from(`\ufeff${lines.join('\n\n')}\n\n`),
    }
    for (const [name, bytes] of Object.entries(variants)) {
      const path = join(folder, name)
      writeFileSync(path, bytes)
      const { events, bids } = readRecording(path)
      expect({ name, events, bids }).toEqual({ name, events: 2_000, bids: 1_840 })
      expect(eventsOf(readRecording(path), 0, 1)).toEqual(eventsOf(recording, 0, 1))
    }
    writeFileSync(join(folder, 'cut.gz'), gzipSync(plain).subarray(0, 1_000))
    expect(() => readRecording(join(folder, 'cut.gz'))).toThrow(/cut.gz: expected a readable file/)
  })

  it('go on in later rounds where the round before ended', () => {
    const rounds = read(new Replay(recording, { partitions: 1, rounds: 3 }))
    expect(rounds).toHaveLength(6_000)
    const [first, second] = [rounds[0], rounds[2_000]]
    expect(second).toEqual({
      ...first,
      id: 1_000 + 40,
      date_time: first.date_time + recording.span.ms,
    })
    const persons = rounds.filter((event) => event.kind === 'person').map(({ id }) => id)
    expect(persons).toEqual(Array.from({ length: 120 }, (_, i) => 1_000 + i))
    const auctions = rounds.filter((event) => event.kind === 'auction').map(({ id }) => id)
    expect(auctions).toEqual(Array.from({ length: 360 }, (_, i) => 1_000 + i))
    expect(
      rounds.every(({ date_time }, i) => i === 0 || date_time >= rounds[i - 1].date_time),
    ).toBe(true)
  })

  it('are replayed from a position', () => {
    const replay = new Replay(recording, { partitions: 2, rounds: 2 })
    const all = read(replay)
    const reader = replay.open('0')
    reader.next(1_500)
    reader.next(700)
    expect(replay.open('0', reader.position()).next(5)).toEqual(reader.next(5))
    expect(all).toHaveLength(4_000)
  })
})

function read(replay: Replay): Event[] {
  const events: Event[] = []
  for (const partition of replay.partitions()) {
    const reader = replay.open(partition)
    for (let batch = reader.next(333); batch !== null; batch = reader.next(333))
      events.push(...batch)
  }
  return events
}

it('a replay is measured', async () => {
  const rate = await runReplay(
    'q2',
    recording,
    { parallelism: 1, mode: 'threads' },
    { seconds: 0.05, warmup: 0 },
  )
  expect(rate.events).toBeGreaterThan(0)
  expect(rate.eventsPerSecond * rate.seconds).toBeCloseTo(rate.events, 3)
  expect(rate.eventsPerCpuSecond).toBeGreaterThan(0)
  expect(rate.peakRssMb).toBeGreaterThan(10)
})

it('a loop is measured', () => {
  const { events, seconds } = runLoop(loops.q2, recording, { seconds: 0.01, warmup: 0 })
  expect(events).toBeGreaterThan(0)
  expect(seconds).toBeGreaterThanOrEqual(0.01)
})

describe('npm run nexmark', () => {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const run = async (...args: string[]) => {
    const command = ['--conditions=source', main, ...args]
    try {
      return { code: 0, ...(await promisify(execFile)(process.execPath, command)) }
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string }
    }
  }

  it('prints an object for each query, and warns of a recording that it does not know', async () => {
    const { code, stdout, stderr } = await run(
      ...[
        '--queries',
        'q2,q13',
        '--parallelism',
        '1',
        '--mode',
        'inline',
        '--seconds',
        '0',
        '--json',
      ],
    )
    expect(code).toBe(0)
    const [q2, q13] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(q2).toMatchObject({ query: 'q2', ...expected.get('q2'), events: 2_000 })
    expect(q13).toMatchObject({ query: 'q13', md5: null, total: 1_840 })
    expect(Object.keys(q2)).toEqual([
      'query',
      'rows',
      'md5',
      'events',
      'seconds',
      'eventsPerSecond',
      'eventsPerCpuSecond',
      'peakRssMb',
    ])
    expect(stderr).toContain('not the reference recording')
  })

  it('ends when nobody reads its output any more', async () => {
    const args = ['--queries', 'q2,q0', '--parallelism', '1', '--mode', 'inline', '--seconds', '0']
    const child = spawn(process.execPath, ['--conditions=source', main, ...args, '--json'])
    child.stdout.once('data', () => child.stdout.destroy())
    let told = ''
    child.stderr.on('data', (text) => {
      told += text
    })
    const [code] = await once(child, 'exit')
    expect(code).toBe(0)
    expect(told).not.toContain('EPIPE')
  })

  it('checks results by itself', async () => {
    const { code, stdout, stderr } = await run(
      ...['--queries', 'q2', '--parallelism', '1', '--mode', 'inline', '--seconds', '0', '--check'],
    )
    expect(code).toBe(0)
    expect(stdout).toContain(expected.get('q2')?.md5)
    expect(stderr).toContain('1 of 1 results as expected')
  })

  it('says what is wrong with its arguments', async () => {
    expect(() => parseOptions(['--queries', 'q0,q6'])).toThrow(/expected of q0, q1.*; got 'q6'/)
    expect(() => parseOptions(['--parallelism', '0'])).toThrow(/from 1 to 128, got '0'/)
    expect(() => parseOptions(['--parallelism', '129'])).toThrow(/from 1 to 128, got '129'/)
    expect(() => parseOptions(['q0'])).toThrow(/'q0'/)
    expect(parseOptions([])).toMatchObject({ queries: Object.keys(queries), json: false })
    expect(() => parseOptions(['--mode', 'fast'])).toThrow(/threads or inline, got fast/)
    expect(() => parseOptions(['--seconds=-1'])).toThrow(/--seconds: expected a number/)
    expect(() => parseOptions(['--warmup', ''])).toThrow(/--warmup: expected a number .*got ''/)
    expect(() => parseOptions(['--what'])).toThrow(/--what/)
    const [wrong, missing, helped] = await Promise.all([
      run('--queries', 'q6'),
      run('--input', '/nowhere'),
      run('--help'),
    ])
    expect(wrong).toMatchObject({ code: 2, stdout: '' })
    expect(missing).toMatchObject({ code: 2, stdout: '' })
    expect(missing.stderr).toMatch(/^\/nowhere: expected a readable file.*\n$/)
    expect(helped.stdout).toContain('--queries LIST')
  })
})
