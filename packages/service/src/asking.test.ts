import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { askingAs } from './asking.ts'

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
}, 5_000)

it('lets a stream know that its reader gave up, also after a garbage collection has come by', async () => {
  const gaveUp = new Promise<void>((heard) => {
    const ask = asking(async ({ signal }) => {
      signal.addEventListener('abort', () => heard())
      return new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }))
    })
    void readUntilGivenUp(ask)
  })
  await gaveUp
}, 5_000)

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
  await next
}
