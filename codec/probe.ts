import type { InlineName } from './table-layout.ts'

/** What the accessor of one field did to the buffer that it was shown. */
export interface Probe {
  /** The field's place in the vtable; 0 where the accessor asked for none. */
  vtableSlot: number
  vector: boolean
  table: boolean
  string: boolean
  union: boolean
  scalar: InlineName | null
}

/**
 * Stands in for a `ByteBuffer`: accessors of classes made by `flatc` tell by their calls where
 * and what their fields are. (The classes carry no other description of themselves.)
 */
export class ProbeBuffer {
  readonly seen: Probe
  readonly #present: boolean

  /** @param present whether fields look present or absent */
  constructor(present: boolean) {
    this.#present = present
    this.seen = {
      vtableSlot: 0,
      vector: false,
      table: false,
      string: false,
      union: false,
      scalar: null,
    }
  }

  __offset(_table: number, vtableSlot: number): number {
    this.seen.vtableSlot = vtableSlot
    return this.#present ? 4 : 0
  }

  __vector(at: number): number {
    this.seen.vector = true
    return at
  }

  __indirect(at: number): number {
    this.seen.table = true
    return at
  }

  __string(): string {
    this.seen.string = true
    return ''
  }

  __union(): null {
    this.seen.union = true
    return null
  }

  __union_with_string(): null {
    return this.__union()
  }

  readInt8(): number {
    return this.#scalar('int8', 0)
  }

  readUint8(): number {
    return this.#scalar('uint8', 0)
  }

  readInt16(): number {
    return this.#scalar('int16', 0)
  }

  readUint16(): number {
    return this.#scalar('uint16', 0)
  }

  readInt32(): number {
    return this.#scalar('int32', 0)
  }

  readUint32(): number {
    return this.#scalar('uint32', 0)
  }

  readInt64(): bigint {
    return this.#scalar('bigint', 0n)
  }

  readUint64(): bigint {
    return this.#scalar('ubigint', 0n)
  }

  readFloat32(): number {
    return this.#scalar('float32', 0)
  }

  readFloat64(): number {
    return this.#scalar('float64', 0)
  }

  #scalar<T>(scalar: InlineName, value: T): T {
    this.seen.scalar = scalar
    return value
  }
}
