import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Landscape } from '@headwater/service/landscape'
import { throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { headwater } from '../../packages/cli/src/landscape.fixture.ts'
import { make } from '../../packages/cli/src/workshop.ts'
import { blocksOf, holds, pageOf, save } from '../page.fixture.ts'

/** Where the page's services are put to be run, so that their imports are found; nothing of it is kept. */
const folder = join(import.meta.dirname, '.headwater', 'change-a-published-event')
const blocks = blocksOf(await pageOf('guides/change-a-published-event.md'))
const firstCommand = blocks.findIndex(({ kind }) => kind === 'sh')

let landscape: Landscape
let drop: () => Promise<void>
beforeAll(async () => {
  await rm(folder, { recursive: true, force: true })
  for (const block of blocks.slice(0, firstCommand)) await save(folder, block)
  const services = [(await make(folder, 'orders')).service, (await make(folder, 'labels')).service]
  ;({ landscape, drop } = await throwAwayLandscape(services))
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await vi.waitUntil(async () => (await orders('select from headwater.contract_readers')).length === 1, 20_000)
})
afterAll(async () => {
  await drop?.()
  await rm(folder, { recursive: true, force: true })
  vi.restoreAllMocks()
})

const orders = async (sql: string) => await landscape.services.get('orders')!.query(sql)

async function run(line: string, fails: boolean): Promise<string> {
  const token = await landscape.issuer.sign({
    subject: 'operator',
    scopes: ['events:read', 'explore', 'operate', 'orders:write'],
  })
  const env = { HEADWATER_URL: landscape.url, HEADWATER_TOKEN: token }
  const { code, stdout, stderr } = await headwater(line.replace('npx ', ''), { cwd: folder, env })
  expect([line, code === 0, stdout + stderr]).toEqual([line, !fails, stdout + stderr])
  await landscape.settled()
  return stdout + stderr
}

it('does what it says, line by line', async () => {
  for (const block of blocks.slice(firstCommand)) {
    if (block.kind === 'text') continue
    if (!block.kind.startsWith('sh')) {
      await save(folder, block)
      continue
    }
    let said = ''
    for (const line of block.lines) said += await run(line, block.kind === 'sh fails')
    const next = blocks[block.at + 1]
    if (next?.kind === 'text') holds(said, next)
    // What a check lets pass is deployed.
    if (block.kind === 'sh')
      for (const name of ['orders', 'labels']) await landscape.mount((await make(folder, name)).service)
  }
  expect(await orders('select why from headwater.contract_overrides order by at')).toEqual([
    { why: 'labels reads both names since Monday' },
    { why: 'labels is told: the type goes on 31 January 2030' },
  ])
}, 60_000)
