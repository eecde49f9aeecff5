import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { declared, isSealed } from '@headwater/experiment'
import { count, decider, events, experiment, resource, service, share } from '@headwater/service'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { experimentDecider, experiments, queryOf, recompute, worker, type Worker } from './index.ts'

const facts = events('pots', {
  Visited: { data: z.object({ customerId: z.string() }) },
  Saved: { data: z.object({ customerId: z.string() }), level: 'published' },
})
const roundUps = experiment('round-ups', {
  hypothesis: 'Customers who are rounded up save at once.',
  unit: 'customerId',
  variants: { unrounded: 50, rounded: 50 },
  primary: share(facts.Saved, { within: '1s' }),
  decide: { after: '1s', by: '2099-01-01' },
  adds: { services: ['pots'] },
})
const pot = decider('pot', facts, {
  commands: { visit: z.object({ customerId: z.string() }) },
  initialState: () => ({ customerId: '' }),
  decide: {
    visit: ({ customerId }, _, { variant }) => {
      // Nine of ten save when rounded up, one of ten when not.
      const moved = customerId.endsWith('7')
      const saves = (variant(roundUps, customerId) === 'rounded') !== moved
      return [facts.Visited({ customerId }), ...(saves ? [facts.Saved({ customerId })] : [])]
    },
  },
  evolve: { Visited: (_, e) => e, Saved: (pot_) => pot_ },
})
const pots = service('pots', {
  facts,
  experiments: [roundUps],
  resources: [resource('/pots/{potId}', pot, { links: {}, actions: { visit: { scope: 'pots:write' } } })],
})

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>
let look: Worker

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-experiments-'))
  server = await throwAwayServer()
  const lake = () => landscape.lake
  const kept = experiments({ lake, everyMs: 3_600_000, onItsWayMs: 0 })
  landscape = await startLandscape([kept, pots], {
    postgres: server.url,
    name: server.name,
    directory,
    log: () => undefined,
  })
  look = worker(landscape.services.get('experiments')!, queryOf(lake), {
    experiment: experimentDecider(),
    startAtOnce: false,
    onItsWayMs: 0,
  })
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

async function call(path: string, body?: unknown, subject = 'ada') {
  const scopes = ['pots:read', 'pots:write', 'experiments:read', 'experiments:decide', 'events:read', 'explore']
  const token = await landscape.issuer.sign({ subject, scopes })
  const response = await landscape.handle(
    new Request(new URL(path, landscape.url), {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    }),
  )
  return { status: response.status, body: (await response.json()) as any }
}

/** Looks again until the experiment is in a phase: each look is a whole one. */
const until = (phase: string) =>
  vi.waitFor(
    async () => {
      await look.tick()
      expect((await call('/experiments/experiments/round-ups')).body.phase).toBe(phase)
    },
    { timeout: 20_000, interval: 100 },
  )

it('takes an experiment from its declaration to the decision of its rule, and back', async () => {
  await until('sealed')
  expect((await call('/experiments/experiments')).body.experiments).toMatchObject([
    { name: 'round-ups', phase: 'sealed', service: 'pots' },
  ])
  await call('/pots/pots/too-early/visit', { customerId: 'too-early' })

  expect((await call('/experiments/experiments/round-ups/start', {})).body.phase).toBe('running')
  await vi.waitFor(
    async () => expect(await landscape.services.get('pots')!.store.read('allocation-round-ups')).toHaveLength(1),
    { timeout: 10_000 },
  )
  const customers = Array.from({ length: 700 }, (_, i) => `c${i}`)
  await Promise.all(customers.map((customerId) => call(`/pots/pots/${customerId}/visit`, { customerId })))

  await until('kept')
  const { body } = await call('/experiments/experiments/round-ups')
  expect(body.decision).toMatchObject({ verdict: 'keep', variant: 'rounded', by: 'rule' })
  expect(body.allocation).toMatchObject({ version: 2, everybody: 'rounded' })
}, 60_000)

