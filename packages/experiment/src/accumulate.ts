import type { Allocation } from './allocation.ts'
import { type Adoption, type Era, eraOf, requireAdopted } from './era.ts'
import { type Experiment, metricsOf } from './experiment.ts'
import { type Exposed, foldMetric, type Outcome } from './fold-metric.ts'
import { type Events, eventsIn } from './metric.ts'
import { microsAt, timeAt } from './moment.ts'
import { observation } from './observe.ts'
import type { Observed, ObservedVariant } from './observed.ts'
import { ExperimentRefused } from './refused.ts'

/** An event as feeds and sources give it. */
export interface AccumulatedEvent {
  readonly position: number
  readonly type: string
  readonly stream: string
  readonly recordedAt: string
  readonly causationId: string
  readonly data: any
}

/** Events of one log, in order, with nothing left out in between but types that do not matter. */
export interface AccumulatedPage {
  readonly service: string
  /** Last position the page covers. */
  readonly to: number
  readonly events: readonly AccumulatedEvent[]
}

/** Sums of an experiment kept up as events come: the same bytes as from SQL, at the same cost however long it has run. */
export interface Accumulation {
  take(page: AccumulatedPage): void
  /** At the positions taken so far; `time` as in `LookAt`. What it has passed cannot be added to any more. */
  observe(at?: { readonly time?: string }): Observed
}

/**
 * @param services every log that may hold exposures or outcomes of it.
 * Throws HW_TIME_PASSED when an event arrives that is earlier than a time already observed.
 */
export function accumulate(experiment: Experiment<any>, services: readonly string[]): Accumulation {
  const logs = new Map(services.map((service) => [service, { position: 0, clock: 0 }]))
  const fold = foldExperiment(experiment)
  let waiting: Outcome[] = []
  let passed = 0
  return {
    take({ service, to, events }) {
      const log = logs.get(service)
      if (log === undefined) throw unknownLog(service, services)
      for (const event of events) {
        if (event.position <= log.position) continue
        log.clock = microsAt(event.recordedAt)
        if (log.clock < passed) throw timePassed(service, event, passed)
        if (fold.reads(service, event)) waiting.push(outcomeOf(service, event, log.clock))
      }
      log.position = Math.max(log.position, to)
    },
    observe({ time } = {}) {
      const clocks = [...logs.values()].map(({ clock }) => clock)
      const asOf = time === undefined ? clocks.reduce((a, b) => Math.min(a, b)) : microsAt(time)
      passed = Math.max(passed, asOf)
      const due = waiting.filter((event) => event.time < asOf).sort(canonically)
      waiting = waiting.filter((event) => event.time >= asOf)
      fold.advance(due, asOf)
      const positions = Object.fromEntries([...logs].map(([service, { position }]) => [service, position]))
      return fold.observe(positions, asOf)
    },
  }
}

/** By time, then adoptions first, then by log and position: what happened together is seen in one order everywhere. */
function canonically(a: Outcome, b: Outcome): number {
  if (a.time !== b.time) return a.time - b.time
  if (a.service === b.service) return a.position - b.position
  return a.service < b.service ? -1 : 1
}

function outcomeOf(service: string, event: AccumulatedEvent, time: number): Outcome {
  const { position, type, stream, causationId, data } = event
  return { service, position, type, stream, time, causationId, data }
}

function unknownLog(service: string, services: readonly string[]): ExperimentRefused {
  return new ExperimentRefused(
    'HW_LOG_UNKNOWN',
    `Expected a page of ${services.join(', ')}, got one of ${service}. Name every log when accumulation begins.`,
  )
}

function timePassed(service: string, { position, recordedAt }: AccumulatedEvent, passed: number): ExperimentRefused {
  return new ExperimentRefused(
    'HW_TIME_PASSED',
    `Event ${position} of ${service} was recorded at ${recordedAt}, before ${timeAt(passed)}, which was already observed. Observe only times that every log has passed; begin anew from history.`,
  )
}

/** The sums of one state, cut off where a decision ended the era. */
type Counted = Pick<Observed, 'variants' | 'carriedOver' | 'metrics'>

