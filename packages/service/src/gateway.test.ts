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

it('lists a service that runs here once, also where its home is among those elsewhere', async () => {
  const elsewhere = { orders: 'http://10.0.0.7:4000/orders/', labels: 'http://10.0.0.8:4000/labels/' }
  const landscape = { services: new Map([['orders', { service: { name: 'orders' } }]]), url: 'http://127.0.0.1:4000/' }
  const entry = await gateway({ ...gate(true), landscape, elsewhere } as never, new Request(landscape.url))
  const { service } = ((await entry.json()) as { _links: { service: { name: string; href: string }[] } })._links
  expect(service.map(({ name, href }) => [name, href])).toEqual([
    ['orders', '/orders/'],
    ['labels', elsewhere.labels],
  ])
})
