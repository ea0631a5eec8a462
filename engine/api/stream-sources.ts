import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { generalCodec } from '../../codec/general-codec.ts'
import type { Schema } from '../../codec/schema.ts'
import type { RuntimeContext } from '../../operators/contract/context.ts'
import type { SourceFunction } from '../../operators/contract/function.ts'
import { functionName, isClass } from '../../operators/contract/function-form.ts'
import type { SourceFactory } from '../../operators/contract/operator.ts'
import type { StopSignal } from '../../operators/contract/packet.ts'
import type { Awaitable, IDLE, PartitionedSource } from '../../operators/contract/source.ts'
import type { FileRecord, FileSourceOptions } from '../../operators/files/file-options.ts'
import { fileSource } from '../../operators/files/file-source.ts'
import { batchSource } from '../../operators/sources/batch.ts'
import { collectionSource } from '../../operators/sources/collection.ts'
import { functionSource } from '../../operators/sources/function.ts'
import { generatorSource } from '../../operators/sources/generator.ts'
import { iterableSource } from '../../operators/sources/iterable.ts'
import { readableSource } from '../../operators/sources/readable.ts'
import {
  allowAny,
  type CheckedOptions,
  functionArguments,
  operatorOptions,
  requireBoolean,
  requireCapacity,
  requireText,
} from './arguments.ts'
import { EnvironmentScope } from './environment-scope.ts'
import type { ClassArguments, ClassOf, Present, Sync } from './function-types.ts'
import { FedStream, type InputStream } from './input-stream.ts'
import { DEFAULT_CAPACITY } from './main-thread.ts'
import type { InputOptions, OperatorOptions } from './options.ts'
import { requireSchema } from './schema-argument.ts'
import { cursorAt } from './stream-scope.ts'
import type { DataStream } from './streams.ts'

/** What a source function may return: a record; the end; or nothing yet. */
export type SourceResult<T> = Awaitable<T | null | undefined | typeof IDLE | StopSignal>

/** How sources are added to the graph of an environment. */
export class StreamSources {
  readonly #scope = new EnvironmentScope()

  /** @internal */
  get graph() {
    return this.#scope.graph
  }

