import { expect, it } from 'vitest'
import { z } from 'zod'
import { link, resource, serve, type Caller } from './index.ts'

const caller: Caller = { subject: 'ada', scopes: ['w', 'pots:read'] }
const acted: unknown[] = []
const settings = resource('/settings{?customerId}', {
  state: z.object({ mail: z.boolean() }),
  links: { itself: (_, { variables }) => link('settings', variables as { customerId: string }) },
  actions: { change: { scope: 'w', input: z.object({ mail: z.boolean() }) } },
})
const handle = serve([settings], {
  service: 'pots',
  implementation: {
    settings: {
      read: async () => ({ state: { mail: true } }),
      async act({ variables, input, answer }) {
        acted.push({ variables, input })
        return answer({ kind: 'done', state: { mail: false } })
      },
    },
  },
})
const ask = (path: string, init: RequestInit = {}) => handle(new Request(`http://h${path}`, init), { caller })

it('acts on what the query of a resource names', async () => {
  const document = (await (await ask('/settings?customerId=c%261')).json()) as any
  const { target } = document._templates.change
  expect(target).toBe('/settings/change?customerId=c%261')
  const body = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"mail":false}' }
  const answer = await ask(target, body)
  expect(acted).toEqual([{ variables: { customerId: 'c&1' }, input: { mail: false } }])
  expect(answer.headers.get('content-location')).toBe('/settings?customerId=c%261')
  expect(((await answer.json()) as any)._links.self.href).toBe('/settings?customerId=c%261')
  expect((await ask('/settings/change?customerId=%00', body)).status).toBe(400)
})

it('says of an action which query it takes', async () => {
  const { paths } = (await (await ask('/openapi.json')).json()) as any
  expect(paths['/settings/change'].post.parameters).toContainEqual(
    expect.objectContaining({ name: 'customerId', in: 'query' }),
  )
})
