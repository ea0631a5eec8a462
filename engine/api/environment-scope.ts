import { Graph } from '../graph/graph.ts'
import type { ConnectedSettings } from './connected-settings.ts'
import { JoinedInputs } from './joined-inputs.ts'
import { StreamByKey, UnkeyedStream } from './keyed-stream.ts'
import { StreamOfMatches } from './pattern-stream.ts'
import type { Cursor, PatternSettings, StreamScope } from './stream-scope.ts'

/** Makes the streams of one environment, each of the class that it is. */
export class EnvironmentScope implements StreamScope {
  readonly graph = new Graph()

  stream(cursor: Cursor): UnkeyedStream | StreamByKey {
    return cursor.keying === undefined ? new UnkeyedStream(cursor) : new StreamByKey(cursor)
  }

  matches(cursor: Cursor, pattern: PatternSettings): StreamOfMatches {
    return new StreamOfMatches(cursor, pattern)
  }

  connected(cursors: readonly Cursor[], settings?: ConnectedSettings): JoinedInputs {
    const streams = cursors.map((cursor) => this.stream(cursor))
    return new JoinedInputs(streams, settings)
  }
}
