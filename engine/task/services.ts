import { errorToData, StreamError } from '../../codec/errors.ts'
import type { CallService, RuntimeContext } from '../../operators/contract/context.ts'
import type { Awaitable } from '../../operators/contract/source.ts'
import {
  failed,
  type ServiceCall,
  type ServiceCalls,
  type ServiceReply,
  within,
} from './service-calls.ts'

/** Where the instances of a service are: one per worker thread, or one for the job, on its coordinator's. */
export type ServiceScope = 'worker' | 'job'

/** A service as it was registered: `env.registerService(name, Class, options, { scope, timeout })`. */
export interface ServiceRegistration {
  readonly name: string
  readonly Class: new (options?: any) => object
  readonly options: unknown
  readonly scope: ServiceScope
  /** How long a promise of a call may take, in ms; Infinity: for ever. */
  readonly timeoutMs: number
}

interface ServiceHooks {
  ctx?: Pick<RuntimeContext, 'jobName' | 'logger' | 'clock' | 'service'>
  open?(): Awaitable<void>
  close?(): Awaitable<void>
}

/**
 * The services of one thread: an instance each of those that are of its scope, made and opened before the first operator,
 * closed after the last. Calls of these are direct; what a service throws becomes `SAGE_SERVICE` with it as the
 * cause. Those of job scope are called over `calls`, from everywhere.
 */
export class ServiceHost {
  readonly #scope: ServiceScope
  readonly #calls: ServiceCalls
  readonly #registrations = new Map<string, ServiceRegistration>()
  readonly #instances = new Map<string, object>()
  readonly #proxies = new Map<string, object>()
  readonly call: CallService

  constructor(scope: ServiceScope, calls: ServiceCalls) {
    this.#scope = scope
    this.#calls = calls
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
    for (const registration of registrations)
      this.#registrations.set(registration.name, registration)
    for (const { name, Class, options, scope } of registrations) {
      if (scope !== this.#scope) continue
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
      proxy = this.#proxy(this.#registered(name))
      this.#proxies.set(name, proxy)
    }
    return proxy
  }

  /** A call from another thread, or from a service of job scope, of one that is here. */
  async answer({ id, service, method, args }: ServiceCall): Promise<ServiceReply> {
    try {
      const instance = guarded(service, this.#instance(service), Number.POSITIVE_INFINITY)
      const fn = (instance as Record<string, unknown>)[method]
      if (typeof fn === 'function') return { id, result: await fn(...args) }
      throw new StreamError(
        'SAGE_SERVICE',
        `service '${service}': expected a method '${method}', which it has not`,
      )
    } catch (error) {
      return { id, error: errorToData(error) }
    }
  }

  async close(): Promise<void> {
    for (const [name, instance] of [...this.#instances].reverse()) {
      await naming(name, 'close', async () => (instance as ServiceHooks).close?.())
    }
  }

  #proxy({ name, scope, timeoutMs }: ServiceRegistration): object {
    if (scope === 'job') return this.#calls.proxy(name, timeoutMs)
    return guarded(name, this.#instance(name), timeoutMs)
  }

  #instance(name: string): object {
    const instance = this.#instances.get(name)
    if (instance !== undefined) return instance
    throw new StreamError(
      'SAGE_SERVICE',
      `service '${name}': expected one that is opened already and can be reached from here; ` +
        "one of scope 'job' reaches only such as are of its scope, too",
    )
  }

  #process(name: string, args: readonly unknown[]): unknown {
    const { process } = this.get(name) as { process?: (...args: unknown[]) => unknown }
    if (typeof process === 'function') return process(...args)
    throw new StreamError(
      'SAGE_SERVICE',
      `service '${name}': expected a method 'process', which callService calls`,
    )
  }

  #registered(name: string): ServiceRegistration {
    const registration = this.#registrations.get(name)
    if (registration !== undefined) return registration
    const known = [...this.#registrations.keys()].map((k) => `'${k}'`).join(', ') || 'none'
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
function guarded(name: string, instance: object, timeoutMs: number): object {
  return new Proxy(instance, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        try {
          const result: unknown = Reflect.apply(member, target, args)
          if (!(result instanceof Promise)) return result
          const named = result.catch((error: unknown) => {
            throw failed(name, property, error)
          })
          return within(named, timeoutMs, name, property)
        } catch (error) {
          throw failed(name, property, error)
        }
      }
    },
  })
}
