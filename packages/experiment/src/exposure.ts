import { type Event, events, type EventOf } from '@headwater/contract'
import { z } from 'zod'
import type { Allocation } from './allocation.ts'
import type { Attributes } from './assign.ts'
import type { Experiment } from './experiment.ts'
import { computedId } from './seal.ts'

const scalar = z.union([z.string(), z.number(), z.boolean()])
const attributes = z.record(z.string(), scalar)
const name = z.string()

/** An allocation as it travels in events. */
export const allocationSchema = z.object({
  experiment: name,
  version: z.int(),
  seal: z.string(),
  control: z.string(),
  seed: z.string(),
  variants: z.record(z.string(), z.number()),
  coverage: z.number().exactOptional(),
  namespace: z.object({ name, from: z.number(), to: z.number() }).exactOptional(),
  holdout: z.object({ name, percent: z.number() }).exactOptional(),
  eligible: z.record(z.string(), z.union([scalar, z.array(scalar)])).exactOptional(),
  everybody: z.string().exactOptional(),
})

/** A sealed declaration as it travels in events; `declaration` is the whole of it. */
export const declarationSchema = z.object({ experiment: name, seal: z.string(), declaration: z.looseObject({}) })

const withheldSchema = z.object({
  experiment: name,
  /** Version of the allocation it was assigned by. */
  allocation: z.int(),
  seal: z.string(),
  unit: z.string(),
  variant: z.string(),
  request: z.string(),
})
const exposed = withheldSchema.extend({ attributes: attributes.exactOptional() })

/**
 * The events every service that runs experiments keeps beside its own, so that its feed publishes them:
 * what it declares, which allocation it uses from here on, who was exposed or not in silence, and what a screen's reader saw.
 */
export function experimentFacts(service: string) {
  return events(service, {
    ExperimentDeclared: { data: declarationSchema, level: 'published' },
    AllocationAdopted: { data: allocationSchema, level: 'published' },
    ExperimentExposed: { data: exposed, level: 'published', key: 'unit' },
    /** It takes part, and got control: nobody who decides was heard for a day. */
    ExperimentWithheld: { data: withheldSchema, level: 'published', key: 'unit' },
    VariantSeen: {
      data: z.object({ experiment: name, unit: z.string(), variant: z.string(), what: z.enum(['seen', 'tapped']) }),
      level: 'published',
      key: 'unit',
    },
  })
}

/** What the service that keeps experiments publishes, and every service that runs some follows. */
export const allocationFacts = events('experiments', {
  AllocationChanged: { data: allocationSchema, level: 'published', key: 'experiment' },
})

export type ExperimentFact = EventOf<ReturnType<typeof experimentFacts>>

/** Events for one stream, as the event store appends them. */
export interface StreamAppend {
  readonly stream: string
  readonly expected: 'any'
  readonly events: readonly (Event & { readonly id: string })[]
}

/** The exposure of a unit by a request; its id is computed, so a repeat of the request is the same event. */
export function exposure(
  allocation: Allocation,
  of: { readonly unit: string; readonly variant: string; readonly request: string; readonly attributes?: Attributes },
): StreamAppend {
  const { experiment, version, seal } = allocation
  const { unit, variant, request } = of
  const asked = Object.keys(allocation.eligible ?? {}).map((key) => [key, of.attributes?.[key]])
  return only(`exposure-${experiment}.${unit}`, {
    id: computedId('exposure', experiment, String(version), unit, request),
    type: 'ExperimentExposed',
    data: {
      experiment,
      allocation: version,
      seal,
      unit,
      variant,
      request,
      ...(asked.length === 0 ? {} : { attributes: Object.fromEntries(asked) }),
    },
  })
}

/** A unit that takes part and got control in silence, so that the ledger misses no exposure of it. */
export function withheld(
  { experiment, version, seal, control }: Allocation,
  { unit, request }: { readonly unit: string; readonly request: string },
): StreamAppend {
  return only(`exposure-${experiment}.${unit}`, {
    id: computedId('withheld', experiment, String(version), unit, request),
    type: 'ExperimentWithheld',
    data: { experiment, allocation: version, seal, unit, variant: control, request },
  })
}

/** What a service appends before it uses an allocation: from here on, in its log, this epoch counts. */
export function adoption(service: string, allocation: Allocation): StreamAppend {
  const { experiment, version } = allocation
  return only(`allocation-${experiment}`, {
    id: computedId('adoption', service, experiment, String(version)),
    type: 'AllocationAdopted',
    data: allocation,
  })
}

/**
 * What a service appends when it starts with an experiment in its code that is not what its log says last.
 * @param earlier how often it has declared that experiment: what is said again after something else is news too.
 */
export function declared(service: string, experiment: Experiment<any>, earlier = 0): StreamAppend {
  const { name: said, seal } = experiment
  return only(`experiment-${said}`, {
    id: computedId('declared', service, said, seal, ...(earlier === 0 ? [] : [String(earlier)])),
    type: 'ExperimentDeclared',
    data: { experiment: said, seal, declaration: experiment },
  })
}

/** What the phone says about a screen: shown, or touched. Sent once though it may be sent again. */
export function seen(of: {
  readonly experiment: string
  readonly unit: string
  readonly variant: string
  readonly what: 'seen' | 'tapped'
  readonly key: string
}): StreamAppend {
  const { key, ...data } = of
  return only(`exposure-${of.experiment}.${of.unit}`, {
    id: computedId('seen', of.experiment, of.unit, of.what, key),
    type: 'VariantSeen',
    data,
  })
}

function only(stream: string, event: StreamAppend['events'][number]): StreamAppend {
  return { stream, expected: 'any', events: [event] }
}
