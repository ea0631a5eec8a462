/**
 * Thrown inside the codec at a value that it cannot carry. `ValueWriter.write` turns it into a
 * `StreamError` that also says where in the record the value is: finding that out while writing
 * would cost every record.
 */
export class Unsupported extends Error {
  override readonly name = 'Unsupported'
}

/** The name of an object's class, for messages. */
export function classNameOf(object: object): string {
  const prototype: object | null = Object.getPrototypeOf(object)
  const name: unknown = prototype?.constructor?.name
  return typeof name === 'string' && name !== '' ? name : 'a class without a name'
}
