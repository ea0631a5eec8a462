import { expect, it } from 'vitest'
import { keyGroup, keyHash } from '../../codec/key.ts'
import { emptyScope } from '../contract/operator.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { KeyedState } from './keyed-state.ts'

it('a state of a checkpoint that does not say how it was kept is refused, not begun anew', () => {
  const place = { name: 'counts', keyed: true, maxParallelism: 8, clock: new ManualClock() }
  const keyed = new KeyedState(place, emptyScope())
  const entry = { group: keyGroup(keyHash('a'), 8), key: 'a', values: { 'user:n': 3 } }
  keyed.restore({ entries: [entry], timers: [] }, () => true)
  expect(() => keyed.state('n', () => 0)).toThrow(
    "state 'n' of 'counts': expected a state of an earlier version, of which it is not known how it was kept, " +
      'as in the checkpoint, got state; give it another name',
  )
  expect(keyed.state('m', () => 0)).toBeDefined()
})
