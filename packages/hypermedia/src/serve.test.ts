import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { link, resource, serve, type Caller, type Implementation } from './index.ts'

interface Pot {
  customerId: string
  saved: number
  open: boolean
}

const pot = resource('/pots/{potId}', {
  state: z.object({ customerId: z.string(), saved: z.int(), open: z.boolean() }),
  links: {
    customer: ({ customerId }) => link('customers:customer', { customerId }),
    list: () => link('pots'),
  },
  optionalLinks: { twin: ({ saved }) => (saved > 1000 ? link('pot', { potId: 'twin' }) : undefined) },
  actions: {
    open: { scope: 'pots:write', create: 'server', input: z.object({ customerId: z.string() }) },
    save: {
      scope: 'pots:write',
      title: 'Save money',
      when: ({ open }) => open,
      input: z.object({ amountMinor: z.int().min(1) }),
    },
    close: { scope: 'pots:write', when: ({ open }) => open, ifMatch: 'required' },
  },
})
const pots = resource('/pots{?after}', {
  state: z.object({ count: z.int(), items: z.array(z.object({ potId: z.string(), saved: z.int() })) }),
  show: ({ count }) => ({ count }),
  links: {
    item: ({ items }) =>
      items.map((row) => link('pot', { potId: row.potId }, { embed: { saved: row.saved }, title: row.potId })),
  },
})

const writer: Caller = { subject: 'ada', scopes: ['pots:read', 'pots:write'] }
const reader: Caller = { subject: 'bob', scopes: ['pots:read'] }

/** Pots in memory that keep answers by caller and key, as a store would. */
function potsInMemory() {
  const states = new Map<string, { state: Pot; version: number }>()
  const kept = new Map<
    string,
    { input: string; answer: { status: number; headers: Record<string, string>; body: string } }
  >()
  const empty = { state: { customerId: '', saved: 0, open: false }, version: 0 }
  const next: Record<string, (state: Pot, input: any) => Pot | string> = {
    open: (_, { customerId }) => ({ customerId, saved: 0, open: true }),
    save: (state, { amountMinor }) =>
      amountMinor > 10_000 ? 'too-much' : { ...state, saved: state.saved + amountMinor },
    close: (state) => ({ ...state, open: false }),
  }
  const implementation: Implementation<Pot, '/pots/{potId}'> = {
    read: async ({ potId }) => states.get(potId),
    async act({ action, variables: { potId }, input, caller, idempotencyKey, expected, refusal, answer }) {
      const key = `${caller.subject} ${idempotencyKey}`
      const known = idempotencyKey === undefined ? undefined : kept.get(key)
      if (known !== undefined) return known.input === JSON.stringify(input) ? known.answer : { kind: 'key-reused' }
      const { state, version } = states.get(potId) ?? empty
      const refused = refusal(state, version)
      if (refused === undefined && expected !== undefined && expected !== version)
        return { kind: 'conflict', expected, actual: version }
      const then = refused ?? next[action]!(state, input)
      const given =
        typeof then === 'string'
          ? answer({ kind: 'refused', code: then, sentence: 'Less, please.' })
          : 'kind' in then
            ? answer(then)
            : answer({ kind: 'done', state: then, version: version + 1 })
      if (typeof then === 'object' && !('kind' in then)) states.set(potId, { state: then, version: version + 1 })
      kept.set(key, { input: JSON.stringify(input), answer: given })
      return given
    },
  }
  return { states, implementation }
}

let states: ReturnType<typeof potsInMemory>['states']
let call: (
  method: string,
  path: string,
  options?: { as?: Caller | undefined; body?: unknown; headers?: Record<string, string> },
) => Promise<Response>

