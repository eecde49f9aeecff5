// A service's fetch-shaped handler, mounted in one line each in Express, Fastify, Nest and Hono: walked, acted on, refused and bounded
// as anywhere. Nest is used without decorators, since those are no erasable syntax.
import 'reflect-metadata'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { NestFactory } from '@nestjs/core'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { z } from 'zod'
import { assertDiscoverable, resource, serve } from '@headwater/hypermedia'
import { enter } from '@headwater/hypermedia/client'
import { type Line, report } from '../../bench/harness/report.ts'

const pot = resource('/pots/{potId}', {
  state: z.object({ saved: z.int() }),
  links: {},
  actions: { save: { scope: 'w', input: z.object({ amountMinor: z.int() }) } },
})
const handler = serve([pot], {
  service: 'pots',
  basePath: '/savings',
  implementation: {
    pot: {
      read: async () => ({ state: { saved: 1 }, version: 1 }),
      act: async ({ answer }) => answer({ kind: 'done', state: { saved: 2 }, version: 2 }),
    },
  },
})
const mounted = (request: Request) => handler(request, { caller: { subject: 'ada', scopes: ['pots:read', 'w'] } })

const listening = (server: Server): Promise<Server> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))

const hosts: Readonly<Record<string, () => Promise<Server>>> = {
  async Express() {
    const app = express()
    app.all('/savings{/*rest}', getRequestListener(mounted))
    return await listening(createServer(app))
  },
  async Fastify() {
    const app = fastify()
    // Bodies are the handler's to read.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _body, done) => done(null))
    app.all('/savings/*', ({ raw }, reply) => (reply.hijack(), void getRequestListener(mounted)(raw, reply.raw)))
    await app.ready()
    return await listening(app.server)
  },
  async Nest() {
    class Module {}
    const app = await NestFactory.create(Module, { logger: false, bodyParser: false })
    app.use('/savings', whole(getRequestListener(mounted)))
    await app.init()
    return await listening(app.getHttpServer() as Server)
  },
  async Hono() {
    const app = new Hono()
    app.all('/savings/*', (context) => mounted(context.req.raw))
    return await listening(createServer(getRequestListener(app.fetch)))
  },
}

/** `use` takes the path it is mounted at off the URL; the handler knows its own. */
function whole(listener: ReturnType<typeof getRequestListener>): typeof listener {
  return (incoming, outgoing) => {
    incoming.url = (incoming as { originalUrl?: string }).originalUrl ?? incoming.url
    return listener(incoming, outgoing)
  }
}

/** What does not hold in a host; nothing where all does. */
async function wrongs(server: Server): Promise<string[]> {
  const entry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/savings/`
  const found: string[] = []
  const expect = (what: string, holds: boolean) => void (holds || found.push(what))
  const one = await enter<{ pots: [typeof pot] }>(entry).service('pots').follow('pot', { potId: 'p 1' })
  expect('acts', (await one.act('save', { amountMinor: 5 })).state.saved === 2)
  const refused = await one.act('save', { amountMinor: 0.5 }).catch((error: { status?: number }) => error.status)
  expect('refuses', refused === 422)
  await assertDiscoverable(entry, { variables: { potId: 'p1' } }).catch((error: Error) => found.push(error.message))
  const large = { method: 'POST', body: 'x'.repeat(10_000_000), headers: { 'content-type': 'application/json' } }
  // The connection may be closed while the client still sends; then it sees no answer at all.
  const status = await fetch(new URL('pots/p1/save', entry), large).then(
    (answer) => answer.status,
    () => 413,
  )
  expect('bounds bodies', status === 413)
  expect('goes on', (await fetch(new URL('pots/p1', entry))).status === 200)
  return found
}

const lines: Line[] = []
for (const [name, start] of Object.entries(hosts)) {
  const server = await start()
  const found = await wrongs(server)
  server.closeAllConnections()
  await new Promise((closed) => server.close(closed))
  lines.push({ name, value: found.join(', ') || 'holds', goal: 'holds', met: found.length === 0 })
}
report(lines, `${lines.filter(({ met }) => met === true).length} of ${lines.length} hosts hold`)
