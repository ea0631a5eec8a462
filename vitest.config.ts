import { defineConfig } from 'vitest/config'

// Tests run on the sources: `sage-stream` resolves to them through the package's own `source`
// condition, here and (by execArgv, which worker threads inherit) in every worker that a job starts.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['{codec,operators,engine,examples,bench}/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=source'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    typecheck: { enabled: false },
  },
})
