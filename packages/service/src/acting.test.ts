import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adoption, allocationOf } from '@headwater/experiment'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { action, consumer, count, decider, events, experiment, refuse, resource, service, view } from './index.ts'
import { type Landscape, startLandscape } from './landscape.ts'

/** Notes about people: an entity's id is not its person's. */
const notes = events('notes', {
  NoteWritten: {
    data: z.object({ personId: z.string(), text: z.string() }),
    level: 'published',
    personal: { text: 'personId' },
  },
})
const note = decider('note', notes, {
  commands: { write: z.object({ personId: z.string(), text: z.string() }), reword: z.object({ text: z.string() }) },
  initialState: () => ({ personId: '', text: '' }),
  decide: {
    write: (cmd) => [notes.NoteWritten(cmd)],
    reword: ({ text }, { personId }) => [notes.NoteWritten({ personId, text })],
  },
  evolve: { NoteWritten: (_, { personId, text }) => ({ personId, text }) },
})
const write = { scope: 'w', create: 'client' } as const

const tips = events('tips', {
  Tipped: { data: z.object({ personId: z.string(), tip: z.string() }), level: 'published' },
})
const louder = experiment('louder', {
  hypothesis: 'Louder tips make people write more notes within 7 days.',
  unit: 'personId',
  variants: { quiet: 50, loud: 50 },
  primary: count(tips.Tipped, { within: '7d' }),
  decide: { after: '14d', by: '2027-02-01' },
})
const tip = decider('tip', tips, {
  commands: { give: z.object({ personId: z.string() }) },
  initialState: () => ({ given: 0 }),
  decide: {
    give: ({ personId }, _, { variant }) => [tips.Tipped({ personId, tip: variant(louder, personId) })],
  },
  evolve: { Tipped: ({ given }) => ({ given: given + 1 }) },
})
const tipping = consumer('tip-writers', notes, {
  async NoteWritten({ personId }, { run }) {
    await run(tip.give, `${personId}-first`, { personId })
    await run(tip.give, `${personId}-second`, { personId })
  },
})
const desk = view('/desk', async () => ({ open: true }), {
  links: {},
  actions: {
    tipTwice: action({
      scope: 'w',
      input: z.object({ personId: z.string() }),
      async act({ personId }, { run }) {
        await run(tip.give, `${personId}-one`, { personId })
        await run(tip.give, `${personId}-two`, { personId })
      },
    }),
  },
})

/** Where a test holds a request open. */
let held: { reached: () => void; go: Promise<void> } | undefined
const hold = view('/hold', async () => ({ open: true }), {
  links: {},
  actions: {
    act: action({
      scope: 'w',
      input: z.object({}),
      async act(_, { run }) {
        held!.reached()
        await held!.go
        await run(note.write, 'held', { personId: 'holder', text: 'late' })
      },
    }),
    note: action({
      scope: 'w',
      input: z.object({ personId: z.string() }),
      async act({ personId }, { run }) {
        const written = await run(note.write, `of-${personId}`, { personId, text: 'x' })
        if (written.kind === 'refused') return refuse(written.code, written.sentence)
      },
    }),
  },
})

const noteService = service('notes', {
  facts: notes,
  resources: [resource('/notes/{noteId}', note, { links: {}, actions: { write, reword: { scope: 'w' } } }), hold],
  routes: { broken: async () => Promise.reject(new Error('secret of the database')) },
})
const tipService = service('tips', {
  facts: tips,
  resources: [resource('/tips/{tipId}', tip, { links: {}, actions: {} }), desk],
  experiments: [louder],
  consumers: [tipping],
})

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-acting-'))
  server = await throwAwayServer()
  const options = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
  landscape = await startLandscape([noteService], options)
  // The allocation is there before the service is: it takes up what its log has adopted.
  const before = await landscape.mount(service('tips', { facts: tips, resources: [] }))
  await before.store.append({
    streams: [adoption('tips', allocationOf(louder))],
    meta: { correlationId: 'c', causationId: 'c' },
  })
  await landscape.mount(tipService)
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

