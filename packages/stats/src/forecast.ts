import { within } from './invalid.ts'
import { minimalEffect, unitsNeeded, type Plan, type Planned, type Size } from './planning.ts'
import { cannot } from './result.ts'

/** How units come. */
export interface Traffic {
  /** New units a day, both variants together: a number, or one per day as history had them (their mean is taken for the days after). */
  readonly perDay: number | readonly number[]
  /** Days until a unit's window has closed and it counts. Default 0. */
  readonly windowDays?: number
  /** Default 365. */
  readonly withinDays?: number
}

export interface Forecast {
  /** Days from the first exposure until the effect, if it is there, is seen with the power asked for. */
  readonly days: number
  /** Units that will count by then. */
  readonly units: number
}

/**
 * When an experiment will see an effect of this size: in how many days, or `not-with-this-traffic` and what could be seen instead.
 * A sequence without `tightestAt` is taken to be tightest at the units of the answer: pass those to `compare` as `tightestAt`.
 */
export function forecast(plan: Plan, size: Size, traffic: Traffic): Planned<Forecast> {
  const { windowDays = 0, withinDays = 365 } = traffic
  within('windowDays', windowDays, -1, Infinity)
  within('withinDays', withinDays, 0, Infinity)
  const needed = unitsNeeded(plan, size)
  if (needed.kind === 'cannot-compute') return needed
  const arriving = arrivals(traffic.perDay)
  let units = 0
  for (let day = 1; day <= withinDays; day++) {
    if (day > windowDays) units += arriving(day - windowDays)
    if (units >= needed.units) return { kind: 'computed', days: day, units: Math.floor(units) }
  }
  return cannot('not-with-this-traffic', instead(plan, needed.units, Math.floor(units), withinDays))
}

function arrivals(perDay: Traffic['perDay']): (day: number) => number {
  if (typeof perDay === 'number') return () => perDay
  const mean = perDay.length === 0 ? 0 : perDay.reduce((sum, count) => sum + count, 0) / perDay.length
  return (day) => perDay[day - 1] ?? mean
}

function instead(plan: Plan, needed: number, units: number, days: number): string {
  const found = units === 0 ? undefined : minimalEffect(plan, units)
  const short = `Not with this traffic: ${needed} units are needed, and in ${days} days ${units} will count.`
  if (found === undefined || found.kind === 'cannot-compute') return `${short} Look at a metric that varies less.`
  const { difference, lift } = found
  const size = lift === null ? `a difference of ${rounded(difference)}` : `a lift of ${rounded(100 * lift)} %`
  return `${short} They show ${size} or more.`
}

const rounded = (value: number) => Number(value.toPrecision(3))
