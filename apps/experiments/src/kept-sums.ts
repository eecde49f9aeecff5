import type { Experiment } from '@headwater/experiment'
import {
  accumulate,
  type AccumulatedEvent,
  type Accumulation,
  type Observed,
  type Query,
} from '@headwater/experiment/analysis'

/** Where a look is taken: what the lake holds of every log, and a time that all of them have passed. */
export interface Passed {
  readonly positions: Readonly<Record<string, number>>
  readonly time: string
}

/** Sums of one experiment between looks: each look reads only what is new. */
export interface KeptSums {
  /** Errors as of `accumulate`; after one, the next look begins anew from all of history. */
  look(at: Passed): Promise<Observed>
}

/** Positions read at a time: an answer of the lake is bounded in rows. */
const pageSize = 5_000

export function keptSums(experiment: Experiment<any>, query: Query): KeptSums {
  let kept: { readonly services: string; readonly sums: Accumulation; readonly taken: Map<string, number> } | undefined
  const wanted = wantedSql(experiment)
  return {
    async look({ positions, time }) {
      const services = Object.keys(positions).sort()
      // A log that was not there before may hold what is older than what was seen: then from the start.
      if (kept?.services !== services.join())
        kept = { services: services.join(), sums: accumulate(experiment, services), taken: new Map() }
      const { sums, taken } = kept
      try {
        for (const service of services) {
          for (let from = taken.get(service) ?? 0; from < positions[service]!; from = taken.get(service)!) {
            const to = Math.min(from + pageSize, positions[service]!)
            sums.take({ service, to, events: await page(query, service, from, to, wanted) })
            taken.set(service, to)
          }
        }
        return sums.observe({ time })
      } catch (error) {
        kept = undefined
        throw error
      }
    },
  }
}

/** Everything of the services it measures, since any event there may name a stream's unit; of others, what is said about experiments. */
function wantedSql({ primary, secondary, guardrails }: Experiment<any>): string {
  const metrics = [...(primary === undefined ? [] : [primary]), ...secondary, ...guardrails]
  const events = metrics.flatMap(({ measure, per, funnel }) => [measure?.events, per?.events, ...(funnel?.steps ?? [])])
  const measured = [...new Set(events.flatMap((one) => (one === undefined ? [] : [`'${one.service}'`])))]
  return `(type in ('ExperimentExposed', 'AllocationAdopted', 'VariantSeen') or service in (${measured.join(', ')}))`
}

async function page(
  query: Query,
  service: string,
  from: number,
  to: number,
  wanted: string,
): Promise<AccumulatedEvent[]> {
  const rows = await query(`select cast(position as varchar) as position, type, stream, causation_id, data,
      strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ') as recorded
    from events where service = '${service}' and position > ${from} and position <= ${to} and ${wanted} order by events.position`)
  return rows.map((row) => ({
    position: Number(row.position),
    type: String(row.type),
    stream: String(row.stream),
    causationId: String(row.causation_id),
    recordedAt: String(row.recorded),
    data: JSON.parse(String(row.data)),
  }))
}
