/**
 * The floors. Imports go down only: examples, bench -> engine -> operators -> codec.
 * Inside `engine` the runtime knows the operator contract and what operators keep per key, not concrete operators.
 * @type {import('dependency-cruiser').IConfiguration}
 */
const floor = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to: { path: to } })

export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^hyparquet/src/types' } },
    floor('codec-is-the-ground', '^codec/', '^(operators|engine|examples|bench)/'),
    floor('operators-stand-on-codec', '^operators/', '^(engine|examples|bench)/'),
    floor('engine-is-used-not-using', '^engine/', '^(examples|bench)/'),
    floor('contract-knows-no-operator', '^operators/contract/', '^operators/(?!contract/)'),
    floor('state-knows-no-operator', '^operators/state/', '^operators/(?!(contract|state)/)'),
    floor('runtime-knows-no-operator', '^engine/(ring|channel|graph|state|checkpoint|task|thread|job|metrics)/', '^operators/(?!(contract|state)/)'),
    floor('ring-is-lowest', '^engine/ring/', '^engine/(?!ring/)'),
    floor('graph-below-channel', '^engine/graph/', '^engine/(channel|task|thread|job|api)/'),
    floor('channel-below-task', '^engine/channel/', '^engine/(task|thread|job|api)/'),
    floor('state-below-task', '^engine/state/', '^engine/(?!state/|ring/)'),
    floor('checkpoint-stands-alone', '^engine/checkpoint/', '^(engine/(?!checkpoint/)|operators/(?!contract/))'),
    floor('checkpoint-beside-graph', '^engine/(graph|channel)/', '^engine/checkpoint/'),
    floor('task-below-thread', '^engine/task/', '^engine/(thread|job|api)/'),
    floor('thread-below-job', '^engine/thread/', '^engine/(job|api)/'),
    floor('job-below-api', '^engine/job/', '^engine/api/'),
    floor('simulation-is-above', '^engine/(?!simulation/)', '^engine/simulation/'),
    floor('bench-kit-is-above', '^engine/(?!bench/)', '^engine/bench/'),
    floor('bench-kit-uses-the-public-surface', '^engine/bench/', '^(operators/|engine/(?!bench/|index\\.ts$))'),
    floor('bench-and-examples-apart', '^examples/', '^bench/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    // Tests may look anywhere.
    exclude: { path: '^dist/|\\.(test|stress|types)\\.ts$|/fixtures/|/e2e/' },
    enhancedResolveOptions: { conditionNames: ['source', 'import', 'node', 'types', 'default'], exportsFields: ['exports'] },
  },
}
