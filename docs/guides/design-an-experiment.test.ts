import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { headwater, landscapeFolder, type Process, start } from '../../packages/cli/src/landscape.fixture.ts'
import { type Block, blocksOf, holds, pageOf, save } from '../page.fixture.ts'

const blocks = blocksOf(await pageOf('guides/design-an-experiment.md'))

let folder: string
let remove: () => Promise<void>
let server: Awaited<ReturnType<typeof throwAwayServer>>
let dev: Process
beforeAll(async () => {
  server = await throwAwayServer()
  ;({ folder, remove } = await landscapeFolder())
  const keeping = `import { experiments } from '@headwater/experiments'\nexport default experiments({ startAtOnce: true })`
  await save(folder, { kind: 'ts', lines: ['// src/experiments/service.ts', keeping], at: 0 })
  // Also the service of the last section: what is there from the start is found once, and not waited for again.
  for (const block of blocks.filter(({ kind }) => kind === 'ts')) await save(folder, block)
  dev = start(['dev', folder, '--port', '0', '--name', server.name], folder, { DATABASE_URL: server.url })
  await dev.says('Try next')
}, 60_000)
afterAll(async () => {
  dev?.kill('SIGTERM')
  await dev?.ended
  await server?.drop()
  await remove?.()
}, 60_000)

async function run({ kind, lines }: Block): Promise<string> {
  let said = ''
  for (const line of lines) {
    const { code, stdout, stderr } = await headwater(line.replace('npx ', ''), { cwd: folder })
    expect([line, code === 0, stdout + stderr]).toEqual([line, kind !== 'sh fails', stdout + stderr])
    said += stdout + stderr
  }
  return said
}

it('does what it says, line by line', async () => {
  for (const block of blocks.filter(({ kind }) => kind !== 'text')) {
    const next = blocks[block.at + 1]
    const shown = async () => {
      const said = await run(block)
      if (next?.kind === 'text') holds(said, next)
    }
    if (block.kind === 'sh eventually') await vi.waitFor(shown, { timeout: 30_000, interval: 300 })
    else if (block.kind.startsWith('sh')) await shown()
    else if (block.kind === 'diff') {
      await save(folder, block)
      await dev.says('replaced library')
    }
  }
}, 120_000)
