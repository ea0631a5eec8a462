import { expect, it } from 'vitest'
import { Packet, StopSignal } from './packet.ts'

it('a packet has no key, no strategy and input 0 unless told', () => {
  const packet = new Packet('x')
  expect([packet.inputIndex, packet.partitionKey, packet.partitionStrategy]).toEqual([
    0,
    undefined,
    undefined,
  ])
  expect(packet.isKeyed()).toBe(false)
  expect(new Packet('x', 0, null).isKeyed()).toBe(false)
})

it('falsy keys are keys', () => {
  for (const key of [0, '', false]) expect(new Packet('x', 0, key).isKeyed()).toBe(true)
})

it('a copy keeps the timestamp; a derived packet has one of its own', () => {
  const packet = new Packet('x', 1, 'k', 'hash', 12345)
  expect(packet.copy().timestamp).toBe(12345)
  expect(packet.inheritPartitionInfo('y').timestamp).toBeGreaterThan(12345)
  expect(packet.updateKey('k2', 'custom').partitionStrategy).toBe('custom')
})

it('packets are equal by what they carry, not by when they were made', () => {
  const packet = new Packet('x', 1, 'k', 'hash', 1)
  expect(packet.equals(new Packet('x', 1, 'k', 'hash', 2))).toBe(true)
  const others = [
    new Packet('y', 1, 'k', 'hash'),
    new Packet('x', 2, 'k', 'hash'),
    new Packet('x', 1, 'l', 'hash'),
    new Packet('x', 1, 'k', 'custom'),
  ]
  expect(others.filter((other) => packet.equals(other))).toEqual([])
})

it('a stop signal is named by its message', () => {
  expect(new StopSignal('done', undefined, { n: 1 })).toMatchObject({
    message: 'done',
    name: 'done',
    source: 'done',
    payload: { n: 1 },
  })
})
