import { expect, it } from 'vitest'
import { Calls } from './calls.ts'

const asked = (calls: Calls, from: string) => calls.countedAs(from, async () => new Response(null, { status: 204 }))

it('counts what one service asks of another, and of those alone that run', async () => {
  const calls = new Calls()
  const fetch = asked(calls, 'phone')
  for (const path of ['payments/payments', 'payments/ledgers/a1?x=1', 'accounts/accounts', 'gone/things'])
    await fetch(`http://127.0.0.1/${path}`)
  await fetch(new Request('http://127.0.0.1/accounts/accounts/a1/close', { method: 'POST' }))
  expect(calls.of('phone', new Set(['payments', 'accounts']))).toEqual([
    { service: 'accounts', count: 2 },
    { service: 'payments', count: 2 },
  ])
  expect(calls.of('payments', new Set(['payments']))).toEqual([])
})

it('counts no looking for links, no reading of feeds and promises, and no talking to oneself', async () => {
  const calls = new Calls()
  const fetch = asked(calls, 'phone')
  for (const path of [
    '',
    'payments/',
    'payments/events?after=1',
    'payments/log',
    'payments/contract/readers',
    'phone/x',
  ])
    await fetch(`http://127.0.0.1/${path}`)
  expect(calls.of('phone', new Set(['payments', 'phone']))).toEqual([])
})
