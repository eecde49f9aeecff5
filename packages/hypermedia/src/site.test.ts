import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { link, problem, resource, serve, type Caller, type Implementation } from './index.ts'

const state = z.object({ owner: z.string() })
const ada: Caller = { subject: 'ada', scopes: ['pots:read', 'w'] }
const owned = async () => ({ state: { owner: 'ada' }, version: 1 })
const implementation: Implementation<{ owner: string }, any> = {
  read: owned,
  act: async ({ answer, refusal, variables }) =>
    answer(refusal({ owner: 'ada' }, 1) ?? { kind: 'done', state: { owner: String(variables['potId']) }, version: 1 }),
}
const declare = (path: string, more: object = {}) => resource(path, { state, links: {}, ...more }) as any
const start = (resources: any[], more: object = {}) => {
  const names = Object.fromEntries(resources.map(({ name }) => [name, implementation]))
  const handler = serve(resources, { service: 'pots', implementation: names, ...more })
  return (method: string, path: string, { as = ada as Caller | undefined, body = undefined as unknown } = {}) =>
    handler(
      new Request(`http://bank.test${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
      as === undefined ? {} : { caller: as },
    )
}
const open = { scope: 'w', create: 'server' }

describe('a declaration', () => {
  it.each<[string, () => unknown]>([
    ['HW_NAME_TAKEN', () => start([declare('/a/{potId}'), declare('/b/{potId}')])],
    ['HW_ROUTE_CLASH', () => start([declare('/a/{potId}'), declare('/a/{cardId}')])],
    [
      'HW_ROUTE_CLASH',
      () =>
        start([
          declare('/a/{potId}', { actions: { save: { scope: 'w' } } }),
          declare('/a/{potId}/save/{saveId}', { actions: { open } }),
        ]),
    ],
    ['HW_ROUTE_CLASH', () => start([declare('/rels')])],
    ['HW_RELATION_RESERVED', () => start([declare('/a', { links: { home: () => link('a') } })])],
    ['HW_NOT_IMPLEMENTED', () => serve([declare('/a')], { service: 'pots', implementation: {} })],
    [
      'HW_NOT_IMPLEMENTED',
      () =>
        serve([declare('/a', { actions: { do: { scope: 'w' } } })], {
          service: 'pots',
          implementation: { a: { read: owned } },
        }),
    ],
    ['HW_NOWHERE_TO_CREATE', () => start([declare('/a/{aId}/b/{bId}', { actions: { open } })])],
    ['HW_BASE_PATH', () => start([declare('/a')], { basePath: '/pots/' })],
    ['HW_PATH_TEMPLATE', () => start([declare('/a/{+b}')])],
    [
      'HW_SCHEMA_NOT_JSON',
      () =>
        start([
          declare('/a', {
            actions: {
              do: { scope: 'w', input: { '~standard': { vendor: 'x', version: 1, validate: () => ({ value: 1 }) } } },
            },
          }),
        ]),
    ],
  ])('is refused at once: %s', (code, starting) => {
    expect(starting).toThrow(expect.objectContaining({ code }))
  })

  it('offers what creates where such things are listed, else above, else at home', async () => {
    const card = declare('/people/{personId}/cards/{cardId}', { actions: { order: { ...open, create: 'client' } } })
    const listed = start([declare('/people/{personId}'), declare('/people/{personId}/cards'), card])
    const target = '/people/ada/cards'
    const forms = async (call: typeof listed, path: string) => (await (await call('GET', path)).json())._templates ?? {}
    expect(await forms(listed, '/people/ada/cards')).toMatchObject({
      'card.order': { target, properties: [{ name: 'cardId' }] },
    })
    expect(await forms(listed, '/people/ada')).toEqual({})
    expect(await forms(start([declare('/people/{personId}'), card]), '/people/ada')).toMatchObject({
      'card.order': { target },
    })
    const created = await listed('POST', target, { body: { cardId: 'c 1' } })
    expect([created.status, created.headers.get('location')]).toEqual([201, '/people/ada/cards/c%201'])
    const atHome = start([declare('/pots/{potId}', { actions: { open, adopt: open } })])
    expect(await forms(atHome, '/')).toMatchObject({
      'pot.open': { target: '/pots' },
      'pot.adopt': { target: '/pots/adopt' },
    })
    expect((await atHome('POST', '/pots/p1/open')).status).toBe(404)
    expect((await atHome('POST', '/pots/adopt')).headers.get('location')).toMatch(/^\/pots\/[0-9a-f-]{36}$/)
  })

  it.each([undefined, 7, '', '..', null, 'a\nb', 'x'.repeat(201), '"', '\\'])(
    'lets nobody name a new one %s',
    async (potId) => {
      const call = start([declare('/pots/{potId}', { actions: { open: { ...open, create: 'client' } } })])
      const answer = await call('POST', '/pots', { body: { potId } })
      expect(await answer.json()).toMatchObject({ status: 422, errors: [{ pointer: '/potId' }] })
    },
  )
})

describe('who may see what', () => {
  it('is nobody by default, by the service’s own scope', async () => {
    const call = start([declare('/a'), declare('/open', { scope: 'anyone' }), declare('/secret', { scope: 'top' })])
    const status = async (path: string, as?: Caller) => (await call('GET', path, { as })).status
    expect(await Promise.all([status('/a'), status('/open'), status('/secret')])).toEqual([200, 200, 403])
    const nobody = async (path: string) => {
      const names = Object.fromEntries(['a', 'open', 'secret'].map((name) => [name, implementation]))
      const all = [declare('/a'), declare('/open', { scope: 'anyone' }), declare('/secret', { scope: 'top' })]
      return serve(all, { service: 'pots', implementation: names })(new Request(`http://bank.test${path}`), {})
    }
    expect((await Promise.all(['/a', '/open', '/secret'].map(nobody))).map(({ status }) => status)).toEqual([
      401, 200, 401,
    ])
    expect((await nobody('/a')).headers.get('www-authenticate')).toBe('Bearer realm="pots"')
  })

  it('can depend on state: what is not theirs is not there, for reading and acting', async () => {
    const mine = ({ owner }: { owner: string }, { caller }: { caller?: Caller }) => owner === caller?.subject
    const call = start([declare('/pots/{potId}', { visible: mine, actions: { save: { scope: 'w' } } })])
    const bob = { ...ada, subject: 'bob' }
    expect((await call('GET', '/pots/1')).status).toBe(200)
    expect(await (await call('GET', '/pots/1', { as: bob })).json()).toMatchObject({
      status: 404,
      code: 'HW_NOT_FOUND',
    })
    expect((await call('POST', '/pots/1/save')).status).toBe(200)
    expect(await (await call('POST', '/pots/1/save', { as: bob })).json()).toMatchObject({
      status: 404,
      code: 'HW_NOT_FOUND',
    })
  })
})

