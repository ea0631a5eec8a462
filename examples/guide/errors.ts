/** What happens when a function fails; `docs/library.md`, "Errors". */
import { LocalEnvironment, StreamError } from 'sage-stream'

const parse = (text: string): number => {
  const n = Number(text)
  if (Number.isNaN(n)) throw new Error(`'${text}' is no number`)
  return n
}

const env = new LocalEnvironment('errors', { parallelism: 1 })
const texts = env.fromCollection(['1', 'two', '3'])

// Left out, and counted.
texts.map(parse, { name: 'skips', errors: 'skip' }).print('skip')

// Called again, twice, 5 ms apart; then left out.
let calls = 0
texts
  .map(
    (text) => {
      calls++
      if (text === 'two' && calls < 4) throw new Error('not yet')
      return text
    },
    { name: 'retries', errors: { retry: 2, backoff: '5ms', then: 'skip' } },
  )
  .print('retry')

// Handed on as a record of its own: what failed, why, where, after how many calls.
const numbers = texts.map(parse, { name: 'numbers', errors: { deadLetter: true } })
numbers.print('numbers')
numbers
  .deadLetters()
  .map(({ value, attempts, error }) => `${value}, ${attempts} call: ${(error as Error).message}`)
  .print('dead letter')

const { operators } = await env.submit({ autostop: true })
for (const { name, errors, retries } of operators) {
  if (errors + retries > 0) console.log(`${name}: ${errors} failed for good, ${retries} retries`)
}

// By default, the first failure ends the job.
const strict = new LocalEnvironment('strict', { mode: 'inline', signals: false })
strict.fromCollection(['4', 'five']).map(parse)
try {
  await strict.submit({ autostop: true })
} catch (error) {
  if (!(error instanceof StreamError)) throw error
  console.log(`${error.code} in ${error.operator}, subtask ${error.subtask}`)
  console.log(`cause: ${(error.cause as Error).message}`)
}
