/** Where a run has its files, and what is random in it. */
export interface Chaos {
  /** An empty directory. */
  readonly root: string
  readonly seed: number
  /** Told how far it has come. */
  progress?(what: string): void
}
