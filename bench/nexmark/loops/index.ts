import type { MakeLoop } from './loop.ts'
import { loopQ0 } from './q0.ts'
import { loopQ2 } from './q2.ts'
import { loopQ5 } from './q5.ts'
import { loopQ8 } from './q8.ts'
import { loopQ11 } from './q11.ts'
import { loopQ18 } from './q18.ts'

/** The queries that have been written by hand as well, by name. */
export const loops: Readonly<Record<string, MakeLoop>> = {
  q0: loopQ0,
  q2: loopQ2,
  q5: loopQ5,
  q8: loopQ8,
  q11: loopQ11,
  q18: loopQ18,
}
