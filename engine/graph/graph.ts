import { describe, StreamError } from '../../codec/errors.ts'
import type { ErrorPolicy } from '../../operators/contract/error-policy.ts'
import type { FailureHandling } from '../../operators/contract/failure-handling.ts'
import type { GraphEdge, GraphNode, NodeBody } from './node.ts'

/** What a new node is made from. */
export interface NodeSpec {
  /** The method that makes it. */
  readonly kind: string
  /** The name wanted; taken ones get `_1`, `_2`, … */
  readonly name: string
  readonly uid?: string | undefined
  readonly body: NodeBody
  readonly inputs: readonly GraphEdge[]
  readonly errors?: ErrorPolicy | undefined
  readonly handling?: FailureHandling | undefined
  readonly parallelism?: number | undefined
  readonly scales?: boolean
  readonly options?: Readonly<Record<string, unknown>>
}

/** What may still change of a node; reached through the node's accessors. */
interface Settings {
  parallelism: number | undefined
  inputs: readonly GraphEdge[]
}

/**
 * The logical graph of one environment: nodes in the order of construction, which is a topological
 * order but for the edges that fill futures. Grows until it is sealed.
 */
export class Graph {
  readonly #nodes: GraphNode[] = []
  readonly #settings = new Map<GraphNode, Settings>()
  readonly #names = new Set<string>()
  readonly #uids = new Set<string>()
  readonly #ends = new Set<string>()
  /** What only one operator may write to, and which one does. */
  readonly #places = new Map<string, string>()
  #sealed = false

  get nodes(): readonly GraphNode[] {
    return this.#nodes
  }

  get sealed(): boolean {
    return this.#sealed
  }

  /**
   * Adds a node. Throws `SAGE_DUPLICATE_UID`, `SAGE_DUPLICATE_NAME` for streams and outputs of the
   * main thread, and `SAGE_OPTION` for two operators that write to one place.
   */
  add(spec: NodeSpec): GraphNode {
    this.refuseWhenSealed(`add '${spec.name}'`)
    const { kind, uid, body, errors, handling, scales = false, options = {} } = spec
    if (uid !== undefined) this.#claimUid(uid, kind)
    if (isEnd(body)) this.#claimEnd(spec.name, kind)
    if (body.type === 'operator') this.#claimPlace(body.factory.claim, spec)
    requireSerial(body, spec.parallelism, spec.name)
    const settings: Settings = { parallelism: spec.parallelism, inputs: spec.inputs }
    const node: GraphNode = Object.freeze({
      id: this.#nodes.length,
      kind,
      name: this.#uniqueName(spec.name),
      uid,
      body,
      get inputs() {
        return settings.inputs
      },
      errors,
      handling,
      get parallelism() {
        return settings.parallelism
      },
      scales,
      options,
    })
    this.#settings.set(node, settings)
    this.#nodes.push(node)
    return node
  }

  /**
   * The explicit parallelism of a node, after any `setParallelism`; undefined: the plan derives it.
   */
  parallelismOf(node: GraphNode): number | undefined {
    return this.#settingsOf(node).parallelism
  }

  setParallelism(node: GraphNode, parallelism: number): void {
    this.refuseWhenSealed(`set the parallelism of '${node.name}'`)
    requireSerial(node.body, parallelism, node.name)
    this.#settingsOf(node).parallelism = parallelism
  }

  /** Gives a future its input. Throws `SAGE_NOT_A_FUTURE`, `SAGE_FUTURE_FILLED`. */
  fillFuture(future: GraphNode, edge: GraphEdge): void {
    this.refuseWhenSealed(`fill '${future.name}'`)
    if (future.body.type !== 'future') {
      throw new StreamError(
        'SAGE_NOT_A_FUTURE',
        'fillFuture: the target must be a future stream created by env.fromFuture(), ' +
          `got '${future.name}' made by ${future.kind}`,
        { operator: future.name },
      )
    }
    const settings = this.#settingsOf(future)
    if (settings.inputs.length > 0) {
      throw new StreamError(
        'SAGE_FUTURE_FILLED',
        `fillFuture: future stream '${future.name}' has already been filled, ` +
          `by '${settings.inputs[0].from.name}'`,
        { operator: future.name },
      )
    }
    settings.inputs = [edge]
  }

  /**
   * Ends construction: every later change is `SAGE_SUBMITTED`. Throws that itself the second time.
   */
  seal(): void {
    this.refuseWhenSealed('submit it again')
    this.#sealed = true
  }

  /** Throws `SAGE_SUBMITTED` once the graph is sealed; `change` completes "cannot …". */
  refuseWhenSealed(change: string): void {
    if (!this.#sealed) return
    throw new StreamError(
      'SAGE_SUBMITTED',
      `cannot ${change}: expected a job not yet submitted, ` +
        'got one that was (build a new environment)',
    )
  }

  #settingsOf(node: GraphNode): Settings {
    const settings = this.#settings.get(node)
    if (settings !== undefined) return settings
    throw new StreamError(
      'SAGE_ENVIRONMENTS_DIFFER',
      `'${node.name}' belongs to another environment: streams must be from the same environment`,
    )
  }

  #claimUid(uid: string, kind: string): void {
    if (typeof uid !== 'string' || uid === '') {
      throw new StreamError('SAGE_OPTION', `${kind}.uid: expected a string, got ${describe(uid)}`)
    }
    if (this.#uids.has(uid)) {
      throw new StreamError(
        'SAGE_DUPLICATE_UID',
        `${kind}: expected a uid that no other operator has, got '${uid}' again`,
      )
    }
    this.#uids.add(uid)
  }

  #claimPlace(place: string | undefined, { kind, name }: NodeSpec): void {
    if (place === undefined) return
    const owner = this.#places.get(place)
    if (owner !== undefined) {
      const got = `'${owner}' and '${name}'`
      throw new StreamError(
        'SAGE_OPTION',
        `${kind}: expected one operator that writes to ${place}, got ${got}`,
      )
    }
    this.#places.set(place, name)
  }

  #claimEnd(name: string, kind: string): void {
    if (this.#ends.has(name)) {
      throw new StreamError(
        'SAGE_DUPLICATE_NAME',
        `${kind}: expected a name that no other stream or output has, got '${name}' again`,
      )
    }
    this.#ends.add(name)
  }

  #uniqueName(wanted: string): string {
    let name = wanted
    for (let i = 1; this.#names.has(name); i++) name = `${wanted}_${i}`
    this.#names.add(name)
    return name
  }
}

/** Refuses another parallelism than 1 for an operator that must see all records in one subtask: `SAGE_PARALLELISM`. */
function requireSerial(body: NodeBody, parallelism: number | undefined, name: string): void {
  if (parallelism === undefined || parallelism === 1) return
  if (body.type !== 'operator' || body.factory.serial !== true) return
  throw new StreamError(
    'SAGE_PARALLELISM',
    `parallelism of '${name}': expected 1, because it sees all records of streams that are not keyed, got ${parallelism}; ` +
      'key them by what may be dealt out',
    { operator: name },
  )
}

/**
 * Whether a node is a named end of the main thread (`print` is nameless: nobody asks for it by
 * name).
 */
function isEnd(body: NodeBody): boolean {
  return body.type === 'input' || (body.type === 'output' && body.factory === undefined)
}
