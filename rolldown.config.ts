import { defineConfig } from 'rolldown'

/**
 * The published JavaScript: what `tsc` made of the sources, in few files. Every thread of a job imports the package when it
 * starts, and 200 small modules take it several times as long as ten larger ones.
 *
 * Chunks lie beside `engine/job`, so that the path from the thread pool to the worker's entry is the same as
 * in the sources.
 */
export default defineConfig({
  input: Object.fromEntries(
    [
      'codec/index',
      'operators/index',
      'engine/index',
      'engine/testing/index',
      'engine/bench/index',
      'engine/thread/worker-entry',
    ].map((name) => [name, `build/${name}.js`]),
  ),
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('build/'),
  // Without comments, which only cost time to load; but line by line, since Node shows the line that threw.
  output: {
    comments: false,
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    chunkFileNames: 'engine/job/[name]-[hash].js',
  },
})
