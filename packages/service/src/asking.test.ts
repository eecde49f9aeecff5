import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { askingAs } from './asking.ts'
import { listen, type Listening } from './listener.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const asking = (inside: (request: Request) => Promise<Response>) =>
  askingAs(
    {
      origin: 'http://127.0.0.1:4000',
      trusted: new Set(),
      inside,
      issuer: { name: 'test', keys: { keys: [] }, sign: async () => 'token' },
      now: Date.now,
    },
    { subject: 'reader', scopes: [] },
  )

it('lets who gives up go at once, also after a garbage collection has come by', async () => {
  let told: (() => void) | undefined
  const asked = new Promise<void>((done) => (told = done))
  let insideToo = false
  const ask = asking((request) => {
    // As a waiting feed does: it keeps the signal and not the request.
    request.signal.addEventListener('abort', () => (insideToo = true))
    told!()
    return new Promise(() => undefined)
  })
  const giving = new AbortController()
  const answer = ask('http://127.0.0.1:4000/pots/events?wait=30', { signal: AbortSignal.any([giving.signal]) })
  await asked
  await new Promise((turn) => setImmediate(turn))
  for (let round = 0; round < 3; round++) {
    collectGarbage()
    await new Promise((turn) => setImmediate(turn))
  }
  giving.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
  expect(insideToo).toBe(true)
})

it('lets a stream know that its reader gave up, also after a garbage collection has come by', async () => {
  const gaveUp = new Promise<void>((heard) => {
    const ask = asking(async ({ signal }) => {
      signal.addEventListener('abort', () => heard())
      return new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
    })
    void readUntilGivenUp(ask)
  })
  await gaveUp
})

async function readUntilGivenUp(ask: typeof fetch): Promise<void> {
  const giving = new AbortController()
  const answer = await ask('http://127.0.0.1:4000/pots/live', { signal: AbortSignal.any([giving.signal]) })
  const reader = answer.body!.getReader()
  const next = reader.read()
  for (let round = 0; round < 3; round++) {
    await new Promise((turn) => setImmediate(turn))
    collectGarbage()
  }
  giving.abort()
  await expect(next).rejects.toThrow(/aborted/)
}

const origin = 'http://127.0.0.1:4000'

it('ends the reading of an answer whose rest never comes when its reader gives up', async () => {
  const ask = asking(async () => new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })))
  const giving = new AbortController()
  const answer = await ask(`${origin}/pots/1`, { signal: giving.signal })
  const text = answer.text()
  giving.abort(new Error('enough'))
  await expect(text).rejects.toThrow('enough')
})

describe('follows redirects as it would over a socket', () => {
  const asked: string[] = []
  const answers: Readonly<Record<string, () => Response>> = {
    '/once': () => new Response('passed over', { status: 307, headers: { location: '/there' } }),
    '/done': () => new Response(null, { status: 303, headers: { location: '/there' } }),
    '/away': () => new Response(null, { status: 302, headers: { location: foreign.origin } }),
    '/round': () => new Response(null, { status: 308, headers: { location: '/round' } }),
    '/there': () => new Response('here'),
  }
  const ask = asking(async (request) => {
    const { pathname } = new URL(request.url)
    asked.push(`${request.method} ${pathname} ${request.headers.get('authorization')} ${await request.text()}`.trim())
    return answers[pathname]!()
  })
  let foreign: Listening
  const shown: (string | null)[] = []
  beforeAll(async () => {
    foreign = await listen(async ({ headers }) => {
      shown.push(headers.get('authorization'))
      return new Response('elsewhere')
    }, {})
  })
  afterAll(() => foreign.close(0))
  beforeEach(() => void (asked.length = 0))

  it.each([
    ['GET', '/once', ['GET /once Bearer token', 'GET /there Bearer token']],
    ['POST', '/once', ['POST /once Bearer token {}', 'POST /there Bearer token {}']],
    ['POST', '/done', ['POST /done Bearer token {}', 'GET /there Bearer token']],
  ])('%s %s', async (method, path, expected) => {
    const answer = await ask(`${origin}${path}`, { method, body: method === 'POST' ? '{}' : null })
    expect([await answer.text(), answer.url, answer.redirected]).toEqual(['here', `${origin}/there`, true])
    expect(asked).toEqual(expected)
  })

  it('elsewhere, without the token', async () => {
    expect(await (await ask(`${origin}/away`)).text()).toBe('elsewhere')
    expect(shown).toEqual([null])
  })

  it('not for ever, and not where the asker follows none', async () => {
    await expect(ask(`${origin}/round`)).rejects.toThrow('fetch failed')
    await expect(ask(`${origin}/once`, { redirect: 'error' })).rejects.toThrow('fetch failed')
    expect((await ask(`${origin}/once`, { redirect: 'manual' })).status).toBe(307)
  })
})
