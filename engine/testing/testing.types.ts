import type { DataStream, LocalEnvironment, PartitionedSource } from '../index.ts'
import { ABORT, END, pause, scriptedSource } from './index.ts'

/** Compile-time checks: the records of a script are typed without its marks. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false
const yes = <T extends true>(): T => true as T

export function scripts(env: LocalEnvironment): void {
  const words = scriptedSource(['a', ABORT, 'b', pause('1s'), END])
  yes<Same<typeof words, PartitionedSource<string, number>>>()
  const script = [{ at: 1 }, END, pause(5)]
  const records = env.fromSource(scriptedSource(script), { name: 'script' })
  yes<Same<typeof records, DataStream<{ at: number }>>>()
  yes<Same<ReturnType<typeof scriptedSource<number>>, PartitionedSource<number, number>>>()
  scriptedSource<number>([1, END])
  const inline = env.fromSource(scriptedSource([1, END, 2]))
  yes<Same<typeof inline, DataStream<number>>>()
}
