import { type QueueData, RecordQueue } from './record-queue.ts'

/** What a checkpoint keeps of the inputs of one slot. */
interface SlotInputsData {
  readonly ready: readonly QueueData[]
  readonly rounds: readonly (readonly QueueData[])[]
}

/** The records that one slot of `process` holds, input by input. */
export class SlotInputs {
  /** What the next call sees: also what earlier ones have left unread. */
  readonly ready: RecordQueue[]
  /** Where inputs are aligned: what waits, in rounds of which the last one is open. */
  readonly rounds: RecordQueue[][]
  /** How many records have become ready since the last call. */
  fresh = 0
  /** Whether a call is due. */
  due = false

  constructor(ready: RecordQueue[], rounds: RecordQueue[][]) {
    this.ready = ready
    this.rounds = rounds
  }

  static empty(inputs: number): SlotInputs {
    const queue = () => new RecordQueue()
    return new SlotInputs(Array.from({ length: inputs }, queue), lists(inputs))
  }

  get hasReady(): boolean {
    for (const queue of this.ready) if (queue.size > 0) return true
    return false
  }

  get isEmpty(): boolean {
    return !this.hasReady && this.rounds.every((round) => round.every(({ size }) => size === 0))
  }

  /** Where records of an input wait at present. */
  openRound(input: number): RecordQueue {
    const rounds = this.rounds[input]
    if (rounds.length === 0) rounds.push(new RecordQueue())
    return rounds[rounds.length - 1]
  }

  /** What comes through this input belongs to the next round. */
  closeRound(input: number): void {
    this.openRound(input)
    this.rounds[input].push(new RecordQueue())
  }

  toData(): SlotInputsData {
    const data = (queue: RecordQueue): QueueData => queue.toData()
    return { ready: this.ready.map(data), rounds: this.rounds.map((round) => round.map(data)) }
  }

  static of({ ready, rounds }: SlotInputsData): SlotInputs {
    return new SlotInputs(
      ready.map(RecordQueue.of),
      rounds.map((round) => round.map(RecordQueue.of)),
    )
  }
}

function lists(count: number): RecordQueue[][] {
  return Array.from({ length: count }, () => [])
}
