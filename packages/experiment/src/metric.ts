import { type AnyFacts, contractOf, type EventType, type OutputOf, type Schema } from '@headwater/contract'
import { type Duration, microsOf } from './duration.ts'
import { type Margin, marginOf, type MarginText } from './margin.ts'
import { ExperimentRefused } from './refused.ts'
import { fieldsOf } from './schema-fields.ts'

type Primitive = string | number | boolean
type FieldsHolding<Data, Value> = {
  [K in keyof Data]-?: NonNullable<Data[K]> extends Value ? K : never
}[keyof Data] &
  string
/** Fields of an event that can name a unit. */
export type UnitFields<S extends Schema> = FieldsHolding<OutputOf<S>, string>

/** Which events a metric looks at, and how each finds its unit. */
export interface Events {
  readonly service: string
  readonly type: string
  readonly where?: { readonly [field: string]: Primitive }
  /**
   * Whether the event names its unit itself, or the last earlier event of its stream that does, or, for a request, who was exposed
   * in the same append. Set when sealed.
   */
  readonly unitFrom?: 'data' | 'stream' | 'request'
  /** The experiment whose exposures name the units of requests. Set when sealed. */
  readonly experiment?: string
  /** Only requests that were refused. */
  readonly refused?: true
  /** The one type of event asked for the unit of a stream; absent where any may name it. */
  readonly unitBy?: string
  /** Fields of the data by the declared schema; absent when the schema cannot say. Not part of the seal. */
  readonly fields?: readonly string[]
  readonly internal?: boolean
}

/** One integer per unit: how many events, the sum of a field in units of 10^−scale, or 1 when there is any. */
export type Measure = (
  | { readonly of: 'count' }
  | { readonly of: 'any' }
  | { readonly of: 'sum'; readonly field: string; readonly scale: number }
) & {
  readonly events: Events
  /** Of one side of a ratio: it counts at most this, as `cap` of the metric it was. */
  readonly cap?: number
}

export type MetricKind = 'count' | 'sum' | 'mean' | 'ratio' | 'share' | 'quantile' | 'retention' | 'funnel'

/** A question over events with an answer per unit, said as data. */
export interface Metric<Unit extends string = string> {
  readonly kind: MetricKind
  readonly name: string
  /** What is summed per unit; absent for a funnel. */
  readonly measure?: Measure
  /** Below the line, for `mean` and `ratio`. */
  readonly per?: Measure
  /** 0 < q < 1, for `quantile`. */
  readonly q?: number
  readonly funnel?: Funnel
  /** Start of the window after first exposure; default at once. */
  readonly from?: Duration
  /** End of the window after first exposure; where absent, the experiment's primary says it. */
  readonly within?: Duration
  /** How far clocks of different services may differ: an event this much earlier still counts as after. Default `0s`. */
  readonly tolerance: Duration
  /** A unit's value counts at most this, in the metric's scale (winsorising by a bound fixed beforehand). */
  readonly cap?: number
  /** Window before exposure whose value of the same metric is the covariate (CUPED). */
  readonly before?: Duration
  readonly good: 'up' | 'down'
  readonly mayRise?: Margin
  readonly mayFall?: Margin
  /** The smallest effect worth having: what the forecast looks for. */
  readonly expect?: Margin
  /** Only for types: fields of its events that can be the unit. */
  readonly units?: Unit
}

export interface Funnel {
  readonly steps: readonly Events[]
  /** Whether the first event of step one starts the only attempt, or any may. */
  readonly start: 'first' | 'any'
  /** Longest time from step one to the last; absent: the metric's window. */
  readonly inside?: Duration
}

export interface MetricOptions<Data = any> {
  readonly name?: string
  readonly from?: Duration
  readonly within?: Duration
  readonly where?: { readonly [K in keyof Data]?: Data[K] & Primitive }
  /** The event of the same stream that names the unit, where this one does not. */
  readonly unitBy?: EventType<any, any>
  readonly tolerance?: Duration
  readonly cap?: number
  readonly before?: Duration
  readonly good?: 'up' | 'down'
  readonly mayRise?: MarginText
  readonly mayFall?: MarginText
  readonly expect?: MarginText
}

/** Events per unit. */
export function count<S extends Schema>(
  event: EventType<string, S>,
  options: MetricOptions<OutputOf<S>> = {},
): Metric<UnitFields<S>> {
  const events = eventsOf(event, options)
  return metric('count', `count of ${event.type}`, options, { measure: { of: 'count', events } })
}

