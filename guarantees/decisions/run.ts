// An experiment without effect is shipped by the rule no more often than its stated rate, however often one looks; intervals hold what they promise; a leak is found.
import { parseArgs } from 'node:util'
import { random, sampleRatio } from '@headwater/stats'
import { report } from '../../bench/harness/report.ts'
import { declared, effects, looks, type World, worlds } from './world.ts'

const { values: args } = parseArgs({
  options: {
    json: { type: 'boolean' },
    full: { type: 'boolean' },
    seed: { type: 'string', default: '1' },
    experiments: { type: 'string' },
    for: { type: 'string' },
  },
})
const experiments = Number(args.experiments ?? (args.full === true ? 10_000 : 2_000))
const [days, alpha, seed] = [100, 0.05, Number(args.seed)]
/** Three standard errors of a share of so many experiments: what simulation alone explains. */
const noise = (share: number) => 3 * Math.sqrt((share * (1 - share)) / experiments)

/**
 * Of so many experiments: how many were kept, killed, stopped for lost units; how many had an interval that missed "no effect" on any day, and how many had
 * any interval at all.
 */
function simulate(world: World, runs = experiments) {
  const of = declared(world)
  const counts = { world: world.name, kept: 0, killed: 0, stopped: 0, missed: 0, computed: 0 }
  for (let i = 0; i < runs; i++) {
    const said = new Set<string>()
    let [missed, computed] = [false, false]
    for (const { results, decision } of looks(of, world, { days, seed: seed * 1_000_003 + i })) {
      said.add(decision.kind)
      computed ||= results.metrics[0]!.treatments.every(({ comparison }) => comparison.kind === 'computed')
      missed ||= results.metrics[0]!.treatments.some(
        ({ comparison: c }) => c.kind === 'computed' && (c.difference.lower! > 0 || c.difference.upper! < 0),
      )
    }
    if (said.has('keep')) counts.kept++
    if (said.has('kill')) counts.killed++
    if (said.has('ask')) counts.stopped++
    if (missed) counts.missed++
    if (computed) counts.computed++
  }
  return counts
}

/** Exposures until a leak of a variant's units is found: 48 of 100 arrive where 50 should. */
function leaks(runs: number, share: number, most: number): number[] {
  return Array.from({ length: runs }, (_, run) => {
    const dice = random(seed * 7_919 + run)
    let [a, b] = [0, 0]
    for (let n = 1; n <= most; n++) {
      if (dice.uniform() < share) a++
      else b++
      if (n % 100 !== 0) continue
      const found = sampleRatio([
        { units: a, weight: 50 },
        { units: b, weight: 50 },
      ])
      if (found.kind === 'computed' && found.mismatch) return n
    }
    return Infinity
  }).sort((x, y) => x - y)
}

const table = worlds.map((world) => simulate(world))
/** Of experiments with an effect that many units show: what is decided as it should be. */
const shown = 100
const decided = (['kept', 'killed'] as const).map((as) => ({
  name: effects[as].name,
  as,
  share: simulate(effects[as], shown)[as] / shown,
}))
/** A 48/52 leak is found in 99 of 100 experiments within so many exposures. */
const leakWithin = 30_000
const found = leaks(300, 0.48, leakWithin)
const alarms = leaks(300, 0.5, leakWithin).filter((n) => n < Infinity).length
const leak = {
  median: found[150]!,
  within: leakWithin,
  found: found.filter((n) => n < Infinity).length / found.length,
  falseAlarms: alarms / 300,
}

const worstShip = Math.max(...table.map(({ kept }) => kept / experiments))
const percent = (share: number) => `${(100 * share).toFixed(2)} %`
const [computed, stopped] = [
  Math.min(...table.map((one) => one.computed)),
  Math.max(...table.map((one) => one.stopped)) / experiments,
]
const lines = table.map(({ world, kept, killed, missed }) => ({
  name: world,
  value: `kept ${percent(kept / experiments)}, killed ${percent(killed / experiments)}, an interval missed on some day ${percent(missed / experiments)}`,
  goal: `kept ≤ ${percent(alpha)}, missed ≤ ${percent(alpha + noise(alpha))}`,
  met: kept / experiments <= alpha && missed / experiments <= alpha + noise(alpha),
}))
report(
  [
    ...lines,
    {
      name: 'experiments with an interval on some day',
      value: `${computed} of ${experiments} in each world`,
      goal: 'all',
      met: computed === experiments,
    },
    {
      name: 'stopped for lost units, none being lost',
      value: `at most ${percent(stopped)}`,
      goal: `≤ ${percent(0.001 + noise(0.001))}`,
      met: stopped <= 0.001 + noise(0.001),
    },
    ...decided.map(({ name, as, share }) => ({
      name,
      value: `${as} ${percent(share)} of ${shown}`,
      goal: '≥ 95 %',
      met: share >= 0.95,
    })),
    {
      name: `a leak of 48/52 within ${leakWithin} exposures`,
      value: `${percent(leak.found)} found, half by ${leak.median}`,
      goal: '≥ 99 %',
      met: leak.found >= 0.99,
    },
    { name: 'alarms without a leak', value: percent(leak.falseAlarms), goal: '≤ 1 %', met: leak.falseAlarms <= 0.01 },
  ],
  `an experiment without effect was kept in at most ${percent(worstShip)} of ${experiments}, looked at ${days} times (limit ${percent(alpha)})`,
)