describe('what was acted on', () => {
  const visible = ({ owner }: { owner: string }, { caller }: { caller?: Caller }) => owner === caller?.subject
  const actions = { open: { scope: 'w', create: 'client' }, give: { scope: 'w' } }
  const pot = declare('/pots/{potId}', { visible, actions })
  const owner: Record<string, string> = {}
  const act: NonNullable<Implementation['act']> = async ({ action, variables, caller, refusal, answer }) => {
    const id = variables['potId']!
    const state = { owner: owner[id] ?? '' }
    const refused = refusal(state, id in owner ? 1 : 0)
    if (refused !== undefined) return answer(refused)
    owner[id] = action === 'give' ? 'bob' : caller.subject
    return answer({ kind: 'done', state: { owner: owner[id] }, version: 1 })
  }
  const call = async (path: string, as: Caller, body: object) => {
    const handler = serve([pot], { service: 'pots', implementation: { pot: { read: owned, act } } })
    const headers = { 'content-type': 'application/json' }
    const request = new Request(`http://bank.test${path}`, { method: 'POST', body: JSON.stringify(body), headers })
    const answer = await handler(request, { caller: as })
    return { status: answer.status, ...(await answer.json()) }
  }

  it('is shown only to who may see it: not another’s that was there already, not what was given away', async () => {
    const bob = { ...ada, subject: 'bob' }
    expect(await call('/pots', ada, { potId: 'p1' })).toMatchObject({ status: 201, owner: 'ada' })
    // Else who names what is another's would have acted on it.
    expect(await call('/pots', bob, { potId: 'p1' })).toMatchObject({ status: 404, code: 'HW_NOT_FOUND' })
    expect(owner['p1']).toBe('ada')
    expect(await call('/pots/p1/give', bob, {})).toMatchObject({ status: 404, code: 'HW_NOT_FOUND' })
    expect(await call('/pots/p1/give', ada, {})).toEqual({ status: 200, _links: { home: { href: '/' } } })
    expect(owner['p1']).toBe('bob')
  })
})

