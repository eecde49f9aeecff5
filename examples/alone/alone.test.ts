import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { throwAwayDatabase } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'

const like = (pattern: RegExp): string => expect.stringMatching(pattern)

/** What each program prints, whole. */
const prints: Readonly<Record<string, readonly string[]>> = {
  'consumer.ts': ['first start: ada 501, bob 20', 'second start: ada 502, bob 20'],
  'event-store.ts': ['200 500 saved', '409 Save something.', '200 750 saved', 'last changed by save-250'],
  'experiment.ts': [like(/^exposed: (9|10)\d{3} plain, (9|10)\d{3} big$/), like(/^keep: /)],
  'feed.ts': [
    'positions 1 to 3',
    '1 OrderPlaced {"orderId":"1","amountMinor":1250}',
    '3 OrderPlaced {"orderId":"2","amountMinor":900}',
    'conforms: true',
  ],
  'hypermedia.ts': ['Emma is lent to bob · may be lent again: false'],
  'lake.ts': ['then: 2,2150 now: 3,2151', 'the same again: 2,2150'],
  'stats.ts': ['split: fair', like(/^lift: .* valid at every look$/), 'more savings: yes', like(/^a further 2 %: /)],
}
const programs = (await readdir(import.meta.dirname)).filter((name) => !name.endsWith('.test.ts')).sort()

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
beforeAll(async () => {
  database = await throwAwayDatabase()
  vi.stubEnv('DATABASE_URL', database.url)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await database.drop()
})
afterEach(() => vi.restoreAllMocks())

it.each(programs)('%s prints what it is there to show', async (name) => {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((...said: unknown[]) => void lines.push(said.map(String).join(' ')))
  await import(/* @vite-ignore */ join(import.meta.dirname, name))
  expect(lines).toEqual(prints[name])
})

it.each(programs)('%s is one page, and imports what anybody may', async (name) => {
  const text = await readFile(join(import.meta.dirname, name), 'utf8')
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
  expect(text).not.toMatch(/from '(\.|@headwater\/[a-z-]+\/(src|test))/)
  expect(text).not.toContain('@headwater/service')
})
