import { type Duration, microsOf } from './duration.ts'
import { mapEvents, type Metric } from './metric.ts'
import { ExperimentRefused } from './refused.ts'
import { sealOf } from './seal.ts'

type Primitive = string | number | boolean

/** What an experiment adds, and a person removes after the decision. */
export interface Adds {
  readonly services?: readonly string[]
  readonly consumers?: readonly string[]
  readonly topics?: readonly string[]
  readonly screens?: readonly string[]
}

/** What decides by itself, on the allocation only. */
export interface Rule {
  /** Minimum run before `keep`, or `kill` for lack of benefit; harm is stopped at once. */
  readonly after: Duration
  /** Day (ISO 8601) from which a person is asked when nothing is decided. */
  readonly by: string
  /** How often an experiment without effect may be kept; default 0.05, shared over variants. */
  readonly alpha?: number
  /** Default `always-valid`: may be looked at any time. `fixed` is decided once, at `by`. */
  readonly method?: 'always-valid' | 'fixed'
  /** Units at which the always-valid intervals are tightest; default 5,000. Best near where a decision is expected. */
  readonly tightestAt?: number
}

export interface Placement {
  /** Percent of units taking part; default 100. */
  readonly coverage?: number
  /** Experiments of one namespace never share a unit: each takes its own part of it, in percent. */
  readonly namespace?: { readonly name: string; readonly from: number; readonly to: number }
  /** Percent of units that no experiment naming this holdout ever touches. */
  readonly holdout?: { readonly name: string; readonly percent: number }
  /** Attributes a unit must have to take part; asked of `variant(experiment, unit, attributes)`. */
  readonly eligible?: { readonly [attribute: string]: Primitive | readonly Primitive[] }
}

export interface MeasuredDeclaration<V extends string, U extends string, P extends Metric<any>> extends Placement {
  readonly hypothesis: string
  /** The field that names who is assigned, in events of the primary metric. */
  readonly unit: U
  /** Percent of each variant; the first is control. They sum to 100. */
  readonly variants: { readonly [variant in V]: number }
  readonly primary: P
  readonly secondary?: readonly Metric<any>[]
  /** Metrics that may not get worse than their margin. */
  readonly guardrails?: readonly Metric<any>[]
  readonly decide: Rule
  readonly adds?: Adds
  /** What buckets are hashed with; default the name. */
  readonly seed?: string
}

/** The lightest form: people look on a day and say keep, kill or one more period. */
export interface PeopleDeclaration {
  readonly hypothesis: string
  readonly lookAt: string
  /** Day (ISO 8601). */
  readonly lookOn: string
  readonly adds: Adds
}

/** An experiment as sealed data. */
export interface Experiment<V extends string = string> extends Placement {
  readonly name: string
  /** SHA-256 (hex) of all that was declared: the experiment cannot change without it. */
  readonly seal: string
  readonly hypothesis: string
  readonly decidedBy: 'rule' | 'people'
  readonly unit: string
  readonly variants: { readonly [variant in V]: number }
  readonly control: string
  readonly seed: string
  readonly adds: Adds
  readonly primary?: Metric
  readonly secondary: readonly Metric[]
  readonly guardrails: readonly Metric[]
  readonly decide?: Rule
  readonly lookAt?: string
  readonly lookOn?: string
}

type UnitOf<P> = P extends Metric<infer U> ? U : never

/**
 * Declares an experiment measured on events and decided by its rule: pure data, sealed by its content hash.
 * Throws `ExperimentRefused`: HW_EXPERIMENT, HW_WEIGHTS, HW_METRIC, HW_UNIT_UNKNOWN, HW_DURATION.
 */
