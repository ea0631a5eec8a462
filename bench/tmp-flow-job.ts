import { defineJob } from 'sage-stream'
export const flow = defineJob(import.meta.url, 'flow', (env) => {
  const numbers = env.createStream<any>('numbers')
  return { numbers, out: numbers.map((n) => n).output('out') }
})