function foldExperiment(experiment: Experiment<any>) {
  const metrics = metricsOf(experiment).map((metric, index) => foldMetric(metric, experiment.unit, index))
  const names = Object.keys(experiment.variants)
  const wanted = metricsOf(experiment).flatMap(eventsIn)
  const units = exposedUnits()
  const adopted: Adoption[] = []
  let ended: { readonly until: number; readonly counted: Counted } | undefined

  const count = (era: Era | undefined): Counted => ({
    ...units.count(era, names),
    metrics: metrics.map((metric) => metric.count(era, names)),
  })
  const close = (time: number) => metrics.forEach((metric) => metric.close(time))

  function adopt(event: Outcome): void {
    close(event.time)
    adopted.push({ ...event, allocation: event.data as Allocation })
    const era = eraOf(experiment, adopted)
    if (era?.until !== undefined && ended?.until !== era.until) ended = { until: era.until, counted: count(era) }
  }
  function step(event: Outcome): void {
    close(event.time)
    if (event.type === 'ExperimentExposed') {
      const exposed = units.expose(event)
      if (exposed !== undefined) for (const metric of metrics) metric.expose(exposed)
    } else if (event.type === 'VariantSeen') units.see(event)
    for (const metric of metrics) metric.take(event, units.get)
  }
  return {
    reads: (service: string, { type, data }: AccumulatedEvent): boolean =>
      isOwn(type)
        ? data.experiment === experiment.name
        : wanted.some((events) => reads(events, service, type, data, experiment.unit)),
    advance(due: readonly Outcome[], asOf: number): void {
      // Adoptions of one moment come before everything else of it: an era ends before what happens at its end.
      for (let i = 0; i < due.length;) {
        let j = i
        while (j < due.length && due[j]!.time === due[i]!.time) j++
        const together = due.slice(i, j)
        for (const event of together) if (event.type === 'AllocationAdopted') adopt(event)
        for (const event of together) if (event.type !== 'AllocationAdopted') step(event)
        i = j
      }
      close(asOf)
    },
    observe(positions: Readonly<Record<string, number>>, asOf: number): Observed {
      requireAdopted(experiment, adopted)
      const era = eraOf(experiment, adopted)
      const counted = era?.until !== undefined && ended?.until === era.until ? ended.counted : count(era)
      return observation(experiment, { positions, asOf, era, ...counted })
    },
  }
}

const isOwn = (type: string) => type === 'ExperimentExposed' || type === 'AllocationAdopted' || type === 'VariantSeen'

/** Whether a metric needs an event: as an outcome, or because it names the unit of a stream. */
function reads(events: Events, service: string, type: string, data: any, unit: string): boolean {
  if (events.service !== service) return false
  return (
    events.type === type ||
    (events.unitFrom === 'stream' && (events.unitBy ?? type) === type && data?.[unit] !== undefined)
  )
}

interface Count {
  exposed: number
  seen: number
  from: number
  to: number
}

/** First exposures by unit, counted by allocation version and variant as they come. */
function exposedUnits() {
  const first = new Map<string, Exposed>()
  const shown = new Set<string>()
  const counts = new Map<number, Map<string, Count>>()
  function countOf({ version, variant, time }: Exposed): Count {
    const variants = counts.get(version) ?? new Map<string, Count>()
    counts.set(version, variants)
    const count = variants.get(variant) ?? { exposed: 0, seen: 0, from: time, to: time }
    variants.set(variant, count)
    return count
  }
  return {
    get: (unit: string) => first.get(unit),
    see({ data }: Outcome): void {
      if (data.what !== 'seen' || shown.has(data.unit)) return
      shown.add(data.unit)
      const exposed = first.get(data.unit)
      if (exposed !== undefined) countOf(exposed).seen++
    },
    expose({ service, position, time, causationId, data }: Outcome): Exposed | undefined {
      if (first.has(data.unit)) return undefined
      const { unit, variant, allocation: version } = data
      const exposed: Exposed = { unit, variant, version, service, position, time, causationId, values: [] }
      first.set(unit, exposed)
      const count = countOf(exposed)
      count.exposed++
      if (shown.has(unit)) count.seen++
      count.to = time
      return exposed
    },
    count: (era: Era | undefined, names: readonly string[]) => countEra(counts, era, names),
  }
}

function countEra(
  counts: ReadonlyMap<number, ReadonlyMap<string, Count>>,
  era: Era | undefined,
  names: readonly string[],
): Pick<Observed, 'variants' | 'carriedOver'> {
  const since = era?.firstVersion ?? Infinity
  const all = [...counts].flatMap(([version, variants]) =>
    [...variants].map(([name, count]) => ({ version, name, count })),
  )
  const of = (wanted: string): ObservedVariant => {
    const held = all.filter(({ version, name }) => version >= since && name === wanted).map(({ count }) => count)
    const total = (pick: (count: Count) => number) => held.reduce((sum, count) => sum + pick(count), 0)
    const [exposed, seen] = [total((count) => count.exposed), total((count) => count.seen)]
    if (held.length === 0) return { exposed, seen }
    const [from, to] = [Math.min(...held.map((count) => count.from)), Math.max(...held.map((count) => count.to))]
    return { exposed, seen, from: timeAt(from), to: timeAt(to) }
  }
  const carried = era === undefined ? [] : all.filter(({ version }) => version < since)
  return {
    variants: Object.fromEntries(names.map((name) => [name, of(name)])),
    carriedOver: carried.reduce((sum, { count }) => sum + count.exposed, 0),
  }
}