it('shows who uses the decision, and a dossier from which anybody comes to the same bytes', async () => {
  const { body } = await vi.waitFor(
    async () => {
      const shown = await call('/experiments/experiments/round-ups/results')
      expect(shown.body.adopted).toHaveLength(2)
      return shown
    },
    { timeout: 10_000 },
  )
  expect(body.adopted[1]).toMatchObject({ service: 'pots', version: 2 })
  const {
    experiment: sealed,
    observed,
    results,
    decision,
  } = (await call('/experiments/experiments/round-ups/dossier')).body
  const exposed = Object.values(observed.variants as Record<string, { exposed: number }>).reduce(
    (sum, one) => sum + one.exposed,
    0,
  )
  expect(exposed).toBe(700)
  // jsonb would put `rounded` first: what is sealed is the order that was declared.
  expect([isSealed(sealed), sealed.seal, Object.keys(sealed.variants)]).toEqual([
    true,
    roundUps.seal,
    ['unrounded', 'rounded'],
  ])
  expect(JSON.stringify(recompute({ experiment: sealed, observed }))).toBe(JSON.stringify({ results, decision }))
})

it('tells the same by fields that a page is made of: looks, epochs, exposures, ledger, forecast', async () => {
  const of = async (relation: string) => {
    const { _links: links } = (await call('/experiments/experiments/round-ups')).body
    expect(links).toHaveProperty([relation])
    const answer = await call(links[relation].href.replace(/\{.*\}/, ''))
    expect([relation, answer.status]).toEqual([relation, 200])
    return answer.body
  }
  const { looks } = await of('looks')
  expect(looks.at(-1)).toMatchObject({
    rule: 'keep',
    exposed: { unrounded: expect.any(Number), rounded: expect.any(Number) },
    metrics: [{ role: 'primary', treatments: [{ variant: 'rounded', holds: 'yes' }] }],
  })
  const { lower, estimate, upper } = looks.at(-1).metrics[0].treatments[0].difference
  expect([lower > 0, lower < estimate, estimate < upper]).toEqual([true, true, true])

  const { epochs } = await of('epochs')
  expect(epochs).toMatchObject([
    { version: 1, logs: [{ service: 'pots' }], waiting: [] },
    { version: 2, everybody: 'rounded', logs: [{ service: 'pots', afterMs: expect.any(Number) }] },
  ])
  const { variants, sampleRatio, perDay } = await of('exposures')
  expect(variants.unrounded.exposed + variants.rounded.exposed).toBe(700)
  expect(sampleRatio.mismatch).toBe(false)
  expect(perDay.reduce((sum: number, { units }: { units: number }) => sum + units, 0)).toBe(700)
  // As of a look: when nobody had been exposed yet, nobody is.
  const [began] = epochs
  const before = `?at=pots=${began.logs[0].position}&time=${began.logs[0].adoptedAt}`
  expect((await call(`/experiments/experiments/round-ups/exposures${before}`)).body.perDay).toEqual([])
  expect(await of('ledger')).toMatchObject({ exposures: 700, unexplained: 0, faults: [] })
  // It began before anybody had saved: what is foreseen is from what came since.
  expect(await of('forecast')).toMatchObject({
    history: { units: expect.any(Number) },
    sentence: expect.stringMatching(/^It states no effect that it expects/),
  })
})

it('says at which position a log is when it is asked for a later one', async () => {
  const { body } = await call('/experiments/experiments/round-ups/results?at=pots=999999')
  expect(body).toMatchObject({ status: 409, code: 'HW_POSITION_NOT_REACHED' })
  expect(body.detail).toMatch(/Expected a position of pots up to \d+, .*got 999999/)
})

it('says of a unit id that cannot be hashed alike everywhere what it expects', async () => {
  const { body } = await call('/pots/pots/zoe/visit', { customerId: 'zo\u00EB' })
  expect(body).toMatchObject({ status: 409, code: 'HW_UNIT_NOT_ASCII', detail: expect.stringContaining('zo\u00EB') })
  expect(await landscape.services.get('pots')!.store.read('pot-zoe')).toEqual([])
})

