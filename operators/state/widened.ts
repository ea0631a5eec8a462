type Numbers = Float64Array | Int32Array | Uint32Array | Uint16Array

/** The wider array, with what the other held. */
export function widened<A extends Numbers>(from: A, to: A): A {
  to.set(from)
  return to
}
