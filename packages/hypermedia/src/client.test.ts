import { Client } from 'ketting'
import { beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { enter, RequestFailed } from './client.ts'
import { assertDiscoverable, discover, link, resource, serve, type Handler, type Implementation } from './index.ts'

const customer = resource('/customers/{customerId}', {
  state: z.object({ name: z.string(), potIds: z.array(z.string()) }),
  links: { pot: ({ potIds }) => potIds.map((potId) => link('pots:pot', { potId })), all: () => link('customers') },
  actions: { rename: { scope: 'write', input: z.object({ name: z.string().min(1) }), ifMatch: 'required' } },
})
const customers = resource('/customers{?after}', {
  state: z.object({ ids: z.array(z.string()) }),
  links: { item: ({ ids }) => ids.map((customerId) => link('customer', { customerId })) },
  optionalLinks: { next: ({ ids }) => (ids.length > 1 ? link('customers', { after: ids[0]! }) : undefined) },
})
const pot = resource('/pots/{potId}', {
  state: z.object({ customerId: z.string(), saved: z.int() }),
  links: { customer: ({ customerId }) => link('customers:customer', { customerId }) },
  actions: {
    open: { scope: 'write', create: 'client', input: z.object({ customerId: z.string() }) },
    save: { scope: 'write', input: z.object({ amountMinor: z.int() }), when: ({ saved }) => saved < 1000 },
  },
})
const customersResources = [customer, customers] as const
const potsResources = [pot] as const
type Bank = { customers: typeof customersResources; pots: typeof potsResources }

/** Keeps states in a map; acts by the given functions. */
const inMemory = <State>(
  states: Map<string, { state: State; version: number }>,
  variable: string,
  next: Record<string, (state: State, input: any) => State>,
): Implementation<State, any> => ({
  read: async (variables) => states.get(variables[variable]!),
  async act({ action, variables, input, expected, answer, refusal }) {
    const id = variables[variable]!
    const { state, version } = states.get(id) ?? { state: {} as State, version: 0 }
    const refused = refusal(state, version)
    if (refused !== undefined) return answer(refused)
    if (expected !== undefined && expected !== version) return { kind: 'conflict', expected, actual: version }
    const after = { state: next[action]!(state, input), version: version + 1 }
    states.set(id, after)
    return answer({ kind: 'done', ...after })
  },
})

/** A landscape in memory behind one `fetch`; services can move. */
function landscape() {
  const people = new Map([['c1', { state: { name: 'Ada', potIds: ['p1', 'p2'] }, version: 1 }]])
  const savings = new Map([['p1', { state: { customerId: 'c1', saved: 5 }, version: 2 }]])
  const where = { customers: '/customers', pots: '/pots' }
  const requests: string[] = []
  const tokens: (string | null)[] = []
  const failing: (() => Response | Promise<Response>)[] = []
  const caller = { subject: 'ada', scopes: ['pots:read', 'customers:read', 'write'] }
  let handlers = handlersAt()

  function handlersAt(): Record<string, Handler> {
    const resolve = (relation: string) =>
      relation === 'pots:pot' ? `${where.pots}/pots/{potId}` : `${where.customers}/customers/{customerId}`
    return {
      [where.customers]: serve(customersResources, {
        service: 'customers',
        basePath: where.customers,
        resolve,
        implementation: {
          customer: inMemory(people, 'customerId', { rename: (state, { name }) => ({ ...state, name }) }),
          customers: {
            read: async ({ after }) => ({ state: { ids: [...people.keys()].filter((id) => id > (after ?? '')) } }),
          },
        },
      }),
      [where.pots]: serve(potsResources, {
        service: 'pots',
        basePath: where.pots,
        resolve,
        implementation: {
          pot: inMemory(savings, 'potId', {
            open: (_, { customerId }) => ({ customerId, saved: 0 }),
            save: (state, { amountMinor }) => ({ ...state, saved: state.saved + amountMinor }),
          }),
        },
      }),
    }
  }
  const entry = () => ({
    _links: {
      about: { href: '/' },
      service: Object.entries(where).map(([name, path]) => ({ name, href: `${path}/` })),
    },
  })
  return {
    people,
    savings,
    requests,
    tokens,
    failing,
    move(service: keyof typeof where, path: string) {
      where[service] = path
      handlers = handlersAt()
    },
    async fetch(url: string, init: RequestInit): Promise<Response> {
      const request = new Request(url, init)
      const { pathname } = new URL(url)
      requests.push(`${request.method} ${pathname}`)
      tokens.push(request.headers.get('authorization'))
      const failure = failing.shift()
      if (failure !== undefined) return failure()
      if (pathname === '/') return Response.json(entry())
      const home = Object.keys(handlers).find((path) => pathname.startsWith(`${path}/`))
      return home === undefined
        ? Response.json({ code: 'HW_NOT_FOUND' }, { status: 404 })
        : handlers[home]!(request, { caller })
    },
  }
}

let bank: ReturnType<typeof landscape>
const waits: number[] = []
const arrive = (options = {}) =>
  enter<Bank>('http://bank.test/', {
    fetch: bank.fetch,
    wait: async (ms) => waits.push(ms),
    ...options,
  })

beforeEach(() => {
  bank = landscape()
  waits.length = 0
})

describe('a client', () => {
  it('walks by relation through services, in circles too', async () => {
    const person = await arrive().service('pots').follow('pot', { potId: 'p1' }).follow('customer')
    expect(person.state).toEqual({ name: 'Ada', potIds: ['p1', 'p2'] })
    const back = await person.follow('pot')[0]!
    expect([back.state.saved, back.version, back.url]).toEqual([5, 2, 'http://bank.test/pots/pots/p1'])
    expect((await back.follow('customer').follow('all')).state.ids).toEqual(['c1'])
    expect((await back.home()).state.service).toBe('pots')
  })

  it('lists services, follows the entry’s own links, and names a link’s URL for who wants another face', async () => {
    const client = arrive()
    expect(await client.services()).toEqual([
      { name: 'customers', url: 'http://bank.test/customers/' },
      { name: 'pots', url: 'http://bank.test/pots/' },
    ])
    bank.move('pots', '/elsewhere')
    expect((await client.services())[1]).toEqual({ name: 'pots', url: 'http://bank.test/elsewhere/' })
    expect((await client.follow('about')).url).toBe('http://bank.test/')
    await expect(client.follow('nowhere')).rejects.toMatchObject({ code: 'HW_NO_SUCH_LINK' })
    const home = await client.service('customers')
    expect(home.href('customers', { after: 'c1' })).toBe('http://bank.test/customers/customers?after=c1')
    expect(home.href('nothing')).toBeUndefined()
  })

  it('fetches nothing before it is asked to, and entry and homes once', async () => {
    const { requests } = bank
    const client = arrive()
    const place = client.service('pots').follow('pot', { potId: 'p1' })
    expect(requests).toEqual([])
    await place
    await client.service('pots').follow('pot', { potId: 'p1' })
    expect(requests).toEqual(['GET /', 'GET /pots/', 'GET /pots/pots/p1', 'GET /pots/pots/p1'])
  })

  it('knows that an optional link may be lacking', async () => {
    const list = await arrive().service('customers').follow('customers')
    expect(list.follow('next')).toBeUndefined()
    bank.people.set('c2', { state: { name: 'Bob', potIds: [] }, version: 1 })
    expect((await (await list.refresh()).follow('next'))?.state.ids).toEqual(['c2'])
  })

  it('acts, and goes on from the new state', async () => {
    const one = await arrive().service('pots').follow('pot', { potId: 'p1' })
    expect(one.offers('save')).toBe(true)
    const then = await one.act('save', { amountMinor: 2000 })
    expect([then.state.saved, then.version, then.offers('save')]).toEqual([2005, 3, false])
    await expect(then.act('save', { amountMinor: 1 })).rejects.toMatchObject({ code: 'HW_NOT_OFFERED' })
  })

  it('creates, and goes on to what was created', async () => {
    const opened = await arrive().service('pots').act('pot.open', { potId: 'p9', customerId: 'c1' })
    expect(opened.url).toBe('http://bank.test/pots/pots/p9')
    expect((await opened.act('save', { amountMinor: 3 })).state.saved).toBe(3)
    expect((await opened.follow('customer')).state.name).toBe('Ada')
  })

  it('says which version it saw where the form asks for it', async () => {
    const seen = await arrive().service('customers').follow('customer', { customerId: 'c1' })
    expect((await seen.act('rename', { name: 'Ada L.' })).state.name).toBe('Ada L.')
    const late = seen.act('rename', { name: 'Ada B.' })
    await expect(late).rejects.toBeInstanceOf(RequestFailed)
    await expect(late).rejects.toMatchObject({ status: 412, code: 'HW_VERSION_CONFLICT' })
  })
})

describe('a service that has moved', () => {
  it('is found again from the entry URL, for reading and for acting', async () => {
    const client = arrive()
    const one = await client.service('pots').follow('pot', { potId: 'p1' })
    const person = await one.follow('customer')
    bank.move('pots', '/savings')
    expect((await one.refresh()).url).toBe('http://bank.test/savings/pots/p1')
    expect((await one.act('save', { amountMinor: 1 })).state.saved).toBe(6)
    expect((await person.follow('pot')[0]!).state.saved).toBe(6)
    expect((await client.service('pots').follow('pot', { potId: 'p1' })).url).toBe('http://bank.test/savings/pots/p1')
  })

  it('still has what was created before', async () => {
    const opened = await arrive().service('pots').act('pot.open', { potId: 'p9', customerId: 'c1' })
    bank.move('pots', '/savings')
    expect((await opened.act('save', { amountMinor: 3 })).url).toBe('http://bank.test/savings/pots/p9')
  })

  it('is not mistaken for something that was never there', async () => {
    const lost = arrive().service('pots').follow('pot', { potId: 'nix' })
    await expect(lost).rejects.toMatchObject({ status: 404, code: 'HW_NOT_FOUND' })
    expect(bank.requests.filter((one) => one.endsWith('/nix')).length).toBeLessThanOrEqual(2)
  })

  it('means the same item of a list, not the same place in it', async () => {
    bank.savings.set('p2', { state: { customerId: 'c1', saved: 77 }, version: 1 })
    const person = await arrive().service('customers').follow('customer', { customerId: 'c1' })
    bank.people.set('c1', { state: { name: 'Ada', potIds: ['p2', 'p1'] }, version: 2 })
    bank.move('pots', '/savings')
    expect((await person.follow('pot')[0]!).url).toBe('http://bank.test/savings/pots/p1')
  })
})

describe('a client in bad weather', () => {
  const busy = () => Response.json({ code: 'busy' }, { status: 503, headers: { 'retry-after': '3' } })
  const cut = () => Promise.reject(new TypeError('fetch failed'))

  it('repeats what is safe, with growing pauses, and as told', async () => {
    bank.failing.push(cut, busy)
    expect((await arrive().service('pots')).state.service).toBe('pots')
    expect(waits[0]).toBeGreaterThanOrEqual(50)
    expect(waits[0]).toBeLessThan(150)
    expect(waits[1]).toBe(3000)
  })

  it('gives up with a reason', async () => {
    bank.failing.push(cut, cut, cut)
    await expect(arrive().service('pots')).rejects.toMatchObject({ status: 0, code: 'HW_UNREACHABLE' })
    bank.failing.push(busy)
    await expect(arrive({ retries: 0 }).service('pots')).rejects.toMatchObject({ status: 503, code: 'busy' })
  })

  it('repeats an action under one key', async () => {
    const one = await arrive().service('pots').follow('pot', { potId: 'p1' })
    const keys: (string | null)[] = []
    const noted = async (url: string, init: RequestInit) => {
      keys.push(new Headers(init.headers).get('idempotency-key'))
      return bank.fetch(url, init)
    }
    const same = await arrive({ fetch: noted }).service('pots').follow('pot', { potId: 'p1' })
    keys.length = 0
    bank.failing.push(cut, busy)
    await same.act('save', { amountMinor: 1 })
    expect(keys.length).toBe(3)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect((await one.refresh()).state.saved).toBe(6)
  })

  it('does not wait for ever', async () => {
    const silent = (_: string, { signal }: RequestInit) =>
      new Promise<Response>((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)))
    const waiting = arrive({ fetch: silent, timeoutMs: 5, retries: 0 }).service('pots')
    await expect(waiting).rejects.toMatchObject({ code: 'HW_UNREACHABLE' })
  })

  it('names what stands between when that answers', async () => {
    bank.failing.push(() => new Response('<h1>Bad gateway</h1>', { status: 500 }))
    await expect(arrive().service('pots')).rejects.toMatchObject({ status: 500, code: 'HW_HTTP', message: 'HTTP 500' })
  })

  it('names what it did not find', async () => {
    await expect(arrive().service('cards' as 'pots')).rejects.toMatchObject({ code: 'HW_NO_SUCH_LINK' })
    const lost = arrive()
      .service('pots')
      .follow('nix' as 'pot', { potId: 'p1' })
    await expect(lost).rejects.toThrow('No link nix at http://bank.test/pots/')
  })

  it('takes half an answer for none', async () => {
    bank.failing.push(() => new Response('{"_links":', { headers: { 'content-type': 'application/hal+json' } }))
    await expect(arrive().service('pots')).rejects.toMatchObject({ code: 'HW_UNREACHABLE' })
  })
})