it('keeps what was sealed when the code says something else, and shows it as an amendment', async () => {
  const changed = experiment('round-ups', {
    hypothesis: 'Customers who are rounded up save at once, or visit more often.',
    unit: 'customerId',
    variants: { unrounded: 50, rounded: 50 },
    primary: share(facts.Saved, { within: '1s' }),
    secondary: [count(facts.Saved, { within: '1s' })],
    decide: { after: '1s', by: '2099-01-01' },
    adds: { services: ['pots'] },
  })
  const { store } = landscape.services.get('pots')!
  const meta = { correlationId: 'test', causationId: 'test' }
  const amendedTo = async (seal: string | undefined) =>
    await vi.waitFor(
      async () => {
        await look.tick()
        const { body } = await call('/experiments/experiments/round-ups')
        expect([body.declaration.seal, body.amendment?.seal]).toEqual([roundUps.seal, seal])
      },
      { timeout: 20_000, interval: 100 },
    )
  await store.append({ streams: [declared('pots', changed, 1)], meta })
  await amendedTo(changed.seal)
  // What was added is asked of the whole past at once, as exploratory: corrected, and read by no rule.
  const { metrics, observed } = (await call('/experiments/experiments/round-ups/results')).body.results
  expect(metrics.map(({ role }: { role: string }) => role)).toEqual(['primary', 'exploratory'])
  expect(metrics[1].treatments[0]).toMatchObject({ adjusted: expect.any(Number) })
  expect([observed.seal, observed.metrics.length]).toEqual([roundUps.seal, 2])
  expect((await call('/experiments/experiments/round-ups')).body.decision.verdict).toBe('keep')
  // The code goes back, and forth again: each time it is heard.
  await store.append({ streams: [declared('pots', roundUps, 2)], meta })
  await amendedTo(undefined)
  await store.append({ streams: [declared('pots', changed, 3)], meta })
  await amendedTo(changed.seal)
}, 60_000)

it('sends everybody to the winner from then on, without exposing anybody', async () => {
  await call('/pots/pots/late/visit', { customerId: 'late-customer' })
  expect(await landscape.services.get('pots')!.store.read('exposure-round-ups.late-customer')).toEqual([])
  const events_ = await landscape.services.get('pots')!.store.read('pot-late')
  expect(events_.map(({ type }) => type)).toEqual(['Visited', 'Saved'])
})

it('lists what a removal takes, goes on where it was killed, and shows that all of it is gone', async () => {
  const removal = '/experiments/experiments/round-ups/removal'
  expect((await call(removal)).body).toMatchObject({ ready: true, goes: [{ kind: 'flag' }] })
  // Kept: only the flag goes. Taken back and killed, with another person's consent: what it added goes too.
  const reason = 'We want to see it gone from end to end.'
  await call('/experiments/experiments/round-ups/resume', { reason })
  expect((await call(removal)).body).toMatchObject({ ready: false, because: expect.stringMatching(/Decide first/) })
  await call('/experiments/experiments/round-ups/decide', { verdict: 'kill', reason })
  expect((await call('/experiments/experiments/round-ups/agree', {})).body).toMatchObject({ status: 409 })
  expect((await call('/experiments/experiments/round-ups/agree', {}, 'bob')).body.decision).toMatchObject({
    verdict: 'kill',
    by: 'ada',
    agreedBy: 'bob',
  })
  const before = (await call(removal)).body
  expect(before.goes).toMatchObject([{ kind: 'flag' }, { kind: 'service', name: 'pots', database: {} }])
  expect(before._templates.carryOut).toBeDefined()

  // Killed when the service was gone and nobody had said so yet.
  const running = landscape.services.get('experiments')!
  const { decider: own } = running.service.resources.find(({ name }) => name === 'experiment') as any
  await running.run(own.beginRemoval, 'round-ups', { goes: ['flag round-ups', 'service pots'], reason }, 'operator')
  expect((await call(removal)).body).toMatchObject({ phase: 'removing', ready: true })

  const done = (await call(`${removal}/carryOut`, { reason })).body
  expect(done).toMatchObject({ phase: 'removed', left: ['flag round-ups: taken out of the code by hand'] })
  expect(done.gone).toEqual([expect.stringMatching(/^service pots with database .* archived in .*pots-.*\.ndjson/)])
  expect((await call('/pots/')).status).toBe(404)
  expect((await call('/experiments/experiments/round-ups')).body.phase).toBe('removed')
  expect((await call('/experiments/experiments/round-ups/results')).body.results.observed.variants).toBeDefined()
}, 30_000)
