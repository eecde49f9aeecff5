import { addUnits, noUnits, type Sums, sumsToJson, merge } from '@headwater/stats'
import { amountOf } from './amount.ts'
import { microsOf } from './duration.ts'
import type { Era } from './era.ts'
import { type FunnelState, funnelStep, reachedEnd } from './fold-funnel.ts'
import { capOf, type Events, type Measure, type Metric } from './metric.ts'
import type { ObservedMetric } from './observed.ts'
import { recent } from './recent.ts'
import { shapeOf } from './shape.ts'

/** An event that may count, with its time in microseconds. */
export interface Outcome {
  readonly service: string
  readonly position: number
  readonly type: string
  readonly stream: string
  readonly time: number
  readonly causationId: string
  readonly data: any
}

/** A unit at its first exposure, and what it has brought to each metric whose window is still open. */
export interface Exposed {
  readonly unit: string
  readonly variant: string
  readonly version: number
  readonly service: string
  readonly position: number
  readonly time: number
  readonly causationId: string
  readonly values: (UnitValue | undefined)[]
}

/** y (x below the line), the same before exposure (b, a), or how far into a funnel. */
interface UnitValue {
  y: bigint
  x: bigint
  b: bigint
  a: bigint
  readonly funnel: FunnelState
  /** An amount that counts is not in the metric's scale. */
  unfit?: true
}

/** One thing an event says to a metric: an amount for y or x, or a step of a funnel. */
interface Said {
  readonly time: number
  readonly service: string
  readonly position: number
  readonly causationId: string
  readonly part: 'y' | 'x' | number
  readonly amount: bigint
  readonly unfit?: true
}

export interface FoldedMetric {
  take(event: Outcome, exposed: (unit: string) => Exposed | undefined): void
  expose(unit: Exposed): void
  /** Enters every unit whose window has closed by a time, in order of closing. */
  close(time: number): void
  count(era: Era | undefined, variants: readonly string[]): ObservedMetric
}

interface Part {
  readonly part: Said['part']
  readonly events: Events
  readonly measure?: Measure
}

/** @param index place of this metric in `Exposed.values`. */
export function foldMetric(metric: Metric, unit: string, index: number): FoldedMetric {
  const [within, before] = [microsOf(metric.within!), microsOf(metric.before ?? '0s')]
  const parts = partsOf(metric)
  const names = streamNames(parts, unit)
  const requests = exposingRequests(parts)
  const unexposed = recent<Said>(Math.max(before, microsOf(metric.tolerance)))
  const totals = foldTotals(metric)
  const open: Exposed[] = []
  let next = 0

  function enter(exposed: Exposed): void {
    const value = exposed.values[index]!
    totals.enter(exposed, value.unfit ? undefined : finished(metric, value))
    exposed.values[index] = undefined
  }
  function say(said: Said, whose: string, exposedUnit: (unit: string) => Exposed | undefined): void {
    const exposed = exposedUnit(whose)
    if (exposed === undefined) unexposed.keep(whose, said)
    else if (exposed.values[index] !== undefined) apply(metric, exposed, exposed.values[index], said)
  }
  return {
    take(event, exposedUnit) {
      names.hear(event)
      for (const { part, request, whose } of requests.hear(event)) say(saying(part, request), whose, exposedUnit)
      for (const part of parts) {
        if (part.events.unitFrom === 'request' || !matches(part.events, event)) continue
        const whose = part.events.unitFrom === 'stream' ? names.of(event) : event.data?.[unit]
        if (whose !== undefined && whose !== null) say(saying(part, event), String(whose), exposedUnit)
      }
    },
    expose(exposed) {
      const value: UnitValue = { y: 0n, x: 0n, b: 0n, a: 0n, funnel: [] }
      exposed.values[index] = value
      totals.open(exposed)
      open.push(exposed)
      for (const said of unexposed.takeAll(exposed.unit)) apply(metric, exposed, value, said)
    },
    close(time) {
      while (next < open.length && open[next]!.time + within <= time) enter(open[next++]!)
      if (next > 10_000 && next > open.length / 2) {
        open.splice(0, next)
        next = 0
      }
    },
    count: totals.count,
  }
}

