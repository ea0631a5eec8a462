import { StreamError } from '../../codec/errors.ts'
import type { CallService, RuntimeContext } from '../../operators/contract/context.ts'
import type { Awaitable } from '../../operators/contract/source.ts'

/** A service as it was registered: `env.registerService(name, Class, options)`. */
export interface ServiceRegistration {
  readonly name: string
  readonly Class: new (options?: any) => object
  readonly options: unknown
}

interface ServiceHooks {
  ctx?: Pick<RuntimeContext, 'jobName' | 'logger' | 'clock' | 'service'>
  open?(): Awaitable<void>
  close?(): Awaitable<void>
}

/**
 * The services of one worker thread: one instance each, made and opened before the first operator, closed
 * after the last. Calls are direct; what a service throws becomes `SAGE_SERVICE` with it as the cause.
 */
export class ServiceHost {
  readonly #instances = new Map<string, object>()
  readonly #proxies = new Map<string, object>()
  readonly call: CallService

  constructor() {
    const call = (name: string, ...args: unknown[]): unknown => this.#process(name, args)
    this.call = Object.assign(call, {
      async: async (name: string, ...args: unknown[]): Promise<unknown> =>
        this.#process(name, args),
    })
  }

  async open(
    registrations: readonly ServiceRegistration[],
    facilities: Omit<NonNullable<ServiceHooks['ctx']>, 'service'>,
  ): Promise<void> {
    for (const { name, Class, options } of registrations) {
      await naming(name, 'open', async () => {
        const instance: ServiceHooks = new Class(options)
        instance.ctx = { ...facilities, service: (other) => this.get(other) }
        this.#instances.set(name, instance)
        await instance.open?.()
      })
    }
  }

  get(name: string): any {
    let proxy = this.#proxies.get(name)
    if (proxy === undefined) {
      proxy = guarded(name, this.#instance(name))
      this.#proxies.set(name, proxy)
    }
    return proxy
  }

  async close(): Promise<void> {
    for (const [name, instance] of [...this.#instances].reverse()) {
      await naming(name, 'close', async () => (instance as ServiceHooks).close?.())
    }
  }

  #process(name: string, args: readonly unknown[]): unknown {
    const { process } = this.get(name) as { process?: (...args: unknown[]) => unknown }
    if (typeof process === 'function') return process(...args)
    throw new StreamError(
      'SAGE_SERVICE',
      `service '${name}': expected a method 'process', which callService calls`,
    )
  }

  #instance(name: string): object {
    const instance = this.#instances.get(name)
    if (instance !== undefined) return instance
    const known = [...this.#instances.keys()].map((k) => `'${k}'`).join(', ') || 'none'
    throw new StreamError(
      'SAGE_SERVICE',
      `service '${name}' is not registered; registered: ${known}`,
    )
  }
}

/** A failure to open or close says which service it was. */
async function naming(name: string, method: string, act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    throw failed(name, method, error)
  }
}

/** A view of a service whose failing calls say which service and method failed. */
function guarded(name: string, instance: object): object {
  return new Proxy(instance, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        try {
          const result: unknown = Reflect.apply(member, target, args)
          return result instanceof Promise
            ? result.catch((error: unknown) => {
                throw failed(name, property, error)
              })
            : result
        } catch (error) {
          throw failed(name, property, error)
        }
      }
    },
  })
}

function failed(service: string, method: string | symbol, cause: unknown): StreamError {
  const what = cause instanceof Error ? cause.message : String(cause)
  return new StreamError(
    'SAGE_SERVICE',
    `Service call failed: ${service}.${String(method)}: ${what}`,
    { cause },
  )
}
