import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { blocksOf, pageOf, save } from '../page.fixture.ts'

const shelf = join(import.meta.dirname, '.headwater', 'test-a-service')
const blocks = blocksOf(await pageOf('guides/test-a-service.md'))
for (const block of blocks) await save(shelf, block)
afterAll(() => rm(shelf, { recursive: true, force: true }))

const files = blocks.map(({ lines }) => lines[0]!.replace('// ', ''))
const vitest = files.filter((file) => file.endsWith('.test.ts'))

it('has tests of each kind', () => {
  expect(vitest).toHaveLength(4)
})

// The page's own tests become tests of this run.
for (const file of vitest) describe(file, async () => void (await import(/* @vite-ignore */ join(shelf, file))))

it('runs under node:test', async () => {
  const [file = ''] = files.filter((one) => one.endsWith('.spec.ts'))
  const args = ['--conditions=source', '--import', import.meta.resolve('tsx'), '--test', join(shelf, file)]
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  expect(stdout).toMatch(/pass 1\n[^]*fail 0/)
})
