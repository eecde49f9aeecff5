import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { throwAwayDatabase } from '@headwater/testing'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { printed } from './prints.fixture.ts'

const programs = (await readdir(import.meta.dirname)).filter((name) => !/\.(test|fixture)\.ts$/.test(name)).sort()

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
  expect(lines).toEqual(printed(name))
})

it.each(programs)('%s is one page, and imports what anybody may', async (name) => {
  const text = await readFile(join(import.meta.dirname, name), 'utf8')
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
  expect(text).not.toMatch(/from '(\.|@headwater\/[a-z-]+\/(src|test))/)
  expect(text).not.toContain('@headwater/service')
})