/** Sum of a field per unit; integers, or decimals that `scale` makes integers (`scale: 2` for "12.34"). */
export function sum<S extends Schema>(
  event: EventType<string, S>,
  field: FieldsHolding<OutputOf<S>, number>,
  options: MetricOptions<OutputOf<S>> & { readonly scale?: number } = {},
): Metric<UnitFields<S>> {
  const measure = summed(event, field, options)
  return metric('sum', `sum of ${event.type}.${field}`, options, { measure })
}

/** Mean of a field over events: the sum over units divided by the events over units (delta method, since a unit has many). */
export function mean<S extends Schema>(
  event: EventType<string, S>,
  field: FieldsHolding<OutputOf<S>, number>,
  options: MetricOptions<OutputOf<S>> & { readonly scale?: number } = {},
): Metric<UnitFields<S>> {
  const measure = summed(event, field, options)
  return metric('mean', `mean of ${event.type}.${field}`, options, {
    measure,
    per: { of: 'count', events: measure.events },
  })
}

/** One metric's sum over units divided by another's. Each keeps its cap; windows and margins are those of the ratio. */
export function ratio<U extends string, V extends string>(
  above: Metric<U>,
  below: Metric<V>,
  options: Omit<MetricOptions, 'where' | 'unitBy'> = {},
): Metric<U & V> {
  const [measure, per] = [above.measure, below.measure]
  if (measure === undefined || per === undefined || above.per !== undefined || below.per !== undefined) {
    throw new ExperimentRefused(
      'HW_METRIC',
      `Expected a ratio of counts, sums or shares, got ${above.kind} over ${below.kind}.`,
    )
  }
  return metric('ratio', `${above.name} per ${below.name}`, options, {
    measure: { ...measure, ...defined({ cap: above.cap }) },
    per: { ...per, ...defined({ cap: below.cap }) },
  })
}

/** Share of units with at least one such event. */
export function share<S extends Schema>(
  event: EventType<string, S>,
  options: MetricOptions<OutputOf<S>> = {},
): Metric<UnitFields<S>> {
  return metric('share', `share with ${event.type}`, options, {
    measure: { of: 'any', events: eventsOf(event, options) },
  })
}

/**
 * Share of units with a request that the domain refused; of one action, or any of the service's. A refusal counts for the unit that its request
 * asked a variant for: ask before you refuse, and leave it to the decision (`when` refuses before).
 */
export function refusals(
  facts: AnyFacts,
  options: Omit<MetricOptions, 'where' | 'unitBy'> & { readonly action?: string } = {},
): Metric<any> {
  const { action, ...rest } = options
  const { service } = contractOf(facts)
  const events: Events = {
    service,
    type: 'RequestReceived',
    refused: true,
    unitFrom: 'request',
    internal: true,
    ...(action === undefined ? {} : { where: { action } }),
  }
  const name = `share with ${action ?? 'a request'} refused`
  return metric('share', name, { good: 'down', ...rest }, { measure: { of: 'any', events } })
}

/** Share of units that come back: at least one such event from `from` until `within` after exposure. */
export function retention<S extends Schema>(
  event: EventType<string, S>,
  options: MetricOptions<OutputOf<S>> & { readonly from: Duration; readonly within: Duration },
): Metric<UnitFields<S>> {
  const name = `retention by ${event.type} from ${options.from} to ${options.within}`
  return metric('retention', name, options, { measure: { of: 'any', events: eventsOf(event, options) } })
}

/** The q-quantile over units of a per-unit count or sum. */
export function quantile<U extends string>(
  q: number,
  of: Metric<U>,
  options: Omit<MetricOptions, 'where' | 'unitBy'> = {},
): Metric<U> {
  if (!(q > 0 && q < 1) || of.measure === undefined || of.per !== undefined) {
    throw new ExperimentRefused(
      'HW_METRIC',
      `Expected quantile(0 < q < 1, a count or sum), got ${q} of ${of.kind}. For the median of a sum: quantile(0.5, sum(…)).`,
    )
  }
  return metric('quantile', `${q}-quantile of ${of.name}`, { ...inherited(of), ...options }, { measure: of.measure, q })
}

/** Share of units that go through all steps in order. */
export function funnel<const E extends readonly EventType<any, any>[]>(
  steps: E,
  options: Omit<MetricOptions, 'where' | 'before' | 'cap'> & {
    readonly start: 'first' | 'any'
    readonly inside?: Duration
  },
): Metric<E[number] extends EventType<any, infer S> ? UnitFields<S> : never> {
  if (steps.length < 2 || steps.length > 10) {
    throw new ExperimentRefused('HW_METRIC', `Expected a funnel of 2 to 10 steps, got ${steps.length}.`)
  }
  if (options.inside !== undefined) microsOf(options.inside)
  const parts = steps.map((step) => eventsOf(step, options))
  const name = `funnel ${parts.map(({ type }) => type).join(' → ')}`
  return metric('funnel', name, options, {
    funnel: {
      steps: parts,
      start: options.start,
      ...(options.inside === undefined ? {} : { inside: options.inside }),
    },
  })
}

