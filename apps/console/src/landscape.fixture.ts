import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bank } from '@headwater/bank'
import { experiments } from '@headwater/experiments'
import { decider, events, experiment, resource, service, share } from '@headwater/service'
import { type Landscape, listen, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { z } from 'zod'
import { type Console, type Files, openConsole } from './index.ts'

const facts = events('greetings', {
  Greeted: { data: z.object({ customerId: z.string() }), level: 'published' },
  Answered: { data: z.object({ customerId: z.string() }), level: 'published' },
})
const warmly = experiment('warm-greetings', {
  hypothesis: 'Customers who are greeted warmly answer more often within a day.',
  unit: 'customerId',
  variants: { plain: 50, warm: 50 },
  primary: share(facts.Answered, { within: '1d' }),
  decide: { after: '3d', by: '2099-01-01' },
  adds: { services: ['greetings'] },
})
const greeting = decider('greeting', facts, {
  commands: { greet: z.object({ customerId: z.string() }) },
  initialState: () => ({ customerId: '' }),
  decide: {
    // Of twenty, eleven answer when greeted warmly, eight when not.
    greet: ({ customerId }, _, { variant }) => {
      const answers = Number(customerId.slice(1)) % 20 < (variant(warmly, customerId) === 'warm' ? 11 : 8)
      return [facts.Greeted({ customerId }), ...(answers ? [facts.Answered({ customerId })] : [])]
    },
  },
  evolve: { Greeted: (_, e) => e, Answered: (state) => state },
})

/** A throw-away service with an experiment that is decided within days. */
export const greetings = service('greetings', {
  title: 'Greetings, warm and plain',
  facts,
  experiments: [warmly],
  resources: [
    resource('/greetings/{greetingId}', greeting, { links: {}, actions: { greet: { scope: 'greetings:write' } } }),
  ],
})

const operator = ['events:read', 'explore', 'operate', 'experiments:read', 'experiments:decide']
const everything = ['customers', 'accounts', 'payments', 'greetings', 'experiments'].flatMap((name) => [
  `${name}:read`,
  `${name}:write`,
])

export interface Stage {
  readonly landscape: Landscape
  readonly console: Console
  /** The console's own origin. */
  readonly origin: string
  /** Asks the landscape as a customer's program would. */
  call(path: string, body?: unknown): Promise<any>
  stop(): Promise<void>
}

export interface StageOptions {
  /** Services of the bank; default all. */
  readonly of?: readonly string[]
  readonly files?: () => Promise<Files>
}

/** A bank, a service to throw away, those who keep experiments, and the console over them. */
export async function stage({ of, files }: StageOptions = {}): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-console-'))
  const server = await throwAwayServer()
  const kept = experiments({ everyMs: 300, startAtOnce: true, onItsWayMs: 0 })
  const banking = bank.filter(({ name }) => name !== kept.name && (of?.includes(name) ?? true))
  const options = { postgres: server.url, name: server.name, directory, log: () => undefined }
  const landscape = await startLandscape([kept, greetings, ...banking], options)
  let origin = ''
  const shown = openConsole({
    entry: landscape.url,
    name: 'river-bank',
    fetch: landscape.fetchAs('operator', operator),
    origin: () => origin,
    secret: 'known to nobody else',
    ...(files && { files }),
  })
  const listening = await listen(shown.handle, { host: '127.0.0.1' })
  origin = listening.origin
  const fetch = landscape.fetchAs('ada', [...everything, ...operator])
  return {
    landscape,
    console: shown,
    origin,
    async call(path, body) {
      const headers = { accept: 'application/json', 'content-type': 'application/json' }
      const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
      const answer = await fetch(new URL(path, landscape.url), { headers, ...sent })
      const said = await answer.json()
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(said)}`)
      return said
    },
    async stop() {
      await listening.close(0)
      await landscape.stop()
      await server.drop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
