// A service of one resource and one decider, in a process of its own.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decider, events, type InlineProjection, resource, service } from '@headwater/service'
import { startLandscape } from '@headwater/service/landscape'
import { z } from 'zod'

const pots = events('pots', { Saved: { data: z.object({ amountMinor: z.int() }), level: 'published' } })
const pot = decider('pot', pots, {
  commands: { save: z.object({ amountMinor: z.int().min(1).max(1_000_000) }) },
  initialState: () => ({ savedMinor: 0 }),
  decide: { save: (cmd) => [pots.Saved(cmd)] },
  evolve: { Saved: (state, { amountMinor }) => ({ savedMinor: state.savedMinor + amountMinor }) },
})
const rows: InlineProjection = { name: 'pots', decider: pot, rows: (_, { id, state }) => [{ key: id, value: state }] }
const potResource = resource('/pots/{potId}', pot, { links: {}, actions: { save: { scope: 'pots:write' } } })

const landscape = await startLandscape(
  [service('pots', { facts: pots, resources: [potResource], projections: [rows] })],
  {
    postgres: process.env.DATABASE_URL!,
    directory: await mkdtemp(join(tmpdir(), 'headwater-bench-request-')),
    lake: false,
  },
)
const token = await landscape.issuer.sign({ subject: 'bench', scopes: ['pots:read', 'pots:write'] })
process.send!({ port: landscape.listening.port, token })
