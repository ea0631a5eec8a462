/** Keys and partitioning; `docs/library.md`, "Keys". */
import { LocalEnvironment } from 'sage-stream'

interface Sale {
  readonly shop: string
  readonly item: string
  readonly price: number
}

const env = new LocalEnvironment('keys', { parallelism: 2 })
const sales = env.fromCollection<Sale>([
  { shop: 'north', item: 'tea', price: 3 },
  { shop: 'north', item: 'jam', price: 5 },
  { shop: 'south', item: 'tea', price: 4 },
])

const byShop = sales.keyBy((sale) => sale.shop)

// One record per key, when the input has ended.
byShop
  .foldFinal(
    'takings',
    () => 0,
    (sum, sale) => sum + sale.price,
    { merge: (a, b) => a + b },
  )
  .entries()
  .print('foldFinal')
byShop.maxFinal('dearest', (sale) => sale.price).print('maxFinal')
sales
  .countFinal('sold', (sale) => sale.item)
  .entries()
  .print('countFinal')

// The accumulator after each record.
byShop
  .map((sale) => sale.price)
  .reduce((sum, price) => sum + price)
  .entries()
  .print('reduce')

// A key of several parts. Within a call it is ctx.key, typed.
sales
  .keyBy((sale) => [sale.shop, sale.item])
  .map((sale, ctx) => `${ctx.key[1]} at ${ctx.key[0]}: ${sale.price}`)
  .print('tuple')

// Which subtask gets which key is usually the hash's to decide; here it is ours.
const partition = (shop: string, subtasks: number) => (shop === 'north' ? 0 : subtasks - 1)
sales
  .keyBy((sale) => sale.shop, 'custom', { partition })
  .map(({ shop }, ctx) => `${shop} on subtask ${ctx.subtask} of ${ctx.parallelism}`)
  .print('custom')

// Without keys: dealt out in turn, or to everyone.
sales
  .rebalance()
  .map((sale, ctx) => `${sale.item} on ${ctx.subtask}`)
  .print('rebalance')
env
  .fromCollection(['new prices'])
  .broadcast()
  .map((news, ctx) => `${news} on ${ctx.subtask}`, { parallelism: 2 })
  .print('broadcast')

await env.submit({ autostop: true })
