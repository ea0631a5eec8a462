import { describe, StreamError } from '../../codec/errors.ts'
import { requireText } from './arguments.ts'

type Piece = (streams: any) => any

const registered = new Map<string, Piece>()

/**
 * Registers a reusable piece of a pipeline, stream to stream or connected streams to stream, for
 * `stream.pipe('name')`. Returns it. To be called in the job module, so that every worker knows it.
 * A name stands for one function: another under the same name is `SAGE_DUPLICATE_NAME`.
 *
 * @typeParam F - the piece
 */
export function registerFunction<F extends (streams: any) => any>(fn: F): F
export function registerFunction<F extends (streams: any) => any>(name: string, fn: F): F
export function registerFunction(first: unknown, second?: unknown): Piece {
  const [name, fn] = typeof first === 'function' ? [first.name, first] : [first, second]
  if (typeof fn !== 'function') {
    throw new StreamError(
      'SAGE_OPTION',
      `registerFunction: expected a function, got ${describe(fn)}`,
    )
  }
  requireText(name, 'registerFunction name')
  const known = registered.get(name as string)
  if (known !== undefined && known !== fn) {
    throw new StreamError(
      'SAGE_DUPLICATE_NAME',
      `registerFunction: expected a name that no other function has, got ${describe(name)} again`,
    )
  }
  registered.set(name as string, fn as Piece)
  return fn as Piece
}

/** Applies a piece given as a function or by its registered name. */
export function applyPiece(streams: unknown, piece: unknown): unknown {
  if (typeof piece === 'function') return piece(streams)
  const fn = registered.get(piece as string)
  if (fn !== undefined) return fn(streams)
  const known = [...registered.keys()].map((name) => `'${name}'`).join(', ') || 'none'
  throw new StreamError(
    'SAGE_OPTION',
    `pipe: expected a function or a registered name (${known}), got ${describe(piece)}`,
  )
}