it('shows its token only to the origins that the entry document names', async () => {
  const client = arrive({ token: 'secret' })
  await client.service('pots').follow('pot', { potId: 'p1' })
  expect(new Set(bank.tokens)).toEqual(new Set(['Bearer secret']))
  bank.tokens.length = 0
  const elsewhere = async (url: string, init: RequestInit) => {
    if (url.startsWith('http://evil.test')) {
      bank.tokens.push(new Headers(init.headers).get('authorization'))
      return Response.json({})
    }
    const home = { _links: { self: { href: '/pots/' }, pot: { href: 'http://evil.test/{potId}', templated: true } } }
    return url.endsWith('/pots/') ? Response.json(home) : bank.fetch(url, init)
  }
  bank.tokens.length = 0
  await arrive({ token: 'secret', fetch: elsewhere }).service('pots').follow('pot', { potId: 'x' })
  expect(bank.tokens).toEqual(['Bearer secret', null])
})

describe('ketting', () => {
  const ketting = () => {
    const client = new Client('http://bank.test/')
    client.use((request) => bank.fetch(request.url, request))
    return client
  }

  it('walks it unchanged: services, templates, links of other services, lists', async () => {
    const home = ketting().go('http://bank.test/pots/')
    const pot = await home.follow<{ saved: number }>('pot', { potId: 'p1' })
    expect((await pot.get()).data).toEqual({ customerId: 'c1', saved: 5 })
    const person = await pot.follow<{ name: string }>('customer')
    expect((await person.get()).data.name).toBe('Ada')
    expect((await person.followAll('pot')).map(({ uri }) => uri)).toEqual([
      'http://bank.test/pots/pots/p1',
      'http://bank.test/pots/pots/p2',
    ])
    expect((await ketting().follow('service')).uri).toBe('http://bank.test/customers/')
  })

  it('fills in forms', async () => {
    const state = await ketting().go('http://bank.test/pots/pots/p1').get()
    const save = state.action('save')
    expect(save.field('amountMinor')).toMatchObject({ type: 'number', required: true, step: 1 })
    const done = await save.submit({ amountMinor: 7 })
    expect(done.data).toEqual({ customerId: 'c1', saved: 12 })
    const opened = await (
      await ketting().go('http://bank.test/pots/').get()
    )
      .action('pot.open')
      .submit({ potId: 'p7', customerId: 'c1' })
    expect(opened.data).toEqual({ customerId: 'c1', saved: 0 })
  })
})

