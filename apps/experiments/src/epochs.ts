import { field, type Query, text } from '@headwater/experiment/analysis'

/** An allocation, and the logs that use it: each from the moment it says so itself. */
export interface Epoch {
  readonly version: number
  readonly changedAt: string
  readonly coverage: number
  /** Set by a decision: the variant that everybody gets. */
  readonly everybody?: string
  readonly logs: readonly {
    readonly service: string
    /** Of `AllocationAdopted` in its log: what lies after it was decided by this allocation. */
    readonly position: number
    readonly adoptedAt: string
    readonly afterMs: number
  }[]
  /** Services that declare the experiment and have not adopted it, nor a later one: they still use an earlier one. */
  readonly waiting: readonly string[]
}

/** Every allocation of an experiment, oldest first. */
export async function epochsOf(query: Query, experiment: string): Promise<Epoch[]> {
  const rows = await query(`select service, type, cast(position as varchar) as position,
      strftime(recorded_at, '%Y-%m-%dT%H:%M:%S.%fZ') as time, cast(epoch_us(recorded_at) as varchar) as micros, data
    from events where type in ('AllocationChanged', 'AllocationAdopted', 'ExperimentDeclared') and ${field('experiment')} = ${text(experiment)}
    order by recorded_at, service, events.position`)
  const events = rows.map((row) => ({
    service: String(row.service),
    type: String(row.type),
    position: Number(row.position),
    time: String(row.time),
    micros: Number(row.micros),
    data: JSON.parse(String(row.data)) as { version: number; coverage?: number; everybody?: string },
  }))
  const declaring = [
    ...new Set(events.flatMap(({ type, service }) => (type === 'ExperimentDeclared' ? [service] : []))),
  ]
  const adoptions = events.filter(({ type }) => type === 'AllocationAdopted')
  return events
    .filter(({ type }) => type === 'AllocationChanged')
    .map(({ time, micros, data: { version, coverage = 100, everybody } }) => ({
      version,
      changedAt: time,
      coverage,
      ...(everybody === undefined ? {} : { everybody }),
      logs: adoptions
        .filter(({ data }) => data.version === version)
        .map((one) => ({
          service: one.service,
          position: one.position,
          adoptedAt: one.time,
          afterMs: Math.round((one.micros - micros) / 1000),
        })),
      waiting: declaring.filter(
        (service) => !adoptions.some((one) => one.service === service && one.data.version >= version),
      ),
    }))
}
