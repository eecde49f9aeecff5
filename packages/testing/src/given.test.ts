import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { consumer, decider, events, type InlineProjection, refuse, resource, service, view } from '@headwater/service'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { given, givenServices } from './index.ts'

const pots = events('pots', {
  Saved: { data: z.object({ potId: z.string(), amountMinor: z.int() }), level: 'published', key: 'potId' },
})
const pot = decider('pot', pots, {
  commands: { save: z.object({ amountMinor: z.int() }) },
  initialState: () => ({ savedMinor: 0 }),
  decide: {
    save: ({ amountMinor }, { savedMinor }, { id }) =>
      savedMinor + amountMinor > 100
        ? refuse('too-much', 'A pot holds 100 at most.')
        : [pots.Saved({ potId: id, amountMinor })],
  },
  evolve: { Saved: ({ savedMinor }, { amountMinor }) => ({ savedMinor: savedMinor + amountMinor }) },
})
const thanks = events('thanks', {
  Thanked: { data: z.object({ potId: z.string(), name: z.string() }), personal: { name: 'potId' } },
})
const thank = decider('thank', thanks, {
  commands: { thank: z.object({}) },
  initialState: () => ({ times: 0 }),
  decide: { thank: (_, __, { id }) => [thanks.Thanked({ potId: id, name: 'somebody' })] },
  evolve: { Thanked: ({ times }) => ({ times: times + 1 }) },
})
const list: InlineProjection = {
  name: 'pots',
  decider: pot,
  rows: (_, { id, state }) => [{ key: id, value: state.savedMinor }],
}
const potService = service('pots', {
  facts: pots,
  resources: [
    resource('/pots/{potId}', pot, {
      links: {},
      actions: { save: { scope: 'pots:write', create: 'client' } },
    }),
    view('/pots', async (_, { rows }) => ({ pots: await rows('pots', {}) }), { links: {} }),
  ],
  projections: [list],
})
const thankService = service('thanks', {
  facts: thanks,
  resources: [],
  consumers: [consumer('thank-savers', pots, { Saved: ({ potId }, { run }) => run(thank.thank, potId, {}) })],
})
const before = [pots.Saved({ potId: 'p1', amountMinor: 60 })]

it('speaks of a decider without a database, in milliseconds', () => {
  const start = performance.now()
  for (let times = 0; times < 100; times++) {
    const world = { id: 'p1' }
    given(pot, before, world)
      .when('save', { amountMinor: 30 })
      .then(pots.Saved({ potId: 'p1', amountMinor: 30 }))
    given(pot, before, world).when('save', { amountMinor: 50 }).refused('too-much')
    given(pot, before, world).when('save', { amountMinor: 30 }).state({ savedMinor: 90 })
  }
  expect((performance.now() - start) / 100).toBeLessThan(5)
})

it('says the same of a service over HTTP', async () => {
  const one = await givenServices([potService], { 'pots/pot-p1': before })
  try {
    const listed = await one.landscape.services.get('pots')!.query('select key, value from headwater.rows')
    expect(listed).toEqual([{ key: 'p1', value: 60 }])
    const saved = one.when('/pots/pots/p1/save', { amountMinor: 30 })
    await saved.then(pots.Saved({ potId: 'p1', amountMinor: 30 }))
    await saved.state({ savedMinor: 90 })
    await one.when('/pots/pots/p1/save', { amountMinor: 50 }).refused('too-much')
    const other = one.when('/pots/pots/p1/save', { amountMinor: 1 })
    await expect(other.then()).rejects.toThrow(/deep/)
    await expect(other.refused('too-much')).rejects.toThrow('Expected the refusal too-much, got Saved')
    await expect(other.state({ savedMinor: 1 })).rejects.toThrow(/deep/)
  } finally {
    await one.stop()
  }
})

it('says the same of a whole bank, with what follows in other services', async () => {
  const both = await givenServices([potService, thankService])
  try {
    await both
      .when('/pots/pots/p2/save', { amountMinor: 5 })
      .then(pots.Saved({ potId: 'p2', amountMinor: 5 }), thanks.Thanked({ potId: 'p2', name: 'somebody' }))
  } finally {
    await both.stop()
  }
})

it('works under node:test as it does under vitest', async () => {
  const root = join(import.meta.dirname, '..', '..', '..')
  const shelf = join(root, 'node_modules', '.headwater-tests')
  await mkdir(shelf, { recursive: true })
  const folder = await mkdtemp(join(shelf, 'node-test-'))
  const spec = (code: string) => `
    import { test } from 'node:test'
    import { decider, events, refuse } from '@headwater/service'
    import { given } from '@headwater/testing'
    import { z } from 'zod'
    const pots = events('pots', { Saved: { data: z.object({ amountMinor: z.int() }) } })
    const pot = decider('pot', pots, {
      commands: { save: z.object({ amountMinor: z.int() }) },
      initialState: () => ({ savedMinor: 0 }),
      decide: { save: (cmd, pot) => (pot.savedMinor > 0 ? refuse('full', 'It is full.') : [pots.Saved(cmd)]) },
      evolve: { Saved: (_, { amountMinor }) => ({ savedMinor: amountMinor }) },
    })
    test('saves once', () => given(pot, [pots.Saved({ amountMinor: 1 })]).when('save', { amountMinor: 2 }).refused('${code}'))`
  const run = async (code: string) => {
    await writeFile(join(folder, 'pot.spec.ts'), spec(code))
    const args = ['--conditions=source', '--import', import.meta.resolve('tsx'), '--test', join(folder, 'pot.spec.ts')]
    const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
    return await promisify(execFile)(process.execPath, args, { env }).catch((error: { stdout: string }) => error)
  }
  try {
    expect((await run('full')).stdout).toMatch(/pass 1\n[^]*fail 0/)
    expect((await run('empty')).stdout).toMatch(/pass 0\n[^]*fail 1/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
