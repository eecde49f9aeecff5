import type { Experiment } from '@headwater/experiment'
import { eventsIn, field, metricsOf, type Query, text } from '@headwater/experiment/analysis'
import type { Running } from '@headwater/service'
import type { Moment } from './lake.ts'

/** A log that does not answer within this is one that cannot be asked; the next look asks again. */
const answerMs = 5_000

/** The moment `agoMs` back: asked of every log there is, in this process or another, by the clock of the service's database. */
export async function momentOf(
  { query, source, surroundings }: Pick<Running, 'query' | 'source' | 'surroundings'>,
  agoMs: number,
): Promise<Moment> {
  const [clock] = await query<{ clock: string }>('select headwater.clock()')
  const time = new Date(Date.parse(clock!.clock) - agoMs).toISOString()
  const signal = AbortSignal.timeout(answerMs)
  async function endOf(service: string): Promise<number | undefined> {
    try {
      return (await source.before!({ service, time, signal }))?.position ?? 0
    } catch (error) {
      surroundings.log('warn', 'experiments-log-not-asked', { service, message: (error as Error).message })
      return undefined
    }
  }
  const ends = (await listed(surroundings)).map(async (service) => [service, await endOf(service)] as const)
  return { time, ends: new Map(await Promise.all(ends)) }
}

async function listed({ entry, fetch }: Running['surroundings']): Promise<readonly string[]> {
  const response = await fetch(entry, { headers: { accept: 'application/hal+json' } })
  const { _links: links } = (await response.json()) as { _links: { service?: readonly { readonly name: string }[] } }
  return (links.service ?? []).map(({ name }) => name)
}

/** Logs that hold exposures or outcomes of an experiment: of who has declared it, and of who is measured. */
export async function logsOf(experiment: Experiment<any>, query: Query): Promise<readonly string[]> {
  const { name } = experiment
  const rows = await query(
    `select distinct service from events where type = 'ExperimentDeclared' and ${field('experiment')} = ${text(name)}`,
  )
  const measured = metricsOf(experiment)
    .flatMap(eventsIn)
    .map(({ service }) => service)
  return [...new Set([...rows.map(({ service }) => String(service)), ...measured])]
}
