import { readFileSync } from 'node:fs'
import { contractOf, events } from '@headwater/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { conform, feed, type FeedHandler, memoryLog } from '../index.ts'
import { cases } from './cases.ts'

const contract = contractOf(
  events('pots', {
    Saved: { data: z.any(), level: 'published' },
    Closed: { data: z.any(), level: 'published', key: 'n' as never },
    Hidden: { data: z.any() },
  }),
)

function pots(spoil: (handler: FeedHandler) => FeedHandler = (handler) => handler, count = 1_200) {
  const log = memoryLog('pots')
  const types = ['Saved', 'Hidden', 'Closed', 'Hidden']
  for (let n = 0; n < count; n++) log.append({ type: types[n % 4]!, data: `{"n":${n}, "a":12.50}`, id: `e${n}` })
  const serve = spoil(feed({ log, contract, open: true, onError: console.error }))
  return (input: string, init?: RequestInit) => serve(new Request(input, init))
}
const failed = async (fetch: ReturnType<typeof pots>) => {
  const { results } = await conform('http://bank/events', { fetch })
  return results.filter(({ outcome }) => outcome === 'failed').map(({ name, detail }) => `${name}: ${detail}`)
}

it('finds nothing otherwise in our own feed', async () => {
  const report = await conform('http://bank/events', { fetch: pots() })
  expect(report.results.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
  expect(report).toMatchObject({ feed: 'http://bank/events', conforms: true })
}, 60_000)

it('finds nothing otherwise in an empty feed', async () => {
  expect(await failed(pots(undefined, 0))).toEqual([])
})

it('finds a feed that passes an event over, changes bytes, or answers 200 to everything', async () => {
  const textOf = (change: (text: string) => string): ReturnType<typeof pots> =>
    pots((serve) => async (request, context) => {
      const response = await serve(request, context)
      const { status, headers } = response
      return response.body === null ? response : new Response(change(await response.text()), { status, headers })
    })
  expect(await failed(textOf((text) => text.replace(/\{"specversion":"1.0","id":"e2",[^\n]*\n/, '')))).not.toEqual([])
  expect(await failed(textOf((text) => text.replace(/("position":3,"previousposition":)1/, '$12')))).not.toEqual([])
  expect(
    await failed(textOf((text) => (text.startsWith('{"service"') ? text.replaceAll('12.50', '12.5') : text))),
  ).not.toEqual([])
  const forgiving = pots((serve) => async (request, context) => {
    const response = await serve(request, context)
    return response.status < 400 ? response : serve(new Request('http://bank/events'), context)
  })
  expect((await failed(forgiving)).length).toBeGreaterThan(8)
})

it('asks what the spec says', () => {
  const said = JSON.parse(readFileSync(new URL('../../../../spec/cases/server.json', import.meta.url), 'utf8'))
  expect(cases).toEqual(said.cases)
})
