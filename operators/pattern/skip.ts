import { type EventBuffer, NONE, sequenceOf } from './event-buffer.ts'
import { firstSequenceOf, lastNodeOf, type PathReader } from './match-path.ts'
import type { SkipStrategy } from './stage.ts'

/**
 * What a match forbids: all others that began before the event with the number returned.
 *
 * @param start the number of the match's first event
 * @param node of its last event
 */
export function skipBound(
  skip: SkipStrategy,
  reader: PathReader,
  buffer: EventBuffer,
  start: number,
  node: number,
): number {
  switch (skip.kind) {
    case 'noSkip':
      return NONE
    case 'skipToNext':
      return start + 1
    case 'skipPastLastEvent':
      return sequenceOf(buffer, node) + 1
    case 'skipToFirst':
      return firstSequenceOf(buffer, node, reader.stageNumber(skip.stage))
    case 'skipToLast': {
      const last = lastNodeOf(buffer, node, reader.stageNumber(skip.stage))
      return last === NONE ? NONE : sequenceOf(buffer, last)
    }
  }
}