export function experiment<const V extends string, P extends Metric<any>, U extends UnitOf<P>>(
  name: string,
  declaration: MeasuredDeclaration<V, U, P>,
): Experiment<V> {
  requireName(name, 'an experiment')
  requireWords(name, declaration.hypothesis)
  requireWeights(name, declaration.variants)
  requirePlacement(name, declaration)
  requireOwnSeeds(name, declaration)
  requireRule(name, declaration.decide)
  const { primary, secondary = [], guardrails = [], decide, unit } = declaration
  for (const guardrail of guardrails) requireMargin(name, guardrail)
  const within = primary.within ?? decide.after
  const windowed = (metric: Metric): Metric => sealedMetric(name, unit, { ...metric, within: metric.within ?? within })
  const sealed = {
    ...declaration,
    decidedBy: 'rule' as const,
    name,
    control: Object.keys(declaration.variants)[0]!,
    seed: declaration.seed ?? name,
    adds: declaration.adds ?? {},
    primary: windowed(primary),
    secondary: secondary.map(windowed),
    guardrails: guardrails.map(windowed),
  }
  requireDistinct(name, metricsOf(sealed))
  return seal(sealed)
}

/** Declares an experiment that people decide on a day: the four-line form. Everybody gets it meanwhile. */
export function decidedByPeople(name: string, declaration: PeopleDeclaration): Experiment<'on'> {
  requireName(name, 'an experiment')
  requireWords(name, declaration.hypothesis)
  requireDay(name, 'lookOn', declaration.lookOn)
  return seal({
    ...declaration,
    decidedBy: 'people',
    name,
    unit: 'everybody',
    variants: { on: 100 },
    control: 'on',
    seed: name,
    secondary: [],
    guardrails: [],
  })
}

function seal<V extends string>(data: Omit<Experiment<V>, 'seal'>): Experiment<V> {
  return deepFreeze({ ...data, seal: contentHash(data) }) as Experiment<V>
}

/** Primary first, then secondary, then guardrails. */
export function metricsOf({
  primary,
  secondary,
  guardrails,
}: Pick<Experiment<any>, 'primary' | 'secondary' | 'guardrails'>): readonly Metric[] {
  return [...(primary === undefined ? [] : [primary]), ...secondary, ...guardrails]
}

/** Whether an experiment that was stored or sent is still what was sealed. */
export function isSealed(experiment: Experiment): boolean {
  return contentHash(experiment) === experiment.seal
}

function contentHash({ seal: _, ...data }: Omit<Experiment, 'seal'> & { readonly seal?: string }): string {
  // What schemas and levels say today is no part of the promise: a field added to an event changes no experiment.
  const plain = JSON.parse(
    JSON.stringify(data, (key, value) => (key === 'fields' || key === 'internal' ? undefined : value)),
  )
  // The order of variants is: it says which one is control and where buckets lie, and canonical JSON sorts keys.
  return sealOf({ ...plain, variants: Object.entries(data.variants) })
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const held of Object.values(value)) deepFreeze(held)
  }
  return value
}

/** Settles what schemas say now, so that the seal does not hang on them: where the unit of each event is found. */
function sealedMetric(name: string, unit: string, metric: Metric): Metric {
  const window = metric.within!
  if (metric.from !== undefined && microsOf(metric.from) >= microsOf(window)) {
    refuse('HW_METRIC', name, `metric "${metric.name}" starts ${metric.from} after exposure, after its end ${window}`)
  }
  return mapEvents(metric, (events) => {
    if (events.unitFrom === 'request') return { ...events, experiment: name }
    const stream = events.unitBy !== undefined || events.fields?.includes(unit) === false
    return { ...events, unitFrom: stream ? 'stream' : 'data' }
  })
}

function requireDistinct(name: string, metrics: readonly Metric[]): void {
  const names = metrics.map((metric) => metric.name)
  const twice = names.find((one, index) => names.indexOf(one) !== index)
  if (twice !== undefined) refuse('HW_METRIC', name, `two metrics are called "${twice}": give one a name of its own`)
}

function requireName(name: string, what: string): void {
  if (!/^[a-z][a-z0-9-]{0,59}$/.test(name)) {
    throw new ExperimentRefused(
      'HW_EXPERIMENT',
      `Expected ${what} name like "round-ups", got "${name}". Use at most 60 lower-case letters, digits and "-".`,
    )
  }
}

