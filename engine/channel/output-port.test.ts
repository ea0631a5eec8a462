import { describe, expect, it, test } from 'vitest'
import { keyGroup, keyHash } from '../../codec/key.ts'
import { emptyScope } from '../../operators/contract/operator.ts'
import type { Partitioning } from '../graph/node.ts'
import { Link } from './fixtures/link.ts'
import { OutputPort, routingTable } from './output-port.ts'

const GROUPS = 128

/** A port to `receivers` rings, and what each of them got for the keys sent. */
function dealt(partitioning: Partitioning, receivers: number, keys: readonly any[]): unknown[][] {
  const links = Array.from({ length: receivers }, () => new Link({ keyed: true }))
  const scope = emptyScope()
  const port = new OutputPort(
    links.map(({ output }) => output),
    partitioning,
    scope,
    routingTable(GROUPS, receivers),
  )
  for (const key of keys) {
    scope.key = key
    port.send(key)
  }
  port.flush()
  return links.map((link) => link.read().values)
}

describe('how a port deals', () => {
  it('round robin from subtask 0', () => {
    for (const type of ['rebalance', 'forward'] as const) {
      expect(dealt({ type }, 3, [0, 1, 2, 3, 4])).toEqual([[0, 3], [1, 4], [2]])
    }
  })

  it('copies to all for broadcast', () => {
    expect(dealt({ type: 'broadcast' }, 3, [0, 1])).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ])
  })

  it('by the hash of the key, equal values to one subtask', () => {
    const keys = [
      'a',
      'b',
      1,
      1n,
      '1',
      true,
      [1, 'x'],
      [1, 'x'],
      -0,
      0,
      Number.NaN,
      Number.NaN,
      'a',
    ]
    const homes = dealt({ type: 'hash' }, 3, keys)
    expect(homes.flat().length).toBe(keys.length)
    keys.forEach((key) => {
      const home = Math.floor((keyGroup(keyHash(key as any), GROUPS) * 3) / GROUPS)
      expect(homes[home]).toContainEqual(key)
    })
  })

  it('by a hash that is the same in every release: recorded homes', () => {
    expect(dealt({ type: 'hash' }, 4, ['JFK', 'SFO', 'ATL', 'ORD', 7, 7n, true, ['a', 1]])).toEqual(
      [['JFK', 'SFO', 7, ['a', 1]], ['ORD', true], [], ['ATL', 7n]],
    )
  })

  it('as a custom function says', () => {
    expect(
      dealt({ type: 'custom', partition: (key, n) => (key + 1) % n }, 3, [0, 1, 2, 3]),
    ).toEqual([[2], [0, 3], [1]])
  })

  test.each([-1, 3, 1.5, Number.NaN, '1', undefined, null, 1n])(
    'a custom function that says %s is refused, and nothing is sent',
    (index) => {
      const link = new Link({ keyed: true })
      const scope = { ...emptyScope(), key: 'k' }
      const port = new OutputPort(
        [link.output, link.output, link.output],
        { type: 'custom', partition: () => index as number },
        scope,
        routingTable(GROUPS, 3),
      )
      expect(() => port.send('value')).toThrow(
        expect.objectContaining({
          code: 'SAGE_PARTITION',
          message: expect.stringContaining('expected an integer from 0 to 2'),
        }),
      )
      port.flush()
      expect(link.read().values).toEqual([])
    },
  )

  it('needs no decision for one receiver', () => {
    expect(dealt({ type: 'custom', partition: () => 99 }, 1, ['k'])).toEqual([['k']])
  })
})

describe('the routing table', () => {
  it('gives contiguous ranges of key groups, as even as they come', () => {
    expect([...routingTable(7, 3)]).toEqual([0, 0, 0, 1, 1, 2, 2])
    expect([...routingTable(4, 4)]).toEqual([0, 1, 2, 3])
    expect([...routingTable(3, 1)]).toEqual([0, 0, 0])
  })
})

describe('pressure', () => {
  it('of one ring does not hold up the others, and each is pressed for itself', () => {
    const links = [new Link(), new Link()]
    const scope = emptyScope()
    const port = new OutputPort(
      links.map(({ output }) => output),
      { type: 'rebalance' },
      scope,
      routingTable(GROUPS, 2),
    )
    const record = 'x'.repeat(400)
    let sent = 0
    while (!port.pressed) port.send(`${sent++} ${record}`)
    links[1].read()
    for (let i = 0; i < 3; i++) port.flush()
    expect(links.map(({ output }) => output.pressed)).toEqual([true, false])
    expect(port.flush()).toBe(true)
    links[0].read()
    expect(port.flush()).toBe(false)
    expect(port.pressed).toBe(false)
  })
})