describe('the whole graph', () => {
  const options = () => ({ fetch: bank.fetch, variables: { customerId: 'c1' } })

  it('can be discovered from the entry', async () => {
    bank.savings.set('p2', { state: { customerId: 'c1', saved: 1 }, version: 1 })
    const { documents, templates, actions, complete } = await assertDiscoverable('http://bank.test/', options())
    expect(complete).toBe(true)
    expect(await discover('http://bank.test/', { ...options(), limit: 3 })).toMatchObject({ complete: false })
    const paths = documents.map((url) => new URL(url).pathname)
    expect(paths).toEqual(
      expect.arrayContaining(['/', '/pots/', '/customers/customers', '/pots/pots/p2', '/pots/openapi.json']),
    )
    expect(paths).toEqual(expect.arrayContaining(['/pots/rels', '/pots/rels/pot', '/customers/rels/item']))
    expect(templates).toContain('/pots/pots/{potId}')
    expect(actions).toEqual(
      expect.arrayContaining(['/pots/pots', '/pots/pots/p1/save', '/customers/customers/c1/rename']),
    )
  })

  it('has templates that ask for more than is known, and these are not dead', async () => {
    const entry = {
      _links: { search: { href: '/search{?sql}', templated: true }, lost: { href: '/lost{?a}', templated: true } },
    }
    const fetch = async (url: string) => {
      const { pathname } = new URL(url)
      if (pathname === '/') return Response.json(entry)
      return Response.json({ code: 'HW_X' }, { status: pathname === '/search' ? 400 : 404 })
    }
    const { dead, templates } = await discover('http://bank.test/', { fetch })
    expect(templates).toEqual(['/search{?sql}'])
    expect(dead).toMatchObject([{ relation: 'lost', why: '404 HW_X' }])
  })

  it('has each dead link named with where it is', async () => {
    const { dead } = await discover('http://bank.test/', options())
    expect(dead).toEqual([
      {
        from: 'http://bank.test/customers/customers/c1',
        relation: 'pot',
        href: 'http://bank.test/pots/pots/p2',
        why: '404 HW_NOT_FOUND',
      },
    ])
    await expect(assertDiscoverable('http://bank.test/', options())).rejects.toMatchObject({
      code: 'HW_DEAD_LINKS',
      message: expect.stringMatching(/pot of .*\/c1 → .*\/p2: 404/),
    })
  })
})
