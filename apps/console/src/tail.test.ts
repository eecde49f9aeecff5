import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Tail } from './app/events/tail.ts'
import { type Stage, stage } from './landscape.fixture.ts'
import { tail, type Told } from './tail.ts'

const event = (position: number) => ({
  id: `e${position}`,
  type: 'Rose',
  subject: 'river-nile',
  position,
  recordedtime: new Date(1_700_000_000_000 + position).toISOString(),
  data: { position },
})
const page = (from: number, to: number): Told => ({
  kind: 'page',
  service: 'rivers',
  from,
  to,
  events: Array.from({ length: to - from + 1 }, (_, index) => event(from + index)),
})

describe('the list', () => {
  it('says which positions leave while it is held, so that none is missing', () => {
    const tail = new Tail(new URLSearchParams())
    tail.hold(true)
    for (let from = 1; from < 5_000; from += 100) tail.take(page(from, from + 99))
    tail.take({ kind: 'skipped', service: 'rivers', from: 5_001, to: 9_000 })
    expect(tail.shown().entries).toEqual([])
    tail.hold(false)
    const { entries, listed, passedOver } = tail.shown()
    const covered = entries.flatMap((entry) =>
      entry.kind === 'event'
        ? [entry.event.position]
        : Array.from({ length: entry.to - entry.from + 1 }, (_, index) => entry.from + index),
    )
    expect(covered.sort((a, b) => a - b)).toEqual(Array.from({ length: 9_000 }, (_, index) => index + 1))
    expect(listed + passedOver).toBe(9_000)
  })

  it('shows an event that came again once', () => {
    const tail = new Tail(new URLSearchParams())
    tail.take(page(1, 10))
    tail.hold(true)
    tail.hold(false)
    tail.take(page(5, 12))
    tail.hold(true)
    tail.hold(false)
    expect(tail.shown().entries.map((entry) => entry.key)).toEqual(
      Array.from({ length: 12 }, (_, index) => `rivers/${12 - index}`),
    )
  })
})

describe('a page that does not read', () => {
  afterEach(() => vi.useRealTimers())

  it('is not read for, and is told what it missed once it does', async () => {
    vi.useFakeTimers()
    let end = 0
    let reads = 0
    const answer = (url: URL): unknown => {
      if (url.pathname === '/') return { _links: { service: [{ name: 'rivers', href: '/rivers/' }] } }
      if (url.pathname === '/rivers/') return { _links: { log: { href: '/rivers/log' } } }
      end += 1_000
      const after = url.searchParams.get('after')!
      if (after === 'end') return { from: end + 1, to: end, cursor: String(end), atEnd: true, events: [] }
      reads += 1
      const to = Number(after) + 100
      return { from: Number(after) + 1, to, cursor: String(to), atEnd: false, events: [event(to)] }
    }
    const fetch = async (url: URL | string) => Response.json(answer(new URL(url)))
    const away = new AbortController()
    const asked = new Request('http://127.0.0.1/tail', { signal: away.signal })
    const { body } = tail(asked, { entry: 'http://127.0.0.1/', fetch: fetch as typeof globalThis.fetch })
    await vi.advanceTimersByTimeAsync(120_000)
    const before = reads
    expect(before).toBeLessThan(20)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(reads).toBe(before)
    const page = body!.getReader()
    for (let piece = 0; piece < 40; piece++) {
      await page.read()
      await vi.advanceTimersByTimeAsync(300)
    }
    expect(reads).toBeGreaterThan(before)
    away.abort()
  })
})

describe('the stream', () => {
  let on: Stage
  beforeAll(async () => {
    on = await stage({ of: [], files: async () => new Map() })
  }, 60_000)
  afterAll(() => on?.stop())

  /** Reads a tail until a position was spoken of; then hangs up. */
  async function told(query: string, until: number, cursor?: string): Promise<{ told: Told[]; cursor: string }> {
    const away = new AbortController()
    const entered = await on.console.handle(
      new Request(on.console.link(), { headers: { host: new URL(on.origin).host } }),
    )
    const cookie = entered.headers.get('set-cookie')!.split(';')[0]!
    const headers = { cookie, ...(cursor !== undefined && { 'last-event-id': cursor }) }
    const answer = await fetch(`${on.origin}/tail?${query}`, { headers, signal: away.signal })
    const all: Told[] = []
    let id = ''
    let rest = ''
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (data === undefined) continue
        id = /^id: (.*)$/m.exec(block)?.[1] ?? id
        const one = JSON.parse(data) as Told
        if (one.kind === 'page' || one.kind === 'skipped') all.push(one)
        if ('to' in one && one.to >= until) {
          away.abort()
          return { told: all, cursor: id }
        }
      }
    }
    throw new Error('The stream ended before it spoke of what was asked.')
  }

  /** Every position from the first it spoke of, in order, each once. */
  function joins(all: readonly Told[]): { from: number; to: number; events: number; passedOver: number } {
    const ranges = all.filter((one) => one.kind === 'page' || one.kind === 'skipped')
    for (let at = 1; at < ranges.length; at++) expect(ranges[at]!.from).toBe(ranges[at - 1]!.to + 1)
    const pages = ranges.filter((one) => one.kind === 'page')
    for (const { from, to, events } of pages)
      expect(events.map((one) => (one as { position: number }).position)).toEqual(
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      )
    const events = pages.reduce((sum, one) => sum + one.events.length, 0)
    const [from, to] = [ranges[0]!.from, ranges.at(-1)!.to]
    return { from, to, events, passedOver: to - from + 1 - events }
  }

  async function append(count: number): Promise<number> {
    const { store } = on.landscape.services.get('greetings')!
    const events = Array.from({ length: count }, (_, index) => ({ type: 'Greeted', data: { customerId: `c${index}` } }))
    const meta = { correlationId: 'flood', causationId: 'flood' }
    for (let at = 0; at < count; at += 1_000)
      await store.append({
        streams: [{ stream: 'greeting-flood', expected: 'any', events: events.slice(at, at + 1_000) }],
        meta,
      })
    return await store.log.last()
  }

  it('shows all of what a page can show, and passes over nothing', async () => {
    const before = await on.landscape.services.get('greetings')!.store.log.last()
    const last = await append(60)
    const { told: all } = await told('service=greetings', last)
    const { to, passedOver } = joins(all)
    // Its allocation may be adopted meanwhile: an event of its own.
    expect(to).toBeGreaterThanOrEqual(before + 60)
    expect(passedOver).toBe(0)
  })

  it('says what it passes over of a flood, and goes on behind it after the connection is lost', async () => {
    const first = await told('service=greetings', await append(1))
    const last = await append(20_000)
    const second = await told('service=greetings', last, first.cursor)
    expect(joins([...first.told, ...second.told]).to).toBeGreaterThanOrEqual(last)
    const { events, passedOver } = joins(second.told)
    expect(events).toBeGreaterThan(90)
    expect(passedOver).toBeGreaterThan(15_000)
  })
})