function requireWords(name: string, hypothesis: string): void {
  if (typeof hypothesis !== 'string' || hypothesis.trim().length < 10)
    refuse('HW_EXPERIMENT', name, 'its hypothesis is a sentence that can turn out wrong, of at least 10 characters')
}

function requireWeights(name: string, variants: Readonly<Record<string, number>>): void {
  const entries = Object.entries(variants)
  if (entries.length < 2 || entries.length > 20)
    refuse('HW_WEIGHTS', name, `it needs 2 to 20 variants, got ${entries.length}`)
  for (const [variant, weight] of entries) {
    if (!/^[a-z][a-z0-9-]{0,39}$/.test(variant))
      refuse('HW_WEIGHTS', name, `variant "${variant}" is not at most 40 lower-case letters, digits and "-"`)
    if (!(weight >= 0) || !Number.isInteger(hundredths(weight)))
      refuse('HW_WEIGHTS', name, `the weight of "${variant}" is a percentage with at most two decimals, got ${weight}`)
  }
  const total = entries.reduce((sum, [, weight]) => sum + hundredths(weight), 0)
  if (total !== 10_000) {
    const said = entries.map(([variant, weight]) => `${variant} ${weight}`).join(' + ')
    refuse('HW_WEIGHTS', name, `expected weights that sum to 100, got ${said} = ${total / 100}`)
  }
}

/** Percent in hundredths, the finest part a bucket has; rounded to 1e-6 so that 33.33 × 100 is 3333. */
const hundredths = (percent: number) => Math.round(percent * 1e8) / 1e6

function requirePlacement(name: string, { coverage, namespace, holdout }: Placement): void {
  const percent = (value: number) => value >= 0 && value <= 100 && Number.isInteger(hundredths(value))
  if (coverage !== undefined && !percent(coverage))
    refuse('HW_EXPERIMENT', name, `coverage is 0 to 100 percent, got ${coverage}`)
  if (holdout !== undefined && !percent(holdout.percent))
    refuse('HW_EXPERIMENT', name, `its holdout is 0 to 100 percent, got ${holdout.percent}`)
  if (namespace !== undefined && !(percent(namespace.from) && percent(namespace.to) && namespace.from < namespace.to))
    refuse('HW_EXPERIMENT', name, `its part of namespace ${namespace.name} runs from a percent to a larger one`)
}

/**
 * Names of namespace and holdout are what a unit is hashed with, beside the seed: named alike, its places in two of them are one place, and whole variants
 * get nobody. They are no salted parts of one name, since all experiments that name one, old and new, have to find the same units in it.
 */
function requireOwnSeeds(
  name: string,
  { seed = name, namespace, holdout }: Placement & { readonly seed?: string },
): void {
  const hashed = Object.entries({ seed, namespace: namespace?.name, holdout: holdout?.name })
  for (const [what, said] of hashed) {
    const [other] = hashed.find(([one, also]) => one !== what && also === said && said !== undefined) ?? []
    if (other !== undefined)
      refuse(
        'HW_EXPERIMENT',
        name,
        `its ${what} and its ${other} are both "${said}": give one a name of its own, or units fall alike in both`,
      )
  }
}

function requireRule(name: string, { after, by, alpha = 0.05 }: Rule): void {
  microsOf(after)
  requireDay(name, 'decide.by', by)
  if (!(alpha > 0 && alpha <= 0.2)) refuse('HW_EXPERIMENT', name, `alpha is above 0 and at most 0.2, got ${alpha}`)
}

function requireMargin(name: string, { name: metric, mayRise, mayFall }: Metric): void {
  if ((mayRise === undefined) === (mayFall === undefined))
    refuse('HW_METRIC', name, `guardrail "${metric}" says how far it may move: mayRise or mayFall, one of them`)
}

function requireDay(name: string, field: string, day: string): void {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || new Date(`${day}T00:00:00Z`).toJSON()?.slice(0, 10) !== day)
    refuse('HW_EXPERIMENT', name, `${field} is a day like "2027-02-01", got "${day}"`)
}

function refuse(code: `HW_${string}`, name: string, detail: string): never {
  throw new ExperimentRefused(code, `Experiment ${name}: ${detail}.`)
}
