import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { headwater, landscapeFolder, type Process, start } from '../packages/cli/src/landscape.fixture.ts'
import { type Block, blocksOf, holds, pageOf, save } from './page.fixture.ts'

let folder: string
let remove: () => Promise<void>
let server: Awaited<ReturnType<typeof throwAwayServer>>
let bank: Process
let manifest: { scripts: Record<string, string> }

beforeAll(async () => {
  manifest = JSON.parse(await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8'))
  server = await throwAwayServer()
  ;({ folder, remove } = await landscapeFolder('apps/bank/src'))
})
afterAll(async () => {
  bank?.kill('SIGTERM')
  await bank?.ended
  await server?.drop()
  await remove?.()
}, 60_000)

const page = await pageOf('tutorial.md')
const blocks = blocksOf(page)

/** Address of the cheer that the reader made, as the answer says it. */
let cheer = ''

/** What a line printed on both streams, and how it ended. */
async function run(typed: string): Promise<{ code: number; said: string }> {
  const line = typed.replaceAll('$CHEER', cheer)
  if (line === 'CHEER=/cheers/cheers/…') return { code: cheer === '' ? 1 : 0, said: '' }
  if (line === 'npm ci' || line.startsWith('cd ')) return { code: 0, said: '' }
  if (line === 'npm start') {
    expect(manifest.scripts.start).toBe('node scripts/start.mjs')
    bank = start(['dev', folder, '--port', '0', '--name', server.name], folder, { DATABASE_URL: server.url })
    return { code: 0, said: await bank.says('Try next') }
  }
  const command = /^npx (headwater .*)$/.exec(line)?.[1]
  if (command === undefined) throw new Error(`The tutorial has a line that its test cannot run: ${line}`)
  const { code, stdout, stderr } = await headwater(command, { cwd: folder })
  cheer ||= /"href": "(?:https?:\/\/[^/"]+)?(\/cheers\/cheers\/[^/"{]+)"/.exec(stdout)?.[1] ?? ''
  return { code, said: stdout + stderr }
}

async function runAll({ kind, lines }: Block): Promise<string> {
  let said = ''
  for (const line of lines) {
    const answered = await run(line)
    expect([line, answered.code === 0, answered.said]).toEqual([line, kind !== 'sh fails', answered.said])
    said += answered.said
  }
  return said
}

it('is short', () => {
  expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(250)
})

it('does what it says, line by line', async () => {
  for (const block of blocks.filter(({ kind }) => kind !== 'text')) {
    const next = blocks[block.at + 1]
    const shown = next?.kind === 'text' ? next : undefined
    if (!block.kind.startsWith('sh')) {
      await save(folder, block)
      if (block.kind === 'diff') await bank.says('replaced cheers')
    } else if (block.kind === 'sh eventually')
      await vi.waitFor(async () => holds(await runAll(block), shown!), { timeout: 45_000, interval: 500 })
    else {
      const said = await runAll(block)
      if (shown !== undefined) holds(said, shown)
    }
  }
}, 240_000)
