import { type ThrowAwayLandscape, throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { action, decider, events, refuse, service, view } from './index.ts'

const facts = events('rooms', { Booked: { data: z.object({ guest: z.string() }) }, Left: { data: z.object({}) } })
const room = decider('room', facts, {
  commands: { book: z.object({ guest: z.string() }), leave: z.object({}) },
  initialState: () => ({ guest: '' }),
  decide: {
    book(cmd, { guest }) {
      if (guest === cmd.guest) return []
      return guest === '' ? [facts.Booked(cmd)] : refuse('taken', 'Somebody else has it.')
    },
    leave: () => [facts.Left({})],
  },
  evolve: { Booked: (_, { guest }) => ({ guest }), Left: () => ({ guest: '' }) },
})
/** Bookings that the desk went on with. */
const confirmed: string[] = []
const desk = view('/desk', async () => ({ open: true }), {
  links: {},
  actions: {
    book: action({
      scope: 'w',
      input: z.object({ roomId: z.string(), guest: z.string() }),
      async act({ roomId, guest }, { run }) {
        const booked = await run(room.book, roomId, { guest })
        if (booked.kind === 'refused') return refuse(booked.code, booked.sentence)
        confirmed.push(roomId)
        return { headers: { 'set-cookie': `room=${roomId}; Path=/rooms` } }
      },
    }),
  },
})

/** Guests, last key first. */
const guests = view(
  '/guests{?after,limit}',
  async ({ after, limit }, { rows }) => ({
    keys: (
      await rows('guests', {
        prefix: 'g/',
        newestFirst: true,
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit: Number(limit) }),
      })
    ).map(({ key }) => key),
  }),
  { links: {} },
)

let place: ThrowAwayLandscape
beforeAll(async () => {
  place = await throwAwayLandscape([service('rooms', { facts, resources: [desk, guests] })])
})
afterAll(() => place?.drop())

async function ask(path: string, body?: object, headers: Record<string, string> = {}) {
  const { landscape } = place
  const authorization = `Bearer ${await landscape.issuer.sign({ subject: 'ada', scopes: ['w', 'rooms:read'] })}`
  const said = { authorization, 'content-type': 'application/json', ...headers }
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const answer = await landscape.handle(new Request(new URL(path, landscape.url), { ...init, headers: said }))
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : text }
}
const guestOf = async (roomId: string) => (await place.landscape.services.get('rooms')!.load(room, roomId)).guest

it('acts once for a key, and does nothing for another request under it', async () => {
  const key = { 'idempotency-key': 'one' }
  const booking = { roomId: 'r1', guest: 'ada' }
  for (let time = 0; time < 2; time++) expect((await ask('/rooms/desk/book', booking, key)).status).toBe(200)
  const events = await place.landscape.services.get('rooms')!.store.read('room-r1')
  expect(events).toHaveLength(1)
  confirmed.length = 0
  for (const other of [
    { roomId: 'r2', guest: 'ada' },
    { roomId: 'r1', guest: 'bob' },
  ])
    expect(await ask('/rooms/desk/book', other, key)).toMatchObject({
      status: 422,
      body: { code: 'HW_IDEMPOTENCY_KEY_REUSED' },
    })
  expect([await guestOf('r1'), await guestOf('r2'), confirmed]).toEqual(['ada', '', []])
})

it('keeps what it asks of a decider as a request, whole, which the events point to', async () => {
  await ask('/rooms/desk/book', { roomId: 'r5', guest: 'ada' }, { 'idempotency-key': 'kept' })
  const { store } = place.landscape.services.get('rooms')!
  const [booked] = await store.read('room-r5')
  const [request] = await store.read(`request-${booked!.causationId}`)
  expect(request).toMatchObject({
    type: 'RequestReceived',
    id: booked!.causationId,
    position: booked!.position + 1,
    correlationId: booked!.correlationId,
    data: { caller: 'ada', target: 'room/r5', action: 'book', input: { guest: 'ada' } },
  })
})

it('keeps what the domain refused, and refuses it to a repeat, whatever happened since', async () => {
  const { store, run } = place.landscape.services.get('rooms')!
  await run(room.book, 'r6', { guest: 'bob' }, 'c1')
  const asked = () => ask('/rooms/desk/book', { roomId: 'r6', guest: 'ada' }, { 'idempotency-key': 'late' })
  const refused = await asked()
  expect(refused).toMatchObject({ status: 409, body: { code: 'taken', detail: 'Somebody else has it.' } })
  const [request] = await store.log.rows({ after: (await store.log.last()) - 1, limit: 1 })
  expect([request!.type, JSON.parse(request!.data)]).toMatchObject([
    'RequestReceived',
    { caller: 'ada', target: 'room/r6', refused: 'taken', input: { guest: 'ada' } },
  ])
  await run(room.leave, 'r6', {}, 'c2')
  expect(await asked()).toMatchObject({ status: 409, body: refused.body })
  expect(await guestOf('r6')).toBe('')
})

it('goes on with what was done for the first of two repeats, whatever happened since', async () => {
  const { run } = place.landscape.services.get('rooms')!
  const asked = () => ask('/rooms/desk/book', { roomId: 'r7', guest: 'ada' }, { 'idempotency-key': 'twice' })
  await asked()
  await run(room.leave, 'r7', {}, 'c3')
  await run(room.book, 'r7', { guest: 'bob' }, 'c4')
  confirmed.length = 0
  expect((await asked()).status).toBe(200)
  expect([await guestOf('r7'), confirmed]).toEqual(['bob', ['r7']])
})

it('does nothing for whoever names a version of what has none', async () => {
  for (const tag of ['"1"', 'W/"x"']) {
    const answer = await ask('/rooms/desk/book', { roomId: 'r3', guest: 'ada' }, { 'if-match': tag })
    expect(answer).toMatchObject({ status: 412, body: { code: 'HW_VERSION_CONFLICT' } })
  }
  expect(await guestOf('r3')).toBe('')
  expect((await ask('/rooms/desk/book', { roomId: 'r3', guest: 'ada' }, { 'if-match': '*' })).status).toBe(200)
})

it('gives a browser without scripts what a program gets beside the document', async () => {
  const booking = { roomId: 'r4', guest: 'ada' }
  const program = await ask('/rooms/desk/book', booking)
  expect(program.headers.get('set-cookie')).toBe('room=r4; Path=/rooms')
  const { status, headers } = await ask('/rooms/desk/book', booking, { accept: 'text/html' })
  expect([status, headers.get('location'), headers.get('etag')]).toEqual([303, '/rooms/desk', null])
  expect(headers.get('set-cookie')).toBe('room=r4; Path=/rooms')
})

it('reads rows in pages from either end, and fails rather than leave some out', async () => {
  const { query } = place.landscape.services.get('rooms')!
  const add = (from: number, to: number) =>
    query(
      `insert into headwater.row select 'guests', 1, 'g/' || to_char(n, 'FM00000'), '1' from generate_series($1::int, $2::int) n`,
      [from, to],
    )
  await add(1, 10_000)
  expect((await ask('/rooms/guests')).body.keys).toHaveLength(10_000)
  expect((await ask('/rooms/guests?limit=2')).body.keys).toEqual(['g/10000', 'g/09999'])
  expect((await ask('/rooms/guests?limit=2&after=g/00002')).body.keys).toEqual(['g/00001'])
  await add(10_001, 10_001)
  expect((await ask('/rooms/guests')).status).toBe(500)
  expect((await ask('/rooms/guests?limit=1')).body.keys).toEqual(['g/10001'])
})
