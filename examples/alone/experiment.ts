// An experiment on exposures and outcomes that lie in whatever DuckDB reads: assign while serving, analyse later.
import { DuckDBInstance } from '@duckdb/node-api'
import { events } from '@headwater/contract'
import { assign, experiment, share } from '@headwater/experiment'
import { analyseAlone } from '@headwater/experiment/analysis'
import { z } from 'zod'

const shop = events('shop', { Bought: { data: z.object({ visitorId: z.string() }) } })
const bigButton = experiment('big-button', {
  hypothesis: 'A bigger button sells to more visitors.',
  unit: 'visitorId',
  variants: { plain: 50, big: 50 }, // the first is control
  primary: share(shop.Bought, { within: '7d' }),
  decide: { after: '7d', by: '2027-02-01' },
})
// Your tracking, here made up: one visitor in ten buys, one in eight who saw the big button.
const visitors = Array.from({ length: 20_000 }, (_, visitor) => {
  const { variant } = assign(bigButton, `v${visitor}`) // a pure function: nothing is looked up, nothing stored
  return { unit: `v${visitor}`, variant, buys: visitor % (variant === 'big' ? 8 : 10) === 0 }
})
const connection = await (await DuckDBInstance.create(':memory:')).connect()
await connection.run(
  `create table visit as select unnest(from_json($1, '[{"unit":"VARCHAR","variant":"VARCHAR","buys":"BOOLEAN"}]'), recursive := true)`,
  [JSON.stringify(visitors)],
)
const { decision, results } = await analyseAlone(
  {
    name: bigButton.name,
    exposures: `select unit, variant, timestamp '2027-01-01' as time from visit`,
    outcomes: `select unit, timestamp '2027-01-03' as time from visit where buys union all select 'end', timestamp '2027-02-01'`,
    variants: bigButton.variants,
    metric: 'share',
    within: '7d',
    method: 'fixed',
  },
  { query: async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJS() as never },
)
const exposed = Object.entries(results.observed.variants).map(([variant, { exposed }]) => `${exposed} ${variant}`)
console.log('exposed:', exposed.join(', '))
console.log(`${decision.kind}:`, decision.because)
