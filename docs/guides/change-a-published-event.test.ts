import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Walk, walkThrough } from './walk.fixture.ts'

let guide: Walk
beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined)
  guide = await walkThrough('change-a-published-event', ['orders', 'labels'], ['orders:write'])
  await vi.waitUntil(async () => (await orders('select from headwater.contract_readers')).length === 1, 20_000)
})
afterAll(async () => {
  await guide?.stop()
  vi.restoreAllMocks()
})

const orders = async (sql: string) => await guide.landscape.services.get('orders')!.query(sql)

it('does what it says, line by line, deploying what the check lets pass', async () => {
  await guide.walk(async ({ kind }) => {
    if (kind === 'sh') for (const name of ['orders', 'labels']) await guide.mount(name)
  })
  expect(await orders('select why from headwater.contract_overrides order by at')).toEqual([
    { why: 'labels reads both names since Monday' },
    { why: 'labels is told: the type goes on 31 January 2030' },
  ])
}, 60_000)