function partsOf({ measure, per, funnel }: Metric): readonly Part[] {
  const of = (part: 'y' | 'x', one: Measure | undefined): Part[] =>
    one === undefined ? [] : [{ part, events: one.events, measure: one }]
  const steps = (funnel?.steps ?? []).map((events, step) => ({ part: step, events }))
  // A later step first: one event that is two steps is not both at once.
  return [...of('y', measure), ...of('x', per), ...steps.reverse()]
}

function matches({ service, type, where, refused }: Events, event: Outcome): boolean {
  if (event.type !== type || event.service !== service) return false
  if (refused === true && (event.data?.refused ?? null) === null) return false
  return where === undefined || Object.entries(where).every(([name, wanted]) => equals(event.data?.[name], wanted))
}

const equals = (value: unknown, wanted: string | number | boolean) =>
  value !== undefined &&
  value !== null &&
  (typeof wanted === 'number' ? Number(value) === wanted : String(value) === String(wanted))

function saying({ part, measure }: Part, { time, service, position, causationId, data }: Outcome): Said {
  const place = { time, service, position, causationId, part }
  if (measure?.of !== 'sum') return { ...place, amount: 1n }
  const value = data?.[measure.field]
  try {
    return { ...place, amount: BigInt(amountOf(value, measure.scale) ?? 0) }
  } catch {
    // Told only when it counts: an event of nobody's window stops no experiment.
    return { ...place, amount: 0n, unfit: true }
  }
}

/** After exposure by order and cause within a log, by time (with the stated tolerance) across logs; else before it. */
function apply(metric: Metric, exposed: Exposed, value: UnitValue, said: Said): void {
  const after =
    said.service === exposed.service
      ? said.position > exposed.position || (said.time === exposed.time && said.causationId === exposed.causationId)
      : said.time >= exposed.time - microsOf(metric.tolerance)
  if (!after) {
    if (metric.before === undefined || said.time < exposed.time - microsOf(metric.before)) return
    if (said.part === 'y') value.b += said.amount
    if (said.part === 'x') value.a += said.amount
  } else {
    const since = Math.max(said.time, exposed.time) - exposed.time
    if (said.time >= exposed.time + microsOf(metric.within!) || since < microsOf(metric.from ?? '0s')) return
    if (said.part === 'y') value.y += said.amount
    else if (said.part === 'x') value.x += said.amount
    else funnelStep(metric, value.funnel, said.part, said)
  }
  if (said.unfit === true) value.unfit = true
}

type Finished = Pick<UnitValue, 'y' | 'x' | 'b' | 'a'>

function finished(metric: Metric, value: UnitValue): Finished {
  if (metric.funnel !== undefined) return { ...value, y: reachedEnd(metric, value.funnel) ? 1n : 0n }
  const bound = (total: bigint, measure: Measure | undefined) => {
    const most = capOf(metric, measure)
    return most !== undefined && total > most ? BigInt(most) : total
  }
  const { measure, per } = metric
  return { y: bound(value.y, measure), x: bound(value.x, per), b: bound(value.b, measure), a: bound(value.a, per) }
}

/** Units of streams whose events do not name them, by the last event that did. */
function streamNames(parts: readonly Part[], unit: string) {
  const wanted = parts.filter(({ events }) => events.unitFrom === 'stream').map(({ events }) => events)
  const named = new Map<string, string>()
  const key = ({ service, stream }: Outcome) => `${service}/${stream}`
  return {
    hear(event: Outcome): void {
      const naming = wanted.some(
        ({ service, unitBy }) => event.service === service && (unitBy ?? event.type) === event.type,
      )
      const value = naming ? event.data?.[unit] : undefined
      if (value !== undefined && value !== null) named.set(key(event), String(value))
    },
    of: (event: Outcome) => named.get(key(event)),
  }
}

