import { expect, it } from 'vitest'
import { z } from 'zod'
import { link, resource, serve } from './index.ts'

const pot = resource('/customers/{customerId}/pots/{potId}', {
  title: 'A pot',
  state: z.object({ saved: z.int() }),
  links: { list: (_, { variables: { customerId } }) => link('pots', { customerId }) },
  actions: {
    open: { scope: 'pots:write', create: 'client', input: z.object({ name: z.string() }) },
    take: { scope: 'pots:write', create: 'server', title: 'Take over', input: z.object({ from: z.string() }) },
    save: {
      scope: 'pots:write',
      ifMatch: 'required',
      deprecated: { since: '2026-01-01T00:00:00Z', sunset: '2027-01-01T00:00:00Z', link: 'https://bank.test/why' },
      input: z.object({ amountMinor: z.int() }),
    },
  },
})
const pots = resource('/customers/{customerId}/pots{?after,limit}', {
  scope: 'anyone',
  state: z.strictObject({ ids: z.array(z.string()) }),
  links: {},
})
const implementation = {
  pot: {
    read: async () => ({ state: { saved: 1 }, version: 1 }),
    act: async ({ answer }: any) => answer({ kind: 'done', state: { saved: 2 }, version: 2 }),
  },
  pots: { read: async () => ({ state: { ids: [] } }) },
}
const handler = serve([pot, pots], {
  service: 'pots',
  title: 'Pots',
  version: '1.2.0',
  basePath: '/pots',
  implementation,
})
const caller = { subject: 'ada', scopes: ['pots:read', 'pots:write'] }
const get = async (path: string) => (await handler(new Request(`http://bank.test${path}`), { caller })).json()

it('describes every URL as OpenAPI 3.1', async () => {
  const said = await get('/pots/openapi.json')
  expect(said).toMatchObject({
    openapi: '3.1.0',
    info: { title: 'Pots', version: '1.2.0' },
    servers: [{ url: '/pots' }],
  })
  const operations = Object.entries<any>(said.paths).flatMap(([path, methods]) =>
    Object.entries<any>(methods).map(([method, { operationId }]) => `${operationId}: ${method} ${path}`),
  )
  expect(operations.toSorted()).toEqual([
    'pot.open: post /customers/{customerId}/pots',
    'pot.openAt: post /customers/{customerId}/pots/{potId}/open',
    'pot.save: post /customers/{customerId}/pots/{potId}/save',
    'pot.take: post /customers/{customerId}/pots/take',
    'pot: get /customers/{customerId}/pots/{potId}',
    'pots: get /customers/{customerId}/pots',
  ])
  const save = said.paths['/customers/{customerId}/pots/{potId}/save'].post
  expect(save).toMatchObject({ deprecated: true, security: [{ bearer: ['pots:write'] }] })
  expect(save.parameters.find(({ name }: any) => name === 'If-Match').required).toBe(true)
  const open = said.paths['/customers/{customerId}/pots'].post.requestBody.content['application/json'].schema
  expect(open).toMatchObject({
    required: ['potId', 'name'],
    properties: { potId: { type: 'string' }, name: { type: 'string' } },
  })
  expect(said.paths['/customers/{customerId}/pots'].get.security).toEqual([])
})

it('has no reference that leads nowhere, and each parameter of a path', async () => {
  const said = await get('/pots/openapi.json')
  for (const [, reference] of JSON.stringify(said).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    expect(
      reference!.split('/').reduce((at, key) => at?.[key], said),
      reference,
    ).toBeDefined()
  }
  for (const [path, methods] of Object.entries<any>(said.paths)) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const { parameters } of Object.values<any>(methods)) {
      expect(parameters.filter((one: any) => one.in === 'path').map(({ name }: any) => name)).toEqual(wanted)
    }
  }
})

it('says what a relation means', async () => {
  expect(await get('/pots/rels/pot')).toMatchObject({
    relation: 'pot',
    title: 'A pot',
    path: '/pots/customers/{customerId}/pots/{potId}',
    scope: 'pots:read',
    state: { type: 'object', properties: { saved: { type: 'integer' } } },
    links: ['list'],
    actions: { save: { scope: 'pots:write', ifMatch: 'required', input: { required: ['amountMinor'] } } },
    _links: {
      target: { href: '/pots/customers/{customerId}/pots/{potId}', templated: true },
      home: { href: '/pots/' },
    },
  })
  expect((await get('/pots/rels/list')).usedBy).toEqual(['pot'])
  expect((await get('/pots/rels'))._links.relation.map(({ title }: any) => title)).toEqual(['pot', 'list', 'pots'])
})

it.each(['constructor', 'toString', '__proto__'])('knows no relation that nobody declared: %s', async (name) => {
  expect(await get(`/pots/rels/${name}`)).toMatchObject({ status: 404, code: 'HW_NO_SUCH_RELATION' })
})

it('says in headers what is going away', async () => {
  const answer = await handler(
    new Request('http://bank.test/pots/customers/c/pots/p/save', {
      method: 'POST',
      body: '{"amountMinor":1}',
      headers: { 'content-type': 'application/json', 'if-match': '"1"' },
    }),
    { caller },
  )
  expect(answer.status).toBe(200)
  expect(answer.headers.get('deprecation')).toBe('@1767225600')
  expect(answer.headers.get('sunset')).toBe('Fri, 01 Jan 2027 00:00:00 GMT')
  expect(answer.headers.get('link')).toContain('<https://bank.test/why>; rel="deprecation"')
})
