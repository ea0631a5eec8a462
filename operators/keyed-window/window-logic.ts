/** What the records of a window become. */
export interface WindowLogic {
  /** Whether records stay in its values: one that is in several windows then is a record of its own in each. */
  readonly keepsRecords: boolean
  /** User functions, for the graph's fingerprint. */
  readonly functions: readonly Function[]
  /** The value of a window with one record. `null`: none, the next record is its first again. */
  begin(record: unknown, side: number): unknown
  /** The value with one record more: the same object, or another. */
  add(value: any, record: unknown, side: number): unknown
  /** One value of two sessions; `into` is that of the earlier one. */
  merge(into: any, from: any): unknown
  /** What is emitted when a record has come or sessions were merged. It may take that out of the value. */
  early?(value: any): readonly unknown[]
  /** What is emitted when the window closes. */
  results(value: any): readonly unknown[]
}