beforeEach(() => {
  const memory = potsInMemory()
  states = memory.states
  states.set('p1', { state: { customerId: 'c1', saved: 100, open: true }, version: 3 })
  const handler = serve([pot, pots], {
    service: 'pots',
    basePath: '/pots',
    implementation: {
      pot: memory.implementation,
      pots: {
        read: async () => ({
          state: {
            count: states.size,
            items: [...states].map(([potId, { state }]) => ({ potId, saved: state.saved })),
          },
          version: 9,
        }),
      },
    },
    resolve: (relation) => (relation === 'customers:customer' ? '/customers/customers/{customerId}' : undefined),
    links: { events: { href: '/events', scope: 'events:read' } },
    entry: '/',
  })
  call = (method, path, { as = writer, body, headers = {} } = {}) =>
    handler(
      new Request(`http://bank.test${path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
      as === nobody ? {} : { caller: as },
    )
})
const nobody: Caller = { subject: 'nobody', scopes: [] }

describe('a document', () => {
  it('has its state at top level, with links and the forms that are possible now', async () => {
    const answer = await call('GET', '/pots/pots/p1')
    expect(answer.status).toBe(200)
    expect(answer.headers.get('etag')).toBe('"3"')
    expect(await answer.json()).toEqual({
      customerId: 'c1',
      saved: 100,
      open: true,
      _links: {
        self: { href: '/pots/pots/p1' },
        home: { href: '/pots/' },
        entry: { href: '/' },
        profile: { href: '/pots/rels/pot' },
        customer: { href: '/customers/customers/c1' },
        list: { href: '/pots/pots' },
      },
      _templates: {
        save: {
          title: 'Save money',
          method: 'POST',
          target: '/pots/pots/p1/save',
          contentType: 'application/json',
          properties: [{ name: 'amountMinor', type: 'number', required: true, min: 1, step: 1 }],
        },
        close: {
          method: 'POST',
          target: '/pots/pots/p1/close',
          contentType: 'application/json',
          properties: [],
          ifMatch: true,
        },
      },
    })
  })

  it('shows no form that state or caller do not allow', async () => {
    expect(await (await call('GET', '/pots/pots/p1', { as: reader })).json()).not.toHaveProperty('_templates')
    states.get('p1')!.state.open = false
    expect(await (await call('GET', '/pots/pots/p1')).json()).not.toHaveProperty('_templates')
  })

  it('lists and embeds items, and offers to create one', async () => {
    expect(await (await call('GET', '/pots/pots')).json()).toEqual({
      count: 1,
      _links: expect.objectContaining({ item: [{ href: '/pots/pots/p1', title: 'p1' }] }),
      _embedded: { item: [{ saved: 100, _links: { self: { href: '/pots/pots/p1' } } }] },
      _templates: { 'pot.open': expect.objectContaining({ target: '/pots/pots' }) },
    })
  })

  it('is not sent again to who knows it', async () => {
    const answer = await call('GET', '/pots/pots/p1', { headers: { 'if-none-match': 'W/"2", "3"' } })
    expect([answer.status, await answer.text()]).toEqual([304, ''])
    expect((await call('GET', '/pots/pots/p1', { headers: { 'if-none-match': '"2"' } })).status).toBe(200)
  })
})

describe('an action', () => {
  it('answers with the new state and its version', async () => {
    const answer = await call('POST', '/pots/pots/p1/save', { body: { amountMinor: 50 } })
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"4"'])
    expect(await answer.json()).toMatchObject({ saved: 150, _links: { self: { href: '/pots/pots/p1' } } })
  })

  it('creates what the server names, the same for a repeat', async () => {
    const open = () => call('POST', '/pots/pots', { body: { customerId: 'c2' }, headers: { 'idempotency-key': 'k1' } })
    const [first, second] = [await open(), await open()]
    expect(first.status).toBe(201)
    expect(first.headers.get('location')).toMatch(/^\/pots\/pots\/[0-9a-f-]{36}$/)
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(await second.text()).toBe(await first.text())
    expect(states.size).toBe(2)
  })

  it('gets its first answer again also when it would not be offered any more', async () => {
    const close = () => call('POST', '/pots/pots/p1/close', { headers: { 'idempotency-key': 'k2', 'if-match': '"3"' } })
    const first = await (await close()).text()
    const again = await close()
    expect([again.status, await again.text()]).toEqual([200, first])
  })

  it.each([
    ['without a token', '/save', { as: nobody, body: { amountMinor: 1 } }, 401, 'HW_UNAUTHENTICATED'],
    ['without the scope', '/save', { as: reader, body: { amountMinor: 1 } }, 403, 'HW_FORBIDDEN'],
    ['with a wrong input', '/save', { body: { amountMinor: 'x' } }, 422, 'HW_INPUT_INVALID'],
    [
      'with input it does not take',
      '/close',
      { body: { a: 1 }, headers: { 'if-match': '"3"' } },
      422,
      'HW_INPUT_INVALID',
    ],
    ['that the domain refuses', '/save', { body: { amountMinor: 20_000 } }, 409, 'too-much'],
    [
      'on a stale version',
      '/save',
      { body: { amountMinor: 1 }, headers: { 'if-match': '"2"' } },
      412,
      'HW_VERSION_CONFLICT',
    ],
    [
      'on a tag of nothing',
      '/save',
      { body: { amountMinor: 1 }, headers: { 'if-match': '"x"' } },
      412,
      'HW_VERSION_CONFLICT',
    ],
    ['without saying what was seen', '/close', {}, 428, 'HW_VERSION_REQUIRED'],
    [
      'with a bad key',
      '/save',
      { body: { amountMinor: 1 }, headers: { 'idempotency-key': 'a b' } },
      400,
      'HW_IDEMPOTENCY_KEY_INVALID',
    ],
  ])('%s is a problem', async (_, action, options, status, code) => {
    const answer = await call('POST', `/pots/pots/p1${action}`, options)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({ status, code })
    expect(answer.status).toBe(status)
    expect(states.get('p1')!.version).toBe(3)
  })

  it('is refused where it is not offered', async () => {
    states.get('p1')!.state.open = false
    const answer = await call('POST', '/pots/pots/p1/save', { body: { amountMinor: 1 } })
    expect(await answer.json()).toMatchObject({ status: 409, code: 'HW_NOT_NOW' })
  })

  it('points to what is wrong', async () => {
    const answer = await call('POST', '/pots/pots/p1/save', { body: { amountMinor: 0 } })
    expect((await answer.json()).errors).toEqual([{ pointer: '/amountMinor', detail: expect.stringContaining('>=1') }])
  })

  it('does not take a key twice for different bodies', async () => {
    const save = (amountMinor: number) =>
      call('POST', '/pots/pots/p1/save', { body: { amountMinor }, headers: { 'idempotency-key': 'k3' } })
    await save(1)
    expect(await (await save(2)).json()).toMatchObject({ status: 422, code: 'HW_IDEMPOTENCY_KEY_REUSED' })
  })
})

describe('home', () => {
  it('leads to every resource and to what may be created', async () => {
    const home = await (await call('GET', '/pots/', { as: { ...writer, scopes: ['events:read'] } })).json()
    expect(home._links).toMatchObject({
      pot: { href: '/pots/pots/{potId}', templated: true },
      pots: { href: '/pots/pots{?after}', templated: true },
      events: { href: '/pots/events' },
      'service-desc': { href: '/pots/openapi.json' },
      'service-doc': { href: '/pots/rels' },
    })
    expect((await (await call('GET', '/pots')).json())._links).not.toHaveProperty('events')
  })
})

describe('the rest of HTTP', () => {
  it('knows methods', async () => {
    const answer = await call('PUT', '/pots/pots')
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS'])
    expect((await answer.json()).code).toBe('HW_METHOD_NOT_ALLOWED')
    expect((await call('OPTIONS', '/pots/pots/p1')).headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    const head = await call('HEAD', '/pots/pots/p1')
    expect([head.status, head.headers.get('etag'), await head.text()]).toEqual([200, '"3"', ''])
  })

  it('finds nothing where nothing is', async () => {
    for (const path of [
      '/',
      '/potsy',
      '/pots/x',
      '/pots/pots/',
      '/pots/pots/p1/',
      '/pots/pots/p1/save/x',
      '/pots/pots/%ff',
      '/pots/pots/%00',
      '/pots/pots/a%0d%0ab',
      '/pots/pots/a%22b',
      `/pots/pots/${'x'.repeat(201)}`,
      '/pots/rels/nix',
    ]) {
      expect((await call('GET', path)).status, path).toBe(404)
    }
    expect(await (await call('GET', '/pots/pots/p2')).json()).toMatchObject({ status: 404, code: 'HW_NOT_FOUND' })
    expect(await (await call('GET', '/pots/rels/nix')).json()).toMatchObject({ code: 'HW_NO_SUCH_RELATION' })
  })

  it('speaks the media types it has', async () => {
    const type = async (accept: string) => {
      const answer = await call('GET', '/pots/pots/p1', { headers: { accept } })
      return answer.headers.get('content-type') ?? answer.status
    }
    expect(await type('*/*')).toBe('application/hal+json')
    expect(await type('application/json')).toBe('application/json')
    expect(await type('application/prs.hal-forms+json, application/hal+json;q=0.9')).toBe(
      'application/prs.hal-forms+json',
    )
    expect(await type('text/html,application/xhtml+xml,*/*;q=0.8')).toBe('text/html; charset=utf-8')
    const image = await call('GET', '/pots/pots/p1', { headers: { accept: 'image/png' } })
    expect(await image.json()).toMatchObject({ status: 406, code: 'HW_NOT_ACCEPTABLE' })
  })

  it('links home from every answer', async () => {
    for (const path of ['/pots/', '/pots/pots/p1', '/pots/nix', '/pots/openapi.json', '/pots/rels/pot']) {
      expect((await call('GET', path)).headers.get('link'), path).toContain('</pots/>; rel="home"')
    }
  })
})

it('answers anything with a document or a problem, and never with a mistake of its own', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      'pots',
      'p1',
      'save',
      'close',
      'rels',
      'follow',
      'openapi.json',
      '..',
      '%2e',
      '%',
      '%00',
      '{potId}',
      'customers:customer',
      '',
    ),
    fc.webSegment(),
  )
  const header = fc.oneof(
    fc.constantFrom('"3"', 'W/"3"', '*', '"x"', 'application/json', 'text/html', ';;', 'q=', '"1","2"'),
    fc.stringMatching(/^[\x21-\x7e]{0,20}$/),
  )
  const json = fc.oneof(
    fc.constantFrom('{"amountMinor":1}', '{"customerId":"c"}', '[', 'null', '{"potId":".."}', '"\\u0000"'),
    fc.json(),
  )
  const anything = fc.record({
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY'),
    path: fc.array(piece, { maxLength: 5 }),
    query: fc.webQueryParameters(),
    headers: fc.dictionary(
      fc.constantFrom(
        'accept',
        'if-match',
        'if-none-match',
        'idempotency-key',
        'traceparent',
        'content-type',
        'sec-fetch-site',
      ),
      header,
    ),
    body: json,
  })
  await fc.assert(
    fc.asyncProperty(anything, async ({ method, path, query, headers, body }) => {
      const withBody = method === 'GET' || method === 'HEAD' ? {} : { body }
      const answer = await call(method, `/pots/${path.join('/')}?${query}`, {
        headers: { 'content-type': 'application/json', ...headers },
        ...withBody,
      })
      const text = await answer.text()
      expect(answer.status).toBeLessThan(500)
      expect(answer.headers.get('link')).toContain('rel="home"')
      const isProblem =
        answer.status >= 400 && method !== 'HEAD' && !answer.headers.get('content-type')!.startsWith('text/html')
      expect(isProblem ? JSON.parse(text).status : answer.status).toBe(answer.status)
    }),
    { numRuns: 300 },
  )
})