  /**
   * A function that is called again and again (`null`, `undefined` or a `StopSignal` ends it,
   * `IDLE` is "nothing yet"; it may be async), a `SourceFunction`, or a `PartitionedSource`, as a
   * class or an object. Only a `PartitionedSource` can be read again after a failure: what a function had given behind the
   * last checkpoint is lost when the job starts again.
   */
  fromSource<T>(
    fn: (ctx: RuntimeContext) => SourceResult<T>,
    options?: OperatorOptions,
  ): DataStream<T>
  fromSource<T, O = undefined>(
    Class: ClassOf<SourceFunction<T>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<T>
  fromSource<T, O = undefined>(
    Class: ClassOf<PartitionedSource<T, any>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<T>
  fromSource<T>(source: PartitionedSource<T, any>, options?: OperatorOptions): DataStream<T>
  fromSource(source: unknown, ...rest: unknown[]): DataStream<any> {
    return this.#fromGiven('fromSource', source, rest, functionSource)
  }

  /** The elements of an array or another iterable; `null` elements are skipped and counted. */
  fromCollection<T>(items: Iterable<T>, options?: OperatorOptions): DataStream<Present<T>> {
    return this.#add('fromCollection', collectionSource(items), options)
  }

  /** Finite input: an iterable, a generator function, or a `SourceFunction`. */
  fromBatch<T>(items: Iterable<T>, options?: OperatorOptions): DataStream<Present<T>>
  fromBatch<T>(
    fn: () => Iterable<T> | AsyncIterable<T>,
    options?: OperatorOptions,
  ): DataStream<Present<T>>
  fromBatch<T, O = undefined>(
    Class: ClassOf<SourceFunction<T>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<T>
  fromBatch(source: unknown, ...rest: unknown[]): DataStream<any> {
    return this.#fromGiven('fromBatch', source, rest, batchSource)
  }

  /**
   * Files: a path, a glob, or an array of these. Text is UTF-8, and what is none becomes U+FFFD; a byte order mark is dropped;
   * `.gz` is unpacked. Replayable: a job that goes on from a checkpoint reads each record once, in files that are new or have
   * grown (`lines`, `json` and `bytes`, by whole lines), too.
   *
   * A broken line or row is `SAGE_FILE` with path and line, for `errors`. A file that is missing, unreadable, cut off, or another
   * than the one that the job has begun to read is `SAGE_FILE` and ends the job.
   *
   * @throws StreamError `SAGE_OPTION`
   */
  fromFile<const O extends FileSourceOptions & OperatorOptions>(
    paths: string | readonly string[],
    options: O,
  ): DataStream<FileRecord<O>>
  fromFile<T>(
    paths: string | readonly string[],
    options: FileSourceOptions & OperatorOptions,
  ): DataStream<T>
  fromFile(paths: string | readonly string[], given: unknown): DataStream<any> {
    const rules = { format: allowAny, columns: allowAny, header: allowAny, split: allowAny }
    const { name, uid, parallelism, errors, ...file } = operatorOptions('fromFile', given, rules)
    const factory = fileSource(paths, file as unknown as FileSourceOptions)
    return this.#add('fromFile', factory, { name, uid, parallelism, errors }, { paths, ...file })
  }

  /**
   * The elements of what the function returns; it is called where the source runs, and anew when the job resumes: elements that
   * the checkpoint holds are skipped then.
   */
  fromIterable<T>(
    make: () => Iterable<T> | AsyncIterable<T>,
    options?: OperatorOptions,
  ): DataStream<Present<T>> {
    return this.#add('fromIterable', iterableSource(make), options)
  }

  /**
   * The chunks of a Node or web stream that the function returns; it is called where the source
   * runs, and anew when the job resumes. Whatever the new stream gives is read, be it for the second time.
   */
  fromReadable<T = any>(
    make: () => Readable | ReadableStream<T>,
    options?: OperatorOptions,
  ): DataStream<T> {
    return this.#add('fromReadable', readableSource(make), options)
  }

  /** The records `fn(0)` … `fn(count - 1)`, split into ranges. */
  fromGenerator<T>(
    count: number,
    fn: (index: number) => T & Sync<T>,
    options?: OperatorOptions,
  ): DataStream<Present<T>> {
    return this.#add('fromGenerator', generatorSource(count, fn), options, { count })
  }

  /** A stream that the main thread feeds: `push`, `tryPush`, `end`. */
  createStream<T = any>(name: string, options?: InputOptions<Schema<T>>): InputStream<T> {
    requireText(name, 'createStream name')
    const rules = { capacity: requireCapacity, schema: requireSchema, replay: requireBoolean }
    const checked = operatorOptions('createStream', options, rules)
    const schema = checked.schema as Schema<T> | undefined
    const codec = schema?.codec ?? generalCodec
    const capacity = (checked.capacity ?? DEFAULT_CAPACITY) as number
    const replay = checked.replay === true
    const node = this.graph.add({
      kind: 'createStream',
      name,
      uid: checked.uid,
      body: { type: 'input', capacity, codec, replay },
      inputs: [],
      errors: checked.errors,
      options: schema === undefined ? {} : { schema: schema.fbs() },
    })
    const stream: unknown = new FedStream(cursorAt(this.#scope, node, codec), name)
    return stream as InputStream<T>
  }

  /**
   * A stream that is used before it is made: the beginning of a feedback loop. `stream.fillFuture(future)` gives it its
   * records, which may come from itself. A loop ends when its ordinary inputs have ended and nothing circulates in it: no
   * record, no pending promise, no timer of the job's clock. It is as parallel as the stream that fills it, or as
   * `setParallelism` says. Checkpoints hold what circulates.
   *
   * @throws StreamError `SAGE_FUTURE_UNFILLED` at submit, when nothing fills it
   */
  fromFuture<T = any>(name: string): DataStream<T> {
    requireText(name, 'fromFuture name')
    const node = this.graph.add({ kind: 'fromFuture', name, body: { type: 'future' }, inputs: [] })
    const stream: unknown = this.#scope.stream(cursorAt(this.#scope, node, generalCodec))
    return stream as DataStream<T>
  }

  /** `(Class, constructorOptions?, options?)`, or `(anything else, options?)`. */
  #fromGiven(
    kind: string,
    source: unknown,
    rest: readonly unknown[],
    make: (source: unknown, constructorOptions: unknown) => SourceFactory,
  ): DataStream<any> {
    const stand = typeof source === 'function' ? source : () => source
    const { constructorOptions, options } = functionArguments(kind, stand, rest)
    const factory = make(source, constructorOptions)
    const compared =
      isClass(source) && constructorOptions !== undefined ? { constructorOptions } : {}
    return this.#add(kind, factory, options, compared, functionName(source, kind))
  }

  #add(
    kind: string,
    factory: SourceFactory,
    given: unknown,
    compared: Record<string, unknown> = {},
    name = kind,
  ): DataStream<any> {
    const options: CheckedOptions = operatorOptions(kind, given)
    const node = this.graph.add({
      kind,
      name: options.name ?? name,
      uid: options.uid,
      body: { type: 'source', factory },
      inputs: [],
      errors: options.errors,
      parallelism: options.parallelism,
      scales: !factory.single,
      options: compared,
    })
    const stream: unknown = this.#scope.stream(cursorAt(this.#scope, node, generalCodec))
    return stream as DataStream<any>
  }
}
