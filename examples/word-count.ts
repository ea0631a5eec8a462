import { LocalEnvironment } from 'sage-stream'

const env = new LocalEnvironment('word-count', { parallelism: 2 })

env
  .fromCollection(['to be', 'or not to be'])
  .flatMap((line) => line.split(' '))
  .keyBy((word) => word)
  .foldFinal(
    'count',
    () => 0,
    (count) => count + 1,
  )
  .entries()
  .print()

await env.submit({ autostop: true })
