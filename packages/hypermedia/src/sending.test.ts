import { expect, it } from 'vitest'
import { discover, type DiscoverOptions } from './index.ts'
import { enter } from './client.ts'

const entry = { service: [{ name: 'pots', href: 'http://pots.test/' }] }

/** Documents by URL, and with which token each origin was asked. */
function web(documents: Readonly<Record<string, object>>) {
  const asked: Record<string, string | null> = {}
  const fetch: NonNullable<DiscoverOptions['fetch']> = async (url, init) => {
    asked[new URL(url).host] = new Headers(init.headers).get('authorization')
    return Response.json({ _links: documents[url] ?? {} })
  }
  return { asked, fetch }
}

it('shows its token to the services of the entry document alone, whatever other documents call a service', async () => {
  const { asked, fetch } = web({
    'http://bank.test/': entry,
    'http://pots.test/': {
      home: { href: '/' },
      service: { href: 'http://evil.test/' },
      next: { href: 'http://evil.test/x' },
    },
  })
  await enter<any>('http://bank.test/', { token: 'secret', fetch }).service('pots').follow('next')
  expect(asked).toEqual({ 'bank.test': 'Bearer secret', 'pots.test': 'Bearer secret', 'evil.test': null })
})

it('discovers nothing beyond the services of the entry document', async () => {
  const { asked, fetch } = web({
    'http://bank.test/': entry,
    'http://pots.test/': { home: { href: '/' }, service: { href: 'http://evil.test/' } },
  })
  await discover('http://bank.test/', { token: 'secret', fetch })
  expect(Object.keys(asked)).toEqual(['bank.test', 'pots.test'])
})

/** A door that keeps answers by key and is opened once, by the version that was seen; its answers get lost where the test says so. */
function door() {
  let state = { version: 1, open: false }
  let losing = 0
  let path = '/door'
  const kept = new Map<string, { what: string; status: number }>()
  const sent: string[] = []
  const document = () => ({
    ...state,
    _links: {
      self: { href: `${path}/it` },
      home: { href: `${path}/` },
      service: { name: 'door', href: `${path}/` },
      it: { href: `${path}/it` },
    },
    _templates: {
      ...(!state.open && { open: { method: 'POST', target: `${path}/it/open`, ifMatch: true } }),
      knock: { method: 'POST', target: `${path}/it/knock`, ifMatch: true },
    },
  })
  const answer = (url: string, init: RequestInit): number => {
    const headers = new Headers(init.headers)
    if (!['/', `${path}/`, `${path}/it`, `${path}/it/open`, `${path}/it/knock`].includes(new URL(url).pathname))
      return 404
    if (init.method !== 'POST') return 200
    sent.push(new URL(url).pathname)
    const what = [new URL(url).pathname.split('/').at(-1), headers.get('if-match')].join(' ')
    const first = kept.get(headers.get('idempotency-key')!)
    if (first !== undefined) return first.what === what ? first.status : 422
    const status = headers.get('if-match') === `"${state.version}"` ? 200 : 412
    if (status === 200) state = { version: state.version + 1, open: true }
    kept.set(headers.get('idempotency-key')!, { what, status })
    return status
  }
  return {
    sent,
    kept,
    lose: (answers: number) => (losing = answers),
    move: () => (path = '/gate'),
    change: () => (state = { ...state, version: state.version + 1 }),
    async fetch(url: string, init: RequestInit) {
      const status = answer(url, init)
      if (init.method === 'POST' && losing-- > 0) throw new TypeError('fetch failed')
      return Response.json(document(), { status, headers: { etag: `"${state.version}"` } })
    },
  }
}
const at = (one: ReturnType<typeof door>) =>
  enter<any>('http://door.test/', { fetch: one.fetch, wait: async () => undefined })
    .service('door')
    .follow('it')

it.each(['open', 'knock'])('learns that %s was done when all answers of the first try were lost', async (action) => {
  const one = door()
  const seen = await at(one)
  one.lose(3)
  expect((await seen.act(action, {})).state).toMatchObject({ open: true, version: 2 })
  expect([one.sent.length, one.kept.size]).toEqual([4, 1])
})

it('learns so also where the service has gone meanwhile, and when it asks again later under its own key', async () => {
  const one = door()
  const seen = await at(one)
  one.lose(100)
  await expect(seen.act('open', {}, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'HW_UNREACHABLE' })
  one.lose(0)
  one.move()
  expect((await seen.act('open', {}, { idempotencyKey: 'k' })).state).toMatchObject({ open: true, version: 2 })
  expect(one.sent.at(-1)).toBe('/gate/it/open')
  expect(one.kept.size).toBe(1)
})

it('takes a refusal for an answer: what is asked next under that key is asked of what is there now', async () => {
  const one = door()
  const seen = await at(one)
  one.change()
  await expect(seen.act('knock', {}, { idempotencyKey: 'k' })).rejects.toMatchObject({ status: 412 })
  one.kept.clear()
  expect((await (await seen.refresh()).act('knock', {}, { idempotencyKey: 'k' })).state.version).toBe(3)
})
