/** Random numbers that follow from a seed: sfc32 (PractRand), 2^32 and more numbers long for every seed. */
export class Random {
  readonly #seed: string
  readonly #words: Uint32Array

  /** @param seed - the same seed, the same numbers */
  constructor(seed: string) {
    this.#seed = seed
    this.#words = Uint32Array.from(
      [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1],
      (w, i) => w ^ hash(seed, i),
    )
    for (let i = 0; i < 12; i++) this.#word()
  }

  /** Numbers of their own for one part of a simulation: what another part draws changes nothing here. */
  fork(part: string): Random {
    return new Random(`${this.#seed}/${part}`)
  }

  /** From 0 to less than 1. */
  next(): number {
    return this.#word() / 2 ** 32
  }

  /** A whole number from 0 to less than `n`. */
  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True so often of one. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  #word(): number {
    const w = this.#words
    const result = (w[0] + w[1] + w[3]) >>> 0
    w[3]++
    w[0] = w[1] ^ (w[1] >>> 9)
    w[1] = w[2] + (w[2] << 3)
    w[2] = ((w[2] << 21) | (w[2] >>> 11)) + result
    return result
  }
}

/** FNV-1a. */
function hash(text: string, basis: number): number {
  let value = 0x811c9dc5 ^ (basis * 0x01000193)
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
