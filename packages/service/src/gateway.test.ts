import { expect, it } from 'vitest'
import { type Gate, gateway } from './gateway.ts'

function gate(ready: boolean): Gate {
  const landscape = { services: new Map(), url: 'http://127.0.0.1:4000/' }
  const known = async () => ({ kind: 'nobody' })
  return { landscape, known, ready: () => ready, elsewhere: {}, questions: () => undefined, log: () => {} } as never
}

it('takes no service for gone that may be about to start', async () => {
  const asked = () => new Request('http://127.0.0.1:4000/orders/events')
  const early = await gateway(gate(false), asked())
  expect(early.status).toBe(503)
  expect(early.headers.get('retry-after')).toBe('1')
  expect((await gateway(gate(true), asked())).status).toBe(404)
})
