/** What each scalar type of a schema is in TypeScript. */
export interface ScalarValues {
  bool: boolean
  int8: number
  int16: number
  int32: number
  uint8: number
  uint16: number
  uint32: number
  int64: number
  bigint: bigint
  float32: number
  float64: number
  string: string
  bytes: Uint8Array
  date: Date
}

/**
 * A type that has a name:
 *
 * - `int8` … `uint32`: whole numbers in range (`-0` arrives as `0`)
 * - `int64`: whole numbers up to 2^53 - 1 either way, 64 bits in the frame
 * - `bigint`: signed, 64 bits
 * - `float32`: any number; arrives rounded to single precision
 * - `bytes`: a `Uint8Array` (a `Buffer` is one, and arrives as a plain `Uint8Array`)
 * - `date`: a `Date`, invalid ones too
 */
export type ScalarName = keyof ScalarValues

/** The type of a field. */
export type FieldType = ScalarName | NullableType | ListType | SchemaLike

/** A type that also admits `null`: see `nullable`. */
export interface NullableType<T = any> {
  readonly nullable: T
}

/** An array of values of a type: see `list`. */
export interface ListType<T = any> {
  readonly list: T
}

/** The fields of a schema, in the order in which records get them. */
export type Fields = Readonly<Record<string, FieldType>>

/** Something that stands for records of type `T`. */
export interface SchemaLike<T = any> {
  readonly name: string
  readonly fields: Fields
  /** Exists for type inference only. */
  readonly recordType?: T
}

/** What a value of field type `F` is. */
export type ValueOf<F> = F extends ScalarName
  ? ScalarValues[F]
  : F extends NullableType<infer T>
    ? ValueOf<T> | null
    : F extends ListType<infer T>
      ? ValueOf<T>[]
      : F extends SchemaLike<infer R>
        ? R
        : never

/** What a record with fields `F` is. */
export type RecordOf<F> = { -readonly [K in keyof F]: ValueOf<F[K]> }
