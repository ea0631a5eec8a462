const BLUE = '\u001b[34m'
const PLAIN = '\u001b[39m'
/** So many items of a collection, and so many fields of a class's instance, are shown. */
const MAX_ITEMS = 5
const MAX_INSTANCE_FIELDS = 3
/** Collections nested deeper are shown as `…`, which also ends cycles. */
const MAX_DEPTH = 4

/**
 * A record as `print` shows it: strings as they are, objects as `a=1, b=2`, lists up to five items.
 * Inside other values strings are quoted and objects stand in braces. Never throws.
 */
export function formatRecord(value: unknown, colored: boolean): string {
  try {
    if (typeof value === 'string') return value
    if (isPlainObject(value)) return fields(value, colored, 0, Infinity) || '{}'
    return format(value, colored, 0)
  } catch {
    return `<Unprintable: ${className(value)}>`
  }
}

function format(value: unknown, colored: boolean, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `function ${value.name}`
  if (value === null || typeof value !== 'object')
    return Object.is(value, -0) ? '-0' : String(value)
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof Error || value instanceof RegExp) return String(value)
  if (depth >= MAX_DEPTH) return '…'
  return formatObject(value, colored, depth)
}

function formatObject(value: object, colored: boolean, depth: number): string {
  if (Array.isArray(value)) return list(value, value.length, colored, depth)
  if (isPlainObject(value)) return `{${fields(value, colored, depth + 1, Infinity)}}`
  if (value instanceof Map) return `Map{${pairs(value, colored, depth)}}`
  const name = className(value)
  if (value instanceof Set) return name + list(value, value.size, colored, depth)
  if (value instanceof ArrayBuffer) return format(new Uint8Array(value), colored, depth)
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    const items = value as unknown as Iterable<unknown> & { length: number }
    return name + list(items, items.length, colored, depth)
  }
  return `${name}(${fields(value, colored, depth + 1, MAX_INSTANCE_FIELDS)})`
}

function list(items: Iterable<unknown>, count: number, colored: boolean, depth: number): string {
  const shown: string[] = []
  for (const item of items) {
    if (shown.length === MAX_ITEMS) break
    shown.push(format(item, colored, depth + 1))
  }
  if (count > MAX_ITEMS) shown.push(`... (+${count - MAX_ITEMS} more)`)
  return `[${shown.join(', ')}]`
}

function pairs(map: ReadonlyMap<unknown, unknown>, colored: boolean, depth: number): string {
  const shown: string[] = []
  for (const [key, value] of map) {
    if (shown.length === MAX_ITEMS) break
    const name = typeof key === 'string' ? key : format(key, false, depth + 1)
    shown.push(`${paint(name, colored)}=${format(value, colored, depth + 1)}`)
  }
  if (map.size > MAX_ITEMS) shown.push(`... (+${map.size - MAX_ITEMS} more)`)
  return shown.join(', ')
}

function fields(object: object, colored: boolean, depth: number, limit: number): string {
  const names = Object.keys(object)
  const shown = names.slice(0, limit).map((name) => {
    const value = (object as Record<string, unknown>)[name]
    const bare = depth === 0 && typeof value === 'string'
    return `${paint(name, colored)}=${bare ? value : format(value, colored, depth)}`
  })
  if (names.length > limit) shown.push('...')
  return shown.join(', ')
}

function paint(name: string, colored: boolean): string {
  return colored ? BLUE + name + PLAIN : name
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function className(value: unknown): string {
  try {
    return (value as object).constructor.name || 'Object'
  } catch {
    return 'Object'
  }
}
