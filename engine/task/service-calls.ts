import { type ErrorData, errorFromData, StreamError } from '../../codec/errors.ts'

/** A call of a service of job scope, on its way to the thread that has the instance. */
export interface ServiceCall {
  readonly id: number
  readonly service: string
  readonly method: string
  readonly args: readonly unknown[]
}

/** What became of it. */
export type ServiceReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorData }

type Waiting = PromiseWithResolvers<unknown>

/** The longest that a timer of Node waits. */
const TIMER_MAX_MS = 2 ** 31 - 1

/**
 * The calling side of services of job scope: gives them the look of objects whose methods all return promises. Calls are
 * sent in the order in which they are made; a reply that comes too late is ignored.
 */
export class ServiceCalls {
  readonly #post: (call: ServiceCall) => void
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** @param post - sends a call; throws for arguments that cannot be cloned */
  constructor(post: (call: ServiceCall) => void) {
    this.#post = post
  }

  /** The service `name` as its callers see it. */
  proxy(name: string, timeoutMs: number): object {
    return new Proxy(Object.freeze({}), {
      get: (_, method) => {
        // Whatever awaits the proxy itself must not take it for a promise.
        if (typeof method === 'symbol' || method === 'then') return undefined
        return (...args: unknown[]) => this.#call(name, method, args, timeoutMs)
      },
    })
  }

  settle(reply: ServiceReply): void {
    const waiting = this.#waiting.get(reply.id)
    if ('error' in reply) waiting?.reject(errorFromData(reply.error))
    else waiting?.resolve(reply.result)
  }

  #call(
    service: string,
    method: string,
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<unknown> {
    const id = ++this.#last
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    try {
      this.#post({ id, service, method, args })
    } catch (error) {
      waiting.reject(failed(service, method, error))
    }
    return within(waiting.promise, timeoutMs, service, method).finally(() =>
      this.#waiting.delete(id),
    )
  }
}

/** `promise`, or a failure when it takes too long. Keeps no process alive. */
export function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  service: string,
  method: string | symbol,
): Promise<T> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return promise
  const late = Promise.withResolvers<never>()
  const give = (): void =>
    late.reject(
      new StreamError(
        'SAGE_TIMEOUT',
        `Service call timeout: expected ${service}.${String(method)} to answer within ${timeoutMs} ms`,
      ),
    )
  const timer = setTimeout(give, Math.min(timeoutMs, TIMER_MAX_MS)).unref()
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}

/** What a service threw, as the failure of its caller. */
export function failed(service: string, method: string | symbol, cause: unknown): StreamError {
  const what = cause instanceof Error ? cause.message : String(cause)
  return new StreamError(
    'SAGE_SERVICE',
    `Service call failed: ${service}.${String(method)}: ${what}`,
    { cause },
  )
}
