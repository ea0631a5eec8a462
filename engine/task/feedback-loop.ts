import type { OutputPort } from '../channel/output-port.ts'
import type { LoopMember } from './loop-member.ts'
import { LOOP_STAGE } from './loop-words.ts'
import type { TaskInput } from './task-input.ts'

/**
 * One subtask's part in a feedback loop: how it comes to its end, and how a checkpoint holds it in its stage.
 *
 * It ends twice. Once its ordinary inputs have ended and nothing circulates, the end of input passes through its operators;
 * what they emit then circulates, as late records. Once nothing does any more, the loop is over. `LoopMember` says how its
 * subtasks tell.
 */
export class FeedbackLoop {
  readonly member: LoopMember
  /** Whether it begins here: all records have come round. */
  readonly begins: boolean
  /** Those that lead to other tasks of the loop. */
  readonly #outputs: readonly OutputPort[]
  #late = false
  /** Where it begins: the checkpoint that holds it in its stage; 0: none. */
  #announced = 0

  constructor(member: LoopMember, inputs: readonly TaskInput[], outputs: readonly OutputPort[]) {
    this.member = member
    this.begins = inputs.length > 0 && inputs.every(({ loop }) => loop === 'round')
    this.#outputs = outputs
  }

  /** Whether all operators have had the end of their input, and what still circulates is late. */
  get late(): boolean {
    return this.#late
  }

  /** Whether it has begun to end, by now. */
  get ends(): boolean {
    return this.member.words.stage !== LOOP_STAGE.running
  }

  /** Whether its end was to be passed through the operators when the step at hand began. */
  get ended(): boolean {
    return this.member.stage !== LOOP_STAGE.running
  }

  /** Whether it has begun to end while a batch was looked for that has come round: its end comes before that. */
  get turns(): boolean {
    return !this.#late && this.member.turned
  }

  /** Whether a checkpoint holds it in its stage from here. */
  get held(): boolean {
    return this.#announced !== 0
  }

  /** Whether nothing comes through an input before this task has had the end of its own. */
  isOver({ channel, loop }: TaskInput): boolean {
    if (loop === undefined) return channel.ended
    const { stage } = this.member
    if (this.#late) return stage === LOOP_STAGE.over
    return loop === 'round'
      ? stage !== LOOP_STAGE.running
      : channel.watermark === Number.POSITIVE_INFINITY
  }

  /** The operators have had the end of their input: what that has emitted may come round. */
  beginLate(): void {
    for (const output of this.#outputs) output.endTime()
    this.#late = true
  }

  /** A checkpoint comes: where the loop begins, it stays in its stage until `letGo`. */
  hold(epoch: number): void {
    if (!this.begins) return
    if (this.#announced === 0) this.member.words.hold()
    this.#announced = epoch
  }

  /** The checkpoint has been here, or was given up. True when it was the one that held the loop. */
  letGo(epoch: number): boolean {
    if (epoch !== this.#announced || epoch === 0) return false
    this.#announced = 0
    this.member.words.letGo()
    return true
  }
}
