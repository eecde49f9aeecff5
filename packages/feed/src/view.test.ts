import { contractOf, type EventDeclaration, events } from '@headwater/contract'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { feed, memoryLog } from './index.ts'

const any = z.any()

function shown(declaration: Omit<EventDeclaration, 'data'>) {
  const log = memoryLog('pots')
  const contract = contractOf(
    events('pots', { Saved: { data: any, level: 'published', ...declaration } as EventDeclaration }),
  )
  const serve = feed({ log, contract, open: true })
  const get = async (query = '') => {
    const response = await serve(new Request(`http://bank/events${query}`))
    return JSON.parse(await response.text())
  }
  const first = async (query = '') => {
    const { events, detail } = await get(query)
    return events === undefined ? detail : [events[0].schemaversion, events[0].data, events[0].partitionkey]
  }
  return { log, get, first, serve }
}
const saved = (data: string, schemaVersion = 1, id?: string) => ({
  type: 'Saved',
  data,
  schemaVersion,
  stream: 'pot-1',
  ...(id === undefined ? {} : { id }),
})

const amount = (version: number) => ({ data: any, from: (data: any) => ({ [`v${version}`]: data.amountMinor }) })

it('keeps the published form while the internal one changes', async () => {
  const before = shown({ published: { 1: amount(1) } })
  before.log.append(saved('{"amountMinor":5}', 1, 'e1'))
  const after = shown({
    version: 2,
    upcast: { 1: (data: any) => ({ minor: data.amountMinor }) },
    published: { 1: { data: any, from: (data: any) => ({ v1: data.minor }) } },
  })
  after.log.append(saved('{"amountMinor":5}', 1, 'e1'))
  after.log.append(saved('{"minor":6}', 2))
  expect(await before.first()).toEqual([1, { v1: 5 }, undefined])
  expect(await after.first()).toEqual([1, { v1: 5 }, undefined])
  expect((await after.get()).events[1].data).toEqual({ v1: 6 })
})

it('serves the oldest published version unless another is chosen', async () => {
  const { log, first } = shown({ published: { 2: amount(2), 3: amount(3) } })
  log.append(saved('{"amountMinor":5}'))
  expect(await first()).toEqual([2, { v2: 5 }, undefined])
  expect(await first('?type=Saved@3')).toEqual([3, { v3: 5 }, undefined])
  expect(await first('?type=*,Saved@3')).toEqual([3, { v3: 5 }, undefined])
  expect(await first('?type=Saved@1')).toMatch(/published version of Saved \(2, 3\), got 1/)
})

it('lifts older events, and leaves those of the present version as they are, byte for byte', async () => {
  const { log, serve } = shown({ version: 2, upcast: { 1: (data: any) => ({ ...data, lifted: true }) } })
  log.append(saved('{"a":1}', 1), saved('{"a":12.50}', 2))
  const text = await (await serve(new Request('http://bank/events'))).text()
  expect(text).toContain('"schemaversion":2,')
  expect(text).toContain('"data":{"a":1,"lifted":true}}')
  expect(text).toContain('"data":{"a":12.50}}')
})

it('names the ordering key where the contract has one, as a consumer would compute it', async () => {
  const { log, get } = shown({ key: 'customerId' as never })
  log.append(
    saved('{"customerId":"c\\u00e9"}'),
    saved('{"customerId":7,"a":12.50}'),
    saved('{"customerId":1.5}'),
    saved('{"customerId":{"sealed":"x"}}'),
    saved('{}'),
    saved('null'),
  )
  expect((await get()).events.map((event: any) => event.partitionkey)).toEqual([
    'cé',
    '7',
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

it('fails, and passes nothing over, when an event cannot be mapped', async () => {
  const { log, serve, get } = shown({
    published: { 1: { data: any, from: (data: any) => (data.bad ? undefined : data) } },
  })
  log.append(saved('{"bad":false}'), saved('{"bad":true}'))
  expect(await get()).toMatchObject({
    status: 500,
    code: 'HW_EVENT_UNREADABLE',
    detail: expect.stringContaining('event 2 (Saved'),
  })
  const lines = await serve(new Request('http://bank/events', { headers: { accept: 'application/x-ndjson' } }))
  await expect(lines.text()).rejects.toThrow()
  const newer = shown({})
  newer.log.append(saved('{}', 2))
  expect(await newer.get()).toMatchObject({ code: 'HW_EVENT_UNREADABLE' })
})

it('shows nothing sealed in a field that its published form does not call personal', async () => {
  const contact = { data: any, from: ({ email }: any) => ({ contact: email }) }
  const renamed = (form: object) => {
    const one = shown({ personal: { email: 'personId' } as never, published: { 1: { ...contact, ...form } } })
    one.log.append(saved('{"personId":"p1","email":{"sealed":"1.x"}}'))
    return one
  }
  expect(await renamed({}).get()).toMatchObject({
    status: 500,
    code: 'HW_EVENT_UNREADABLE',
    detail: expect.stringMatching(/event 1 \(Saved.*got one at \/contact\. Say what the field is called: personal/),
  })
  expect(await renamed({ personal: { contact: 'personId' } }).first()).toEqual([
    1,
    { contact: { sealed: '1.x' } },
    undefined,
  ])
})

it('changes edition with the mapping, and not with the reader', async () => {
  const edition = async (declaration: Omit<EventDeclaration, 'data'>) => {
    const one = { ...memoryLog('pots'), lineage: async () => [{ log: 'the-same' }] }
    const contract = contractOf(
      events('pots', { Saved: { data: any, level: 'published', ...declaration } as EventDeclaration }),
    )
    const serve = feed({ log: one, contract, open: true })
    return JSON.parse(await (await serve(new Request('http://bank/events'))).text()).edition as string
  }
  expect(await edition({})).toBe(await edition({}))
  expect(await edition({})).not.toBe(await edition({ published: { 1: amount(1) } }))
  expect(await edition({ published: { 1: amount(1) } })).toBe(await edition({ published: { 1: amount(1) } }))
  expect(await edition({ published: { 1: amount(1) } })).not.toBe(await edition({ published: { 2: amount(1) } }))
})