async function ask(path: string, body?: object, key?: string): Promise<{ status: number; body: any }> {
  const scopes = ['w', 'operate', 'explore', 'events:read', 'notes:read', 'tips:read']
  const headers = {
    authorization: `Bearer ${await landscape.issuer.sign({ subject: 'someone', scopes })}`,
    'content-type': 'application/json',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  const answer = await landscape.handle(new Request(new URL(path, landscape.url), init))
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

const exposures = async (unit: string) =>
  (await landscape.services.get('tips')!.store.read(`exposure-louder.${unit}`)).map(({ type }) => type)

it('keeps what is said of a person under that person’s key, whatever the entity is called, and forgets it', async () => {
  const said = { noteId: 'n1', personId: 'ada', text: 'likes figs' }
  const first = await ask('/notes/notes', said, 'k1')
  expect(first).toMatchObject({ status: 201, body: { text: 'likes figs' } })
  expect(await ask('/notes/notes', said, 'k1')).toEqual(first)
  expect((await ask('/notes/notes/n1/reword', { text: 'likes dates' }, 'k2')).status).toBe(200)
  const { store, query } = landscape.services.get('notes')!
  const stored = await query<{ data: string }>('select data::text as data from headwater.event')
  expect(stored.map(({ data }) => data).join()).not.toMatch(/figs|dates/)

  expect((await ask('/forget', { person: 'ada' })).status).toBe(200)
  expect((await ask('/notes/notes/n1')).body).not.toHaveProperty('text')
  // A repeat cannot be answered by what nobody can read any more.
  expect(await ask('/notes/notes', said, 'k1')).toMatchObject({ status: 409, body: { code: 'HW_FORGOTTEN' } })
  const at = await store.log.last()
  expect(await ask('/notes/notes/n1/reword', { text: 'likes plums' })).toMatchObject({
    status: 409,
    body: { code: 'HW_FORGOTTEN' },
  })
  expect(await store.log.last()).toBe(at)
})

it('refuses a view what is about somebody who was forgotten', async () => {
  expect((await ask('/notes/hold/note', { personId: 'eve' })).status).toBe(200)
  expect((await ask('/forget', { person: 'eve' })).status).toBe(200)
  expect(await ask('/notes/hold/note', { personId: 'eve' })).toMatchObject({
    status: 409,
    body: { code: 'HW_FORGOTTEN' },
  })
})

it('exposes a unit once by the event that several commands follow from', async () => {
  await ask('/notes/notes', { noteId: 'n2', personId: 'bob', text: 'x' }, 'k3')
  await landscape.settled()
  expect(landscape.services.get('tips')!.consumers[0]!.status()).toMatchObject({ parkedKeys: 0, poison: 0 })
  const tipped = await landscape.services.get('tips')!.load(tip, 'bob-second')
  expect(tipped).toEqual({ given: 1 })
  expect(await exposures('bob')).toEqual(['ExperimentExposed'])
})

it('gives variants to the commands of a view, and exposes a unit with each, once when the request is repeated', async () => {
  for (let time = 0; time < 2; time++)
    expect(await ask('/tips/desk/tipTwice', { personId: 'cleo' }, 'k4')).toMatchObject({ status: 200 })
  expect(await exposures('cleo')).toEqual(['ExperimentExposed', 'ExperimentExposed'])
  expect(await landscape.services.get('tips')!.load(tip, 'cleo-two')).toEqual({ given: 1 })
})

it('answers by a problem whatever goes wrong, and tells nothing of what is inside', async () => {
  for (const path of ['/notes/streams/%', '/notes/contract/%E0%A4%A', '/notes/streams/note-%00', '/notes/notes/%00'])
    expect(await ask(path), path).toMatchObject({ status: 400, body: { code: 'HW_PARAMETER_INVALID' } })
  expect((await ask('/notes/notes/%00/reword', { text: 'x' })).status).toBe(400)
  const { status, body } = await ask('/notes/broken')
  expect({ status, code: body.code }).toEqual({ status: 500, code: 'HW_INTERNAL' })
  expect(JSON.stringify(body)).not.toContain('secret')
})

it('lets an open request finish on the service that is replaced, and stops it when two replace it at once', async () => {
  let reached!: () => void
  let go!: () => void
  const there = new Promise<void>((resolve) => (reached = resolve))
  held = { reached, go: new Promise((resolve) => (go = resolve)) }
  const before = landscape.services.get('notes')!
  const answer = ask('/notes/hold/act', {})
  await there
  const replaced = Promise.all([landscape.mount(noteService), landscape.mount(noteService)])
  while (landscape.services.get('notes') === before) await new Promise((resolve) => setImmediate(resolve))
  go()
  expect((await answer).status).toBe(200)
  const [first, second] = await replaced
  expect(landscape.services.get('notes')).toBe(second)
  const late = { streams: [{ stream: 'note-x', events: [] }], meta: { correlationId: 'c', causationId: 'c' } }
  for (const gone of [before, first]) await expect(gone.store.append(late)).rejects.toMatchObject({ code: 'HW_CLOSED' })
})

it('stops what a service had begun when its start fails, and can start it again', async () => {
  const late = service('late', {
    facts: events('late', {}),
    resources: [],
    consumers: [consumer('look', notes, { NoteWritten: () => undefined })],
    start: async (running) => {
      failed = running
      throw new Error('not today')
    },
  })
  let failed: { consumers: readonly { status(): { state: string } }[] } | undefined
  await expect(landscape.mount(late)).rejects.toThrow('not today')
  expect(failed!.consumers.map((one) => one.status().state)).toEqual(['stopped'])
  expect(landscape.services.has('late')).toBe(false)
  await landscape.mount({ ...late, start: async () => undefined })
  await landscape.unmount('late')
})

it('archives every event that was acknowledged before a service was gone', async () => {
  await landscape.remove('tips')
  let acknowledged = 0
  const writing = Array.from({ length: 4 }, async (_, writer) => {
    for (let nth = 0; ; nth++) {
      const { status } = await ask('/notes/notes', { noteId: `w${writer}-${nth}`, personId: 'dan', text: 'x' })
      if (status !== 201) return
      acknowledged += 1
    }
  })
  const { archive } = await landscape.remove('notes')
  await Promise.all(writing)
  const archived = (await readFile(archive.path, 'utf8'))
    .split('\n')
    .filter((line) => line.includes('"subject":"note-w'))
  expect(archived).toHaveLength(acknowledged)
  expect(landscape.services.has('notes')).toBe(false)
})