it('takes an empty field of a query for one left out', async () => {
  const seen: unknown[] = []
  const read = async (variables: unknown) => (seen.push({ ...(variables as object) }), { state: { owner: '' } })
  const handler = serve([declare('/pots{?after,limit}')], { service: 'pots', implementation: { pots: { read } } })
  await handler(new Request('http://bank.test/pots?after=&limit=7&other=1'), { caller: ada })
  expect(seen).toEqual([{ limit: '7' }])
})

it('does not pass on what no store can keep', async () => {
  const call = start([declare('/pots{?after}')])
  expect(await (await call('GET', '/pots?after=%00')).json()).toMatchObject({
    status: 400,
    code: 'HW_PARAMETER_INVALID',
  })
})

describe('a link to another service', () => {
  const drawer = declare('/drawers/{drawerId}', {
    links: { shelf: () => link('shelves:shelf', { shelfId: 'é/1', after: 3 }) },
    actions: { push: { scope: 'w' } },
  })
  const shelfOf = async (answer: Response) => (await answer.json())._links.shelf.href

  it('is made from the template that was found, at once or after a look', async () => {
    const template = '/shelves/x/{shelfId}{?after}'
    for (const resolve of [() => template, async () => template]) {
      expect(await shelfOf(await start([drawer], { resolve })('GET', '/drawers/1'))).toBe(
        '/shelves/x/%C3%A9%2F1?after=3',
      )
    }
  })

  it('is never lacking: it looks again when it is followed', async () => {
    let template: string | undefined
    for (const resolve of [async () => template, () => template]) {
      template = undefined
      const call = start([drawer], { resolve, basePath: '/d' })
      for (const [method, path] of [
        ['GET', '/d/drawers/1'],
        ['POST', '/d/drawers/1/push'],
      ] as const) {
        expect(await shelfOf(await call(method, path))).toBe('/d/follow/shelves:shelf?shelfId=%C3%A9%2F1&after=3')
      }
      const lost = await call('GET', '/d/follow/shelves:shelf?shelfId=1')
      expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '2'])
      expect((await lost.json()).code).toBe('HW_NOT_FOUND_NOW')
      template = 'http://shelves.test/{shelfId}'
      const found = await call('GET', '/d/follow/shelves:shelf?shelfId=%C3%A9%2F1')
      expect([found.status, found.headers.get('location')]).toEqual([307, 'http://shelves.test/%C3%A9%2F1'])
    }
  })

  it('does not fall over when looking fails', async () => {
    const call = start([drawer], { resolve: () => Promise.reject(new Error('down')), onError: () => undefined })
    expect(await shelfOf(await call('GET', '/drawers/1'))).toContain('/follow/shelves:shelf')
  })

  it('is looked up for relations alone', async () => {
    const resolve = vi.fn<() => undefined>()
    const call = start([drawer], { resolve })
    for (const path of ['/follow/nix', '/follow/a:b%2Fc', '/follow/:b', '/follow/__proto__']) {
      expect((await call('GET', path)).status, path).toBe(404)
    }
    expect(resolve).not.toHaveBeenCalled()
  })
})

describe('an implementation that throws', () => {
  it('is reported to the host; the caller learns nothing of it', async () => {
    const onError = vi.fn<(error: unknown, request: Request) => void>()
    const secret = new Error('password=hunter2')
    const handler = serve([declare('/a')], {
      service: 'pots',
      onError,
      implementation: { a: { read: () => Promise.reject(secret) } },
    })
    const answer = await handler(new Request('http://bank.test/a'), { caller: ada })
    const text = await answer.text()
    expect([answer.status, JSON.parse(text).code]).toEqual([500, 'HW_INTERNAL'])
    expect(text).not.toContain('hunter2')
    expect(onError).toHaveBeenCalledExactlyOnceWith(secret, expect.any(Request))
  })

  it('is as wrong as a link that leads to no resource', async () => {
    const onError = vi.fn<(error: unknown, request: Request) => void>()
    const lost = declare('/a', { links: { next: () => link('nix') } })
    expect((await start([lost], { onError })('GET', '/a')).status).toBe(500)
    expect(onError.mock.calls[0]![0]).toMatchObject({ code: 'HW_NO_SUCH_RESOURCE' })
  })

  it('may throw a problem of its own', async () => {
    const busy = () => Promise.reject(problem(503, { code: 'HW_BUSY', headers: { 'retry-after': '1' } }))
    const handler = serve([declare('/a')], { service: 'pots', implementation: { a: { read: busy } } })
    const answer = await handler(new Request('http://bank.test/a'), { caller: ada })
    expect([answer.status, answer.headers.get('retry-after'), (await answer.json()).code]).toEqual([
      503,
      '1',
      'HW_BUSY',
    ])
  })
})