/** Requests and the units exposed in their appends: of one moment and cause, whichever is first. */
function exposingRequests(parts: readonly Part[]) {
  const wanted = parts.filter(({ events }) => events.unitFrom === 'request')
  const key = ({ service, causationId }: Outcome) => `${service}/${causationId}`
  let moment = -1
  let asked = new Map<string, { part: Part; request: Outcome }[]>()
  let exposed = new Map<string, string[]>()
  const add = <T>(to: Map<string, T[]>, event: Outcome, one: T) =>
    void to.set(key(event), [...(to.get(key(event)) ?? []), one])
  return {
    /** What this event completes. */
    hear(event: Outcome): readonly { readonly part: Part; readonly request: Outcome; readonly whose: string }[] {
      if (wanted.length === 0) return []
      if (event.time !== moment) {
        moment = event.time
        asked = new Map()
        exposed = new Map()
      }
      if (event.type === 'ExperimentExposed') {
        const whose = String(event.data.unit)
        add(exposed, event, whose)
        return (asked.get(key(event)) ?? []).map((one) => ({ ...one, whose }))
      }
      const found = wanted.filter(({ events }) => matches(events, event)).map((part) => ({ part, request: event }))
      for (const one of found) add(asked, event, one)
      return found.flatMap((one) => (exposed.get(key(event)) ?? []).map((whose) => ({ ...one, whose })))
    },
  }
}

interface Total {
  maturing: number
  unfit: number
  sums: Sums | undefined
  waiting: any[]
  readonly values: Map<bigint, number>
}

/** What has been entered, by allocation version and variant, so that eras can be told apart afterwards. */
function foldTotals(metric: Metric) {
  const shape = shapeOf(metric)
  const totals = new Map<number, Map<string, Total>>()
  const totalOf = ({ version, variant }: Exposed): Total => {
    const variants = totals.get(version) ?? new Map<string, Total>()
    totals.set(version, variants)
    const total = variants.get(variant) ?? {
      maturing: 0,
      unfit: 0,
      sums: shape && (noUnits(shape) as Sums),
      waiting: [],
      values: new Map(),
    }
    variants.set(variant, total)
    return total
  }
  const flushed = (total: Total): Sums => {
    total.sums = addUnits(total.sums!, total.waiting as never)
    total.waiting = []
    return total.sums
  }
  return {
    open: (exposed: Exposed) => void totalOf(exposed).maturing++,
    enter(exposed: Exposed, value: Finished | undefined): void {
      const total = totalOf(exposed)
      total.maturing--
      if (value === undefined) total.unfit++
      else if (shape === undefined) total.values.set(value.y, (total.values.get(value.y) ?? 0) + 1)
      else if (total.waiting.push(unitOf(metric, value)) > 10_000) flushed(total)
    },
    count(era: Era | undefined, variants: readonly string[]): ObservedMetric {
      const versions = [...totals].filter(([version]) => era !== undefined && version >= era.firstVersion)
      const of = (variant: string) => {
        const held = versions.flatMap(([, of]) => of.get(variant) ?? [])
        const unfit = held.reduce((total, one) => total + one.unfit, 0)
        const maturing = held.reduce((total, one) => total + one.maturing, 0)
        const counted = { maturing, ...(unfit === 0 ? {} : { unfit }) }
        if (shape === undefined) return { ...counted, values: valuesOf(held) }
        return { ...counted, sums: sumsToJson(held.map(flushed).reduce(merge, noUnits(shape) as Sums)) }
      }
      return { name: metric.name, variants: Object.fromEntries(variants.map((variant) => [variant, of(variant)])) }
    },
  }
}

function unitOf(metric: Metric, { y, x, b, a }: Finished): unknown {
  const covariate = metric.before !== undefined
  if (metric.per !== undefined) return covariate ? { y, x, before: { y: b, x: a } } : { y, x }
  if (covariate) return { value: y, before: b }
  return shapeOf(metric)?.kind === 'proportion' ? y > 0n : y
}

function valuesOf(held: readonly Total[]): (readonly [string, number])[] {
  const units = new Map<bigint, number>()
  for (const { values } of held) for (const [value, n] of values) units.set(value, (units.get(value) ?? 0) + n)
  return [...units].sort(([a], [b]) => (a < b ? -1 : 1)).map(([value, n]) => [String(value), n] as const)
}
