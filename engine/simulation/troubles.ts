/** Where user code fails. */
export const SITES = [
  'partitions',
  'read',
  'map',
  'count',
  'round',
  'open',
  'prepare',
  'commit',
  'recover',
  'close',
] as const

export type Site = (typeof SITES)[number]

/** The failures of user code in one life: at the how manieth call of which site. */
export class Troubles {
  /** Those that have come so far. */
  readonly met: Site[] = []
  readonly #left: Map<Site, number>

  constructor(planned: ReadonlyMap<Site, number> = new Map()) {
    this.#left = new Map(planned)
  }

  /** User code comes by a site. */
  at(site: Site): void {
    const left = this.#left.get(site)
    if (left === undefined) return
    this.#left.set(site, left - 1)
    if (left > 0) return
    this.#left.delete(site)
    this.met.push(site)
    throw new Error(`injected: ${site}`)
  }
}
