import { events } from '@headwater/contract'
import { count, type Experiment, experiment, share, sum } from '@headwater/experiment'
import { conclude, decide, type Decision, metricsOf, type Observed, type Results } from '@headwater/experiment/analysis'
import { addUnits, noUnits, random, type Random, type Sums, sumsToJson } from '@headwater/stats'
import { z } from 'zod'

const facts = events('pots', {
  Saved: { data: z.object({ customerId: z.string(), amountMinor: z.int() }) },
  Closed: { data: z.object({ customerId: z.string() }) },
  Visited: { data: z.object({ customerId: z.string() }) },
})

/** A world: how units come, and what they bring. */
export interface World {
  readonly name: string
  readonly variants: Readonly<Record<string, number>>
  /** Units on a day. */
  readonly arrivals: (day: number, dice: Random) => number
  /** Minor units that a unit brings who came on a day. */
  readonly amount: (day: number, dice: Random) => number
  /** Days until the primary's, the guardrail's and the secondary's windows close. */
  readonly windows: readonly [primary: number, guardrail: number, secondary: number]
  readonly guardrails: boolean
  readonly secondary: boolean
  /** What units of the treatments bring more, relative; absent: nothing. */
  readonly effect?: number
}

const two = { control: 50, treatment: 50 }
const steady = (dice: Random) => Math.round(Math.abs(1000 + 300 * dice.normal()))
const plain: World = {
  name: 'steady',
  variants: two,
  arrivals: () => 60,
  amount: (_, dice) => steady(dice),
  windows: [1, 1, 1],
  guardrails: false,
  secondary: false,
}
/** In which no variant does anything. */
export const worlds: readonly World[] = [
  plain,
  { ...plain, name: 'growing outcomes', amount: (day, dice) => Math.round(steady(dice) * (1 + day / 20)) },
  { ...plain, name: 'unequal windows', windows: [28, 7, 14], guardrails: true },
  {
    ...plain,
    name: 'staggered entry',
    arrivals: (day, dice) => (day % 20 === 1 ? 700 : day % 7 > 4 ? 5 : 10 + dice.below(50)),
  },
  { ...plain, name: 'heavy tails', amount: (_, dice) => Math.round(100 * Math.exp(1.5 * dice.normal())) },
  {
    ...plain,
    name: 'mostly nothing',
    amount: (_, dice) => (dice.uniform() < 0.95 ? 0 : Math.round(100 * Math.exp(dice.normal()))),
  },
  { ...plain, name: 'several metrics', guardrails: true, secondary: true },
  { ...plain, name: 'four variants', variants: { control: 25, a: 25, b: 25, c: 25 } },
]

/** In which the treatment does something: what never decides would pass everywhere else. */
export const effects = {
  kept: { ...plain, name: 'an effect of 10 %', effect: 0.1 },
  killed: { ...plain, name: 'a harm of 10 %', effect: -0.1 },
} as const satisfies Record<string, World>

export function declared(world: World): Experiment<any> {
  return experiment('nothing', {
    hypothesis: 'There is nothing to find here at all.',
    unit: 'customerId',
    variants: world.variants,
    primary: sum(facts.Saved, 'amountMinor', { within: `${world.windows[0]}d` }),
    guardrails: world.guardrails ? [share(facts.Closed, { within: `${world.windows[1]}d`, mayRise: '20pp' })] : [],
    secondary: world.secondary ? [count(facts.Visited, { within: `${world.windows[2]}d` })] : [],
    decide: { after: '14d', by: '2099-01-01' },
  })
}

interface Unit {
  readonly variant: number
  readonly values: readonly [amount: number, closes: boolean, visits: number]
}

/** What every day of one experiment's life shows, and what its rule says of it. */
export function* looks(
  of: Experiment<any>,
  world: World,
  { days, seed }: { readonly days: number; readonly seed: number },
): Generator<{ readonly results: Results; readonly decision: Decision }> {
  const dice = random(seed)
  const names = Object.keys(world.variants)
  const metrics = metricsOf(of)
  const kinds = ([0, 2, 1] as const).filter((kind) => kind === 0 || (kind === 2 ? world.secondary : world.guardrails))
  const sums = metrics.map(({ kind }) =>
    names.map(() => noUnits(kind === 'share' ? { kind: 'proportion' } : { kind: 'mean', scale: 1 }) as Sums),
  )
  const came: Unit[][] = []
  const exposed = names.map(() => 0)
  for (let day = 1; day <= days; day++) {
    const units = Array.from({ length: world.arrivals(day, dice) }, () => unitOf(world, day, dice, names.length))
    came[day] = units
    for (const { variant } of units) exposed[variant] = exposed[variant]! + 1
    kinds.forEach((kind, metric) => {
      const closing = came[day - world.windows[kind]] ?? []
      names.forEach((_, variant) => {
        const values = closing.filter((unit) => unit.variant === variant).map((unit) => unit.values[kind])
        sums[metric]![variant] = addUnits(sums[metric]![variant]!, values as never)
      })
    })
    const results = conclude(
      of,
      observed(
        of,
        day,
        names,
        exposed,
        metrics.map(({ name }, metric) => [name, sums[metric]!] as const),
      ),
    )
    yield { results, decision: decide(of, results) }
  }
}

function unitOf(world: World, day: number, dice: Random, variants: number): Unit {
  const variant = dice.below(variants)
  const times = variant === 0 ? 1 : 1 + (world.effect ?? 0)
  return {
    variant,
    values: [Math.round(times * world.amount(day, dice)), dice.uniform() < 0.03, dice.below(4)],
  }
}

const start = Date.parse('2027-01-01T00:00:00Z')
const timeOf = (day: number) => new Date(start + day * 86_400_000).toISOString()

function observed(
  of: Experiment<any>,
  day: number,
  names: readonly string[],
  exposed: readonly number[],
  metrics: readonly (readonly [string, readonly Sums[]])[],
): Observed {
  const variants = names.map((name, i) => [name, { exposed: exposed[i]!, seen: 0, from: timeOf(0), to: timeOf(day) }])
  return {
    experiment: of.name,
    seal: of.seal,
    engine: 1,
    at: { positions: {}, time: timeOf(day) },
    variants: Object.fromEntries(variants),
    carriedOver: 0,
    metrics: metrics.map(([name, held]) => ({
      name,
      variants: Object.fromEntries(names.map((variant, i) => [variant, { maturing: 0, sums: sumsToJson(held[i]!) }])),
    })),
  }
}
