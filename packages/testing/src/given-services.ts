import { deepStrictEqual, fail } from 'node:assert/strict'
import type { Event } from '@headwater/contract'
import { openEvents, rebuild, sealEvents } from '@headwater/event-store'
import type { Service } from '@headwater/service'
import type { Landscape, Running } from '@headwater/service/landscape'
import { throwAwayLandscape } from './throw-away-landscape.ts'

/** What happened before: events by stream, `accounts/account-a1`. */
export type Happened = Readonly<Record<string, readonly Event[]>>

export interface ServicesWorld {
  /** The clock of all services; default 2026-01-01T00:00:00Z, standing still. */
  readonly now?: Date
  /** Who asks; default `tester`. */
  readonly caller?: string
  /** Rights of the caller; default: to read and write each of the services. */
  readonly scopes?: readonly string[]
}

export interface GivenServices {
  readonly landscape: Landscape
  /** Sends an action to a path, `/accounts/accounts/a1/close`, over HTTP, and waits until all that follows has happened. */
  when(path: string, input: object, options?: { readonly key?: string }): ServicesWhen
  /** Stops the services and removes all they kept. */
  stop(): Promise<void>
}

/** Each is a promise: `await bank.when(…).then(…)`. */
export interface ServicesWhen {
  /** Exactly these events happen, requests aside: service by service as they were given, each in the order of its log. */
  then(...events: readonly Event[]): Promise<void>
  /** The domain refuses with this code; what happened elsewhere is not looked at. */
  refused(code: string): Promise<void>
  /** What the answer shows, links and forms aside. */
  state(expected: object): Promise<void>
}

/**
 * The words of `given`, for services that run: one alone over HTTP, or a whole bank with all that follows in other services. Each call
 * has databases of its own on the test server.
 * @example
 * const bank = await givenServices([accounts, payments], { 'accounts/account-a1': [accountFacts.AccountOpened(…)] })
 * await bank.when('/accounts/accounts/a1/close', { reason: 'moving' }).then(accountFacts.AccountClosed(…))
 */
export async function givenServices(
  services: readonly Service[],
  happened: Happened = {},
  world: ServicesWorld = {},
): Promise<GivenServices> {
  const { now = new Date('2026-01-01T00:00:00Z'), caller = 'tester' } = world
  const { landscape, drop } = await throwAwayLandscape(services, { now: () => now.getTime() })
  for (const [stream, events] of Object.entries(happened)) await make(landscape, stream, events)
  await landscape.settled()
  const scopes = world.scopes ?? services.flatMap(({ name }) => [`${name}:read`, `${name}:write`])
  return {
    landscape,
    when: (path, input, { key } = {}) => outcomes(answered(path, input, key)),
    stop: drop,
  }

  async function answered(path: string, input: object, key?: string): Promise<Answered> {
    const before = await landscape.settled()
    // The token is checked by real time, whatever the services take it to be.
    const token = await landscape.issuer.sign({ subject: caller, scopes })
    const answer = await fetch(new URL(path, landscape.url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify(input),
    })
    const body = (await answer.json()) as Record<string, unknown>
    await landscape.settled()
    const since = await Promise.all(
      services.map(({ name }) => eventsAfter(landscape.services.get(name)!, before[name] ?? 0)),
    )
    return { status: answer.status, body, events: since.flat() }
  }
}

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly events: readonly Event[]
}

async function make(landscape: Landscape, place: string, events: readonly Event[]): Promise<void> {
  const [name = '', stream = ''] = place.split('/')
  const running = landscape.services.get(name)
  if (running === undefined || stream === '')
    fail(`Expected streams like accounts/account-a1 of the services given, got "${place}".`)
  const { store, keys, service } = running
  const sealed = await sealEvents(keys, service.facts, events)
  const result = await store.append({
    streams: [{ stream, expected: 0, events: sealed }],
    meta: { correlationId: 'given', causationId: 'given' },
  })
  if (result.kind !== 'appended') fail(`Expected ${place} to be new, got ${result.kind}.`)
  // What was not decided has no rows yet.
  for (const one of service.projections ?? []) await rebuild(store, one)
}

async function eventsAfter({ store, keys, service }: Running, position: number): Promise<Event[]> {
  const events = []
  for await (const event of store.log.read({ after: position }))
    if (event.type !== 'RequestReceived') events.push(event)
  return (await openEvents(keys, service.facts, events)).map(({ type, data }) => ({ type, data }))
}

function outcomes(answered: Promise<Answered>): ServicesWhen {
  // Whoever looks is told; nobody has to.
  answered.catch(() => undefined)
  return {
    async then(...expected) {
      const { status, body, events } = await answered
      if (status >= 400) fail(`Expected events, got ${said(status, body)}`)
      deepStrictEqual(events.map(plain), expected.map(plain))
    },
    async refused(code) {
      const { status, body, events } = await answered
      if (status < 400)
        fail(`Expected the refusal ${code}, got ${events.map(({ type }) => type).join(', ') || 'nothing'}.`)
      deepStrictEqual(body.code, code)
    },
    async state(expected) {
      const { status, body } = await answered
      if (status >= 400) fail(`Expected a state, got ${said(status, body)}`)
      const { _links, _templates, _embedded, ...shown } = body
      deepStrictEqual(shown, expected)
    },
  }
}

const plain = ({ type, data }: Event) => ({ type, data })

const said = (status: number, { code = '', detail = '' }: Record<string, unknown>) =>
  `${status} ${String(code)} ${String(detail)}`.trim()
