import { type ConnectedStreams, LocalEnvironment, registerFunction } from 'sage-stream'

/** A piece of a pipeline: counts what comes through each of two streams. */
const connectedProcessor = registerFunction(
  'connectedProcessor',
  (connectedStreams: ConnectedStreams<[string, number]>) =>
    connectedStreams.coMap([() => 'word', () => 'number']).countFinal('count', (kind) => kind),
)

const env = new LocalEnvironment('connected-pieces')
const words = env.fromCollection(['a', 'b', 'c'])
const numbers = env.fromCollection([1, 2])

// As a function, or by its name as configured jobs do: words.connect(numbers).pipe('connectedProcessor')
words.connect(numbers).pipe(connectedProcessor).entries().print()

await env.submit({ autostop: true })
