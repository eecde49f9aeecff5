import { readFileSync } from 'node:fs'
import { contractOf, events } from '@headwater/contract'
import { feed, memoryLog } from '@headwater/feed'
import { expect, it } from 'vitest'
import { z } from 'zod'

const page = readFileSync(new URL('read-a-feed-by-hand.md', import.meta.url), 'utf8')
const exchanges = [
  ...page.matchAll(/```\n\$ curl '?http:\/\/localhost:4000([^\s']*)'?( -H '([^:]+): ([^']+)')?\n([\s\S]*?)```/g),
]

const contract = contractOf(
  events('pots', {
    PotOpened: { data: z.any(), level: 'published' },
    Saved: { data: z.any(), level: 'published' },
    LimitChecked: { data: z.any() },
  }),
)
const log = memoryLog('pots', () => new Date('2027-01-31T12:00:00Z'))
const row = (n: number, type: string, data: string) => ({
  id: `e${n}`,
  stream: 'pot-1',
  correlationId: 'r1',
  causationId: 'r1',
  type,
  data,
})
log.append(
  row(1, 'PotOpened', '{"customerId":"c1"}'),
  row(2, 'LimitChecked', '{}'),
  row(3, 'Saved', '{"amountMinor":1250}'),
  row(4, 'Saved', '{"amountMinor":700}'),
  row(5, 'LimitChecked', '{}'),
)
const named = { ...log, lineage: async () => [{ log: '6f1c2c1e-5a0e-4d8a-9f43-0d1f5b1c7a10' }] }
const serve = feed({ log: named, contract, basePath: '/pots/events', homePath: '/pots/', open: true })

it('shows what a feed really answers', async () => {
  expect(exchanges).toHaveLength(5)
  for (const [, path, , name, value, answer] of exchanges) {
    const headers = name === undefined ? {} : { [name]: value! }
    const response = await serve(new Request(`http://localhost:4000${path}`, { headers }))
    expect((await response.text()).trimEnd(), path).toBe(answer!.trimEnd())
  }
})
