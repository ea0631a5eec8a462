/** Which events match; `docs/patterns.md`. */
import { LocalEnvironment, type Pattern, type PatternStart } from 'sage-stream'

type Find = (p: PatternStart<string>) => Pattern<string, Record<string, string[]>>

const env = new LocalEnvironment('pattern-events', { parallelism: 1 })

/** Prints the matches in letters: `b2` is one of kind `b`. */
function show(name: string, letters: string, find: Find) {
  env
    .fromCollection(letters.split(' '))
    .keyBy(() => 'all')
    .pattern(find)
    .map((match) => Object.values(match).flat().join(' '))
    .print(name)
}

const is = (kind: string) => (letter: string) => letter[0] === kind
const a = (p: PatternStart<string>) => p.begin('a').where(is('a'))

// Between two stages.
show('next', 'a1 b1 a2 x b2', (p) => a(p).next('b').where(is('b')))
show('followedBy', 'a x b1 b2', (p) => a(p).followedBy('b').where(is('b')))
show('followedByAny', 'a x b1 b2', (p) => a(p).followedByAny('b').where(is('b')))

// Between the events of one stage.
const some = (p: PatternStart<string>) => a(p).followedBy('b').where(is('b')).oneOrMore()
show('consecutive', 'a b1 b2 x b3 c', (p) => some(p).consecutive().followedBy('c').where(is('c')))
show('oneOrMore', 'a b1 b2 x b3 c', (p) => some(p).followedBy('c').where(is('c')))
show('allowCombinations', 'a b1 b2 x b3 c', (p) =>
  some(p).allowCombinations().followedBy('c').where(is('c')),
)
show('greedy', 'a b1 b2 x b3 c', (p) => some(p).greedy().followedBy('c').where(is('c')))

// How many.
show('times(2)', 'a1 a2 a3', (p) => a(p).times(2))
show('times(1, 2)', 'a b1 b2 b3', (p) => a(p).next('b').where(is('b')).times(1, 2))
show('optional', 'a1 c1 a2 b c2', (p) =>
  a(p).next('b').where(is('b')).optional().next('c').where(is('c')),
)
show('until', 'a1 a2 x a3', (p) => a(p).oneOrMore().until(is('x')))

// What must not come.
show('notNext', 'a1 b a2 c', (p) =>
  a(p).notNext('not').where(is('b')).followedBy('c').where(is('c')),
)
show('notFollowedBy', 'a1 x b c1 a2 x c2', (p) =>
  a(p).notFollowedBy('not').where(is('b')).followedBy('c').where(is('c')),
)

// What a match forbids to the others.
const run = (p: PatternStart<string>) => p.begin('b').where(is('b')).oneOrMore().consecutive()
const end = (p: PatternStart<string>) => run(p).greedy().next('c').where(is('c'))
show('noSkip', 'b1 b2 b3 c', (p) => end(p))
show('skipToNext', 'b1 b2 b3 c', (p) => run(p).skipToNext())
show('skipPastLastEvent', 'b1 b2 b3 c', (p) => end(p).skipPastLastEvent())
show('skipToFirst', 'b1 b2 b3 c', (p) => end(p).skipToFirst('c'))
show('skipToLast', 'b1 b2 b3 c', (p) => end(p).skipToLast('b'))

await env.submit({ autostop: true })
