import { readFile } from 'node:fs/promises'
import { type ThrowAwayLandscape, throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { decider, events, type InlineProjection, resource, service, type WindDown } from './index.ts'
import type { Landscape } from './landscape.ts'

const tabs = events('tabs', {
  Drunk: { data: z.object({ amountMinor: z.int() }), level: 'published' },
  Settled: { data: z.object({ amountMinor: z.int() }) },
})
const tab = decider('tab', tabs, {
  commands: { drink: z.object({ amountMinor: z.int() }), settle: z.object({}) },
  initialState: () => ({ owedMinor: 0 }),
  decide: {
    drink: (cmd) => [tabs.Drunk(cmd)],
    settle: (_, { owedMinor }) => (owedMinor === 0 ? [] : [tabs.Settled({ amountMinor: owedMinor })]),
  },
  evolve: {
    Drunk: ({ owedMinor }, { amountMinor }) => ({ owedMinor: owedMinor + amountMinor }),
    Settled: () => ({ owedMinor: 0 }),
  },
})
const owed: InlineProjection = {
  name: 'owed',
  decider: tab,
  rows: (_, { id, state }) => [{ key: id, value: state.owedMinor }],
}
const tabsResources = [
  resource('/tabs/{tabId}', tab, {
    links: {},
    actions: { drink: { scope: 'tabs:write', create: 'client' }, settle: { scope: 'tabs:write' } },
  }),
] as const

/** What a person would see to in between: who cannot settle, who drinks just before it closes. */
const trouble = { broke: new Set<string>(), latecomer: async () => {} }
const settling: WindDown = {
  title: 'settles every tab',
  left: async ({ rows }) => (await rows<number>('owed', {})).filter(({ value }) => value > 0).length,
  async act({ rows, enter }) {
    const bar = enter<{ tabs: typeof tabsResources }>().service('tabs')
    for (const { key, value } of await rows<number>('owed', {})) {
      if (value === 0) continue
      if (trouble.broke.has(key)) throw new Error(`${key} has no money.`)
      await bar.follow('tab', { tabId: key }).act('settle', {})
    }
    await trouble.latecomer()
  },
}

let landscape: Landscape
let place: ThrowAwayLandscape
beforeAll(async () => {
  const bar = service('tabs', {
    facts: tabs,
    resources: tabsResources,
    projections: [owed],
    scopes: ['tabs:read', 'tabs:write'],
    windDown: settling,
  })
  place = await throwAwayLandscape([bar])
  landscape = place.landscape
})
afterAll(() => place?.drop())

async function call(path: string, { method = 'GET', body }: { method?: string; body?: unknown } = {}) {
  const token = await landscape.issuer.sign({
    subject: 'ada',
    scopes: ['tabs:read', 'tabs:write', 'operate', 'events:read'],
  })
  const response = await landscape.handle(
    new Request(new URL(path, landscape.url), {
      method,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
  return { status: response.status, body: (await response.json().catch(() => undefined)) as any }
}
const drink = (tabId: string) => call(`/tabs/tabs/${tabId}/drink`, { method: 'POST', body: { amountMinor: 500 } })

it('says what it would settle, and goes no further than it can', async () => {
  for (const tabId of ['ann', 'bob', 'cyd']) await drink(tabId)
  expect((await call('/removals/tabs')).body.windDown).toEqual({ title: 'settles every tab', left: 3 })
  trouble.broke.add('bob')
  const refused = await call('/removals/tabs', { method: 'POST' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'HW_NOT_WOUND_DOWN' } })
  expect(refused.body.detail).toContain('bob has no money')
  expect((await call('/removals/tabs')).body.windDown.left).toBe(2)
  expect((await call('/tabs/tabs/bob')).status).toBe(200)
})

it('stays while somebody elsewhere declares that he reads it', async () => {
  await call('/tabs/contract/readers/watching', { method: 'PUT', body: { reads: { Drunk: ['/amountMinor'] } } })
  const refused = await call('/removals/tabs', { method: 'POST' })
  expect(refused).toMatchObject({ status: 409, body: { code: 'HW_STILL_READ' } })
  expect(refused.body.readers).toEqual([{ service: 'ada', consumer: 'watching' }])
  await call('/tabs/contract/readers/ada/watching', { method: 'DELETE' })
  expect((await call('/removals/tabs')).body.readers).toEqual([])
})

it('goes on where it stopped, settles what came in between, and leaves only an archive that holds all of it', async () => {
  trouble.broke.clear()
  let late = 1
  trouble.latecomer = async () => {
    if (late-- > 0) await drink('dan')
  }
  const { status, body } = await call('/removals/tabs', { method: 'POST' })
  expect([status, body.left]).toEqual([200, []])
  const lines = (await readFile(body.archive.path, 'utf8')).trimEnd().split('\n')
  const kept = lines.map((line) => JSON.parse(line) as { type: string; data: any })
  expect(kept.filter(({ type }) => type === 'Settled')).toHaveLength(4)
  const asked = kept.filter(({ type, data }) => type === 'RequestReceived' && data.action === 'settle')
  expect(asked.map(({ data }) => data.caller)).toEqual(['tabs', 'tabs', 'tabs', 'tabs'])
  expect((await call('/removals/tabs')).status).toBe(404)
})
