import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,sim,test,tools,bench,examples}/**/*.test.ts'],
    // Real processes, certificates and files: a test that hangs says so, and none is judged by its time.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
