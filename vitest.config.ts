import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Tests run the source of every package; nothing has to be built first. The global set-up knows no conditions, hence the alias.
  resolve: {
    conditions: ['source'],
    alias: [{ find: /^@headwater\/(postgres)$/, replacement: `${import.meta.dirname}/packages/$1/src/index.ts` }],
  },
  ssr: { resolve: { conditions: ['source'], externalConditions: ['source'] } },
  test: {
    include: [
      'packages/**/*.test.ts',
      'apps/**/*.test.ts',
      'scripts/**/*.test.ts',
      'docs/**/*.test.ts',
      'spec/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    // Of more files at a time the landscapes would want more connections, and the brokers more memory, than there are.
    maxWorkers: Math.max(1, Math.min(4, availableParallelism() - 1)),
    globalSetup: ['packages/testing/src/vitest-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
