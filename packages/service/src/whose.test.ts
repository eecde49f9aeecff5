import { type ThrowAwayLandscape, throwAwayLandscape } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { decider, events, refuse, resource, service } from './index.ts'

const facts = events('diaries', {
  DiaryBegun: { data: z.object({ owner: z.string() }) },
  LineWritten: { data: z.object({ line: z.string() }) },
})
const diary = decider('diary', facts, {
  commands: { begin: z.object({}), write: z.object({ line: z.string() }) },
  initialState: () => ({ owner: '', lines: 0 }),
  decide: {
    begin: (_, { owner }, { caller = '' }) =>
      owner === '' || owner === caller ? [facts.DiaryBegun({ owner: caller })] : refuse('taken', 'Another began it.'),
    write: (cmd) => [facts.LineWritten(cmd)],
  },
  evolve: {
    DiaryBegun: (state, { owner }) => ({ ...state, owner }),
    LineWritten: (state) => ({ ...state, lines: state.lines + 1 }),
  },
})
const diaries = service('diaries', {
  facts,
  resources: [
    resource('/diaries/{diaryId}', diary, {
      visible: ({ owner }, { caller }) => owner === caller?.subject,
      links: {},
      actions: {
        begin: { scope: 'w', create: 'client' },
        write: { scope: 'w', when: ({ lines }) => lines < 1, ifMatch: 'required' },
      },
    }),
  ],
})

let place: ThrowAwayLandscape
beforeAll(async () => {
  place = await throwAwayLandscape([diaries])
})
afterAll(() => place?.drop())

async function act(subject: string, path: string, body: object, headers: Record<string, string> = {}) {
  const { landscape } = place
  const authorization = `Bearer ${await landscape.issuer.sign({ subject, scopes: ['w', 'diaries:read'] })}`
  const init = { method: 'POST', body: JSON.stringify(body) }
  const said = { authorization, 'content-type': 'application/json', ...headers }
  const answer = await landscape.handle(
    new Request(new URL(`/diaries/diaries${path}`, landscape.url), { ...init, headers: said }),
  )
  return { status: answer.status, etag: answer.headers.get('etag'), body: await answer.json() }
}
const hidden = { status: 404, etag: null, body: { code: 'HW_NOT_FOUND' } }

it('tells nobody of another’s entity, whatever version or name he guesses, and does nothing to it', async () => {
  expect(await act('ada', '', { diaryId: 'd1' })).toMatchObject({ status: 201, etag: '"1"' })
  const first = await act('bob', '/d1/write', { line: 'x' }, { 'if-match': '"0"' })
  expect(first).toMatchObject(hidden)
  expect(first.body).not.toHaveProperty('actual')
  expect(await act('bob', '/d1/write', { line: 'x' }, { 'if-match': '"1"' })).toMatchObject(hidden)
  expect(await act('bob', '', { diaryId: 'd1' })).toMatchObject(hidden)
  const events = await place.landscape.services.get('diaries')!.store.read('diary-d1')
  expect(events.map(({ type }) => type)).toEqual(['DiaryBegun'])
})

it('answers a repeat by what it was told first, also when neither version nor state are what they were', async () => {
  await act('ada', '', { diaryId: 'd2' })
  expect(await act('ada', '/d2/write', { line: 'x' }, { 'if-match': '"0"' })).toMatchObject({
    status: 412,
    etag: '"1"',
  })
  const once = { 'if-match': '"1"', 'idempotency-key': 'once' }
  const done = await act('ada', '/d2/write', { line: 'x' }, once)
  expect(done).toMatchObject({ status: 200, etag: '"2"' })
  expect(await act('ada', '/d2/write', { line: 'x' }, once)).toEqual(done)
  // What the state does not allow is said before any version is (RFC 9110 section 13.2.1).
  expect(await act('ada', '/d2/write', { line: 'y' }, { 'if-match': '"1"' })).toMatchObject({
    status: 409,
    body: { code: 'HW_NOT_NOW' },
  })
})