/** What a unit's value of one side counts at most; undefined where it is not bounded. */
export function capOf({ cap }: Metric, measure: Measure | undefined): number | undefined {
  return measure?.of === 'any' ? 1 : (measure?.cap ?? cap)
}

/** All groups of events a metric looks at. */
export function eventsIn(metric: Metric): readonly Events[] {
  const measures = [metric.measure, metric.per].flatMap((measure) => (measure === undefined ? [] : [measure.events]))
  return [...measures, ...(metric.funnel?.steps ?? [])]
}

/** The same metric over changed groups of events. */
export function mapEvents(metric: Metric, change: (events: Events) => Events): Metric {
  const measured = <M extends Measure>(measure: M): M => ({ ...measure, events: change(measure.events) })
  return {
    ...metric,
    ...(metric.measure && { measure: measured(metric.measure) }),
    ...(metric.per && { per: measured(metric.per) }),
    ...(metric.funnel && { funnel: { ...metric.funnel, steps: metric.funnel.steps.map(change) } }),
  }
}

function metric(
  kind: MetricKind,
  name: string,
  options: MetricOptions,
  of: Pick<Metric, 'measure' | 'per' | 'q' | 'funnel'>,
): Metric<any> {
  const { mayRise, mayFall, expect, from, within, cap, before } = options
  for (const duration of [from, within, before, options.tolerance]) if (duration !== undefined) microsOf(duration)
  if (from !== undefined && within !== undefined && microsOf(from) >= microsOf(within)) {
    throw new ExperimentRefused('HW_METRIC', `Expected a window that ends after it starts, got ${from} to ${within}.`)
  }
  if (cap !== undefined && !Number.isSafeInteger(cap)) {
    throw new ExperimentRefused('HW_METRIC', `Expected cap to be an integer in the metric's scale, got ${cap}.`)
  }
  if (cap !== undefined && !['count', 'sum', 'quantile'].includes(kind)) {
    throw new ExperimentRefused('HW_METRIC', `A ${kind} has no cap. Cap a count or a sum.`)
  }
  if (before !== undefined && (kind === 'quantile' || kind === 'funnel')) {
    throw new ExperimentRefused('HW_METRIC', `A ${kind} has no covariate. Leave out before.`)
  }
  return Object.freeze({
    kind,
    name: options.name ?? name,
    ...of,
    ...defined({ from, within, cap, before }),
    tolerance: options.tolerance ?? '0s',
    good: options.good ?? (mayRise === undefined ? 'up' : 'down'),
    ...defined({ mayRise: margin(mayRise), mayFall: margin(mayFall), expect: margin(expect) }),
  })
}

const margin = (said: MarginText | undefined) => (said === undefined ? undefined : marginOf(said))

function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
}

function inherited(of: Metric): MetricOptions {
  const { from, within, cap, tolerance, good } = of
  return defined({ from, within, cap, tolerance, good }) as MetricOptions
}

function summed(event: EventType<any, any>, field: string, options: MetricOptions & { readonly scale?: number }) {
  const events = eventsOf(event, options)
  if (events.fields?.includes(field) === false) {
    throw new ExperimentRefused(
      'HW_FIELD_UNKNOWN',
      `Event ${event.type} of ${event.service} has no field "${field}". It has: ${events.fields.join(', ')}.`,
    )
  }
  const scale = options.scale ?? 0
  if (!Number.isInteger(scale) || scale < 0 || scale > 9) {
    throw new ExperimentRefused('HW_METRIC', `Expected scale to be 0 to 9 decimal digits, got ${scale}.`)
  }
  return { of: 'sum', events, field, scale } as const
}

function eventsOf(event: EventType<any, any>, options: MetricOptions): Events {
  const { where, unitBy } = options
  if (unitBy !== undefined && unitBy.service !== event.service) {
    throw new ExperimentRefused(
      'HW_METRIC',
      `Expected unitBy to be an event of ${event.service}, whose streams ${event.type} is in; got one of ${unitBy.service}.`,
    )
  }
  return {
    service: event.service,
    type: event.type,
    ...defined({ where: where as Events['where'], unitBy: unitBy?.type, fields: fieldsOf(event.data) }),
    internal: event.level === 'internal',
  }
}
