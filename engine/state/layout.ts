/**
 * The memory of a job's shared state: a document first. The files beside this one import names, never numbers.
 *
 * One region of shared memory for all stores of a job, allocated before its first thread starts and seen by all of
 * them. A *slot* is a thread's place in it: its index among the job's workers; the coordinator's is the last one.
 *
 * ```
 *   offset   0         4           8
 *            +---------+-----------+---------+------------------------------------------+
 *            | parked  | cancelled | issued  |  unused                                  |  the lock
 *   128      +---------+-----------+---------+------------------------------------------+
 *            | top | limit | table | cells | nextStore | slots | born f64 | unused      |  the heap
 *   256      +--------------------------------------------------------------------------+
 *            | free: the first free block of each order, 32 words                       |
 *   384      +---------------------------------+----------------------------------------+
 *            | choosing | ticket | unused 120  | inUse | unused 124                     |  slot 0
 *            +---------------------------------+----------------------------------------+
 *            | ... 256 bytes a slot                                                     |
 *   heap     +--------------------------------------------------------------------------+
 *            | blocks, from `heapStart(slots)` to `limit`                               |
 *            +--------------------------------------------------------------------------+
 * ```
 *
 * **Words of the lock** (protocol: `shared-lock.ts`). All are used with `Atomics` only.
 *
 *   parked     threads that sleep at a ticket, or died so: more than 0 = a release must notify. Anyone adds.
 *   cancelled  1 = the job has been cancelled: waits become short. Set by the coordinator.
 *   issued     a recent ticket; keeps tickets close to each other. Written while choosing.
 *   choosing   1 = the slot's thread is about to take a ticket. Written by that thread, or by the main thread
 *              once that thread is dead.
 *   ticket     0 = neither waits nor holds. Written as `choosing` is.
 *   inUse      the number cell that the slot's thread works on without the lock, or the last one it did; it is
 *              not used for another number meanwhile. Written as `choosing` is.
 *
 * **Words of the heap** and all of the blocks are read and written by the lock's holder, plainly; taking the lock
 * sees all that the holders before have written. The one exception are number cells.
 *
 *   top        where the part of the heap begins that was never used
 *   limit      the heap's end; written once
 *   table      the table of entries, or 0
 *   cells      number cells without a number
 *   nextStore  the number that the next new store gets; 0 is the directory of stores by name
 *   slots      how many there are; written once
 *   born       counts entries: `keys()` gives them in the order in which they came
 *
 * **Blocks** are 2^order bytes at a multiple of that, order 6 to 30. Their first word is the order.
 *
 * ```
 *   free        order | next
 *   table       order | capacity | used | unused | slots: `capacity` words, each 0, GONE or an entry
 *   entry       order | hash | store | value | born f64 | keyLength | key bytes
 *   bytes       order | BYTES | length | bytes of one value
 *   list        order | LIST | first chunk | last chunk, or one before it
 *   chunk       order | next | used | elements: each a length word, and bytes filled up to whole words
 *   number      order | NUMBER | number f64 | saved f64 | generation | next of `cells`
 * ```
 *
 * A key and a value are bytes of the general codec (`codec/value-format.ts`), each by itself.
 *
 * **Every operation has one store that makes it happen**: of an entry into the table's slot, of a value into its
 * entry, of `used` into a chunk, of a number into its cell. What comes before it, nobody can see; what comes after
 * it frees memory. So a thread that is ended at any point, or throws, leaves at worst memory that nobody uses.
 *
 * **Number cells** are changed without the lock too, by compare-and-swap of their 64 bits, which is how
 * `increment` adds. A cell stays a cell for good, so that `generation` and `number` keep their meaning:
 *
 *   number      the value, or TAKEN: a NaN that no value is stored as. The lock's holder takes a number while
 *               `update` runs, or for good: nobody but it replaces a NaN.
 *   saved       the number that was taken. What finds TAKEN with the lock held goes on with it: the thread that
 *               took it is dead.
 *   generation  grows when the cell loses its key. A thread knows cell and generation of the keys it has met. It
 *               announces the cell (`inUse`), then loads the generation, then swaps. A cell is given to another key
 *               only after its generation has grown and then no `inUse` names it. So either that thread sees
 *               another generation, or the cell is still the key's or nobody's; nobody's is TAKEN.
 */
import { ARENA_BYTES_MAX } from '../ring/arena.ts'
import { LINE_BYTES } from '../ring/layout.ts'

export const PARKED = 0
export const CANCELLED = 4
export const ISSUED = 8

export const TOP = LINE_BYTES
export const LIMIT = LINE_BYTES + 4
export const TABLE = LINE_BYTES + 8
export const CELLS = LINE_BYTES + 12
export const NEXT_STORE = LINE_BYTES + 16
/** The first number that a store gets. */
export const FIRST_STORE = 1
export const SLOTS = LINE_BYTES + 20
export const BORN = LINE_BYTES + 24
export const FREE = 2 * LINE_BYTES

const FIRST_SLOT = 3 * LINE_BYTES
const SLOT_BYTES = 2 * LINE_BYTES

/** Byte offsets within a slot. */
export const CHOOSING = 0
export const TICKET = 4
export const IN_USE = LINE_BYTES

/** The least and the greatest block. */
export const MIN_ORDER = 6
export const MAX_ORDER = 30

/** Byte offsets within blocks. `KIND` is that of a value. */
export const NEXT = 4
export const KIND = 4

export const CAPACITY = 4
export const USED_SLOTS = 8
export const TABLE_SLOTS = 16

export const HASH = 4
export const STORE = 8
export const VALUE = 12
export const ENTRY_BORN = 16
export const KEY_LENGTH = 24
export const KEY_BYTES = 28

export const LENGTH = 8
export const VALUE_BYTES = 12

export const FIRST_CHUNK = 8
export const LAST_CHUNK = 12
export const CHUNK_USED = 8
export const CHUNK_BYTES = 12

export const NUMBER_BITS = 8
export const SAVED = 16
export const GENERATION = 24
export const NEXT_CELL = 28

/** In a table's slot: an entry was here. No block lies at 1. */
export const GONE = 1

/** Kinds of values. */
export const BYTES = 1
export const LIST = 2
export const NUMBER = 3

/** Bits of a number that has been taken from its cell. */
export const TAKEN = 0x7ff8_5a6e_0000_0001n

/** Where the words of a slot lie. */
export function slotOffset(slot: number): number {
  return FIRST_SLOT + slot * SLOT_BYTES
}

/** Where the blocks begin. */
export function heapStart(slots: number): number {
  return slotOffset(slots)
}

/** What to allocate for so many slots and bytes of blocks. */
export function stateBytes(slots: number, heapBytes: number): number {
  return Math.min(heapStart(slots) + heapBytes, ARENA_BYTES_MAX)
}
