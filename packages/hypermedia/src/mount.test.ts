import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { enter } from './client.ts'
import { assertDiscoverable, resource, serve } from './index.ts'

const pot = resource('/pots/{potId}', {
  state: z.object({ saved: z.int() }),
  links: {},
  actions: { save: { scope: 'w', input: z.object({ amountMinor: z.int() }) } },
})
const caller = { subject: 'ada', scopes: ['pots:read', 'w'] }
const acted: unknown[] = []
const handler = serve([pot], {
  service: 'pots',
  basePath: '/savings',
  implementation: {
    pot: {
      read: async () => ({ state: { saved: 1 }, version: 1 }),
      act: async ({ input, answer }) => {
        acted.push(input)
        return answer({ kind: 'done', state: { saved: 2 }, version: 2 })
      },
    },
  },
})
const mounted = (request: Request) => handler(request, { caller })

let server: Server
const listening = (one: Server): Promise<Server> =>
  new Promise((resolve) => one.listen(0, '127.0.0.1', () => resolve(one)))
const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

beforeEach(() => {
  acted.length = 0
})
afterEach(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

const hosts: Record<string, () => Promise<Server>> = {
  'node:http': () => listening(createServer(getRequestListener(mounted))),
  Express: async () => {
    const app = express()
    app.all('/savings{/*rest}', getRequestListener(mounted))
    return listening(createServer(app))
  },
  Fastify: async () => {
    const app = fastify()
    app.addContentTypeParser(['application/json', 'application/x-www-form-urlencoded'], (_request, _body, done) =>
      done(null),
    )
    app.all(
      '/savings/*',
      (request, reply) => (reply.hijack(), void getRequestListener(mounted)(request.raw, reply.raw)),
    )
    await app.ready()
    return listening(app.server)
  },
  Hono: async () => {
    const app = new Hono()
    app.all('/savings/*', (context) => mounted(context.req.raw))
    return listening(createServer(getRequestListener(app.fetch)))
  },
}

describe.each(Object.entries(hosts))('mounted in %s', (_, start) => {
  it('is walked, acted on and refused as anywhere', async () => {
    server = await start()
    const one = await enter<{ pots: [typeof pot] }>(`${origin()}/savings/`)
      .service('pots')
      .follow('pot', { potId: 'p 1' })
    expect((await one.act('save', { amountMinor: 5 })).state.saved).toBe(2)
    expect(acted).toEqual([{ amountMinor: 5 }])
    await expect(one.act('save', { amountMinor: 0.5 })).rejects.toMatchObject({ status: 422 })
    await assertDiscoverable(`${origin()}/savings/`, { variables: { potId: 'p1' } })
  })

  it('stops a body that is too large, and goes on serving', async () => {
    server = await start()
    const post = () =>
      fetch(`${origin()}/savings/pots/p1/save`, {
        method: 'POST',
        body: 'x'.repeat(10_000_000),
        headers: { 'content-type': 'application/json' },
      })
    const answers = await Promise.allSettled([post(), post()])
    // The connection may be closed while the client still sends; then it sees no answer at all.
    const statuses = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value.status] : []))
    expect(statuses.filter((status) => status !== 413)).toEqual([])
    expect((await fetch(`${origin()}/savings/pots/p1`)).status).toBe(200)
    expect(acted).toEqual([])
  })
})

describe('on a socket', () => {
  const raw = async (text: string): Promise<string> => {
    server = await hosts['node:http']!()
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined)
    socket.write(text)
    await new Promise((resolve) => socket.on('close', resolve))
    return Buffer.concat(chunks).toString()
  }

  it('says 413 to who announces too much, before it is sent', async () => {
    const head =
      'POST /savings/pots/p1/save HTTP/1.1\r\nhost: bank.test\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n'
    expect(await raw(`${head}connection: close\r\n\r\n{`)).toMatch(/^HTTP\/1.1 413 [\s\S]*HW_BODY_TOO_LARGE/)
  })

  it('takes no headers without end', async () => {
    const answer = await raw(
      `GET /savings/pots/p1 HTTP/1.1\r\nhost: bank.test\r\naccept: ${'x/y,'.repeat(10_000)}\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 431 /)
  })
})
