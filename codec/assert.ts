/** Stops a program that broke one of its own rules. For mistakes of this package, never for bad input. */
export function assert(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Error(`broken invariant: ${rule}`)
}

/** For a place that no correct program reaches. */
export function unreachable(what: string): never {
  throw new Error(`broken invariant: unexpected ${what}`)
}
