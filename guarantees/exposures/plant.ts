import type { FaultKind } from '@headwater/experiment/analysis'
import type { TableEvent } from '../../packages/experiment/test/events-table.ts'
import type { Logs } from './logs.ts'

export const kinds: readonly FaultKind[] = ['missing', 'doubled', 'wrong-variant', 'out-of-order']

/**
 * Plants so many faults of each kind among the exposures of both experiments: one is taken out, said twice, given another variant, or moved out of its append.
 * Positions of what follows stay; a log with a hole is what a lost exposure looks like to the ledger.
 */
export function plant(
  logs: Logs,
  each: number,
  random: () => number,
  inFlight: `${number}s`,
): { planted: string[]; faulty: Logs } {
  const adoptedLast = new Map<string, number>()
  for (const event of logs)
    if (event.type === 'AllocationAdopted')
      adoptedLast.set(event.service, Math.max(event.time, adoptedLast.get(event.service) ?? 0))
  const requests = new Map(logs.filter(({ type }) => type === 'RequestReceived').map((event) => [event.id, event]))
  const adoptions = logs.filter(({ type }) => type === 'AllocationAdopted')
  const longest = Number.parseInt(inFlight, 10) * 1_000_000
  const exposures = logs.filter((event) => event.type === 'ExperimentExposed')
  const settled = shuffled(
    exposures.filter((event) => isSettled(event, adoptions, longest)),
    random,
  )
  const planted: string[] = []
  const faulty = new Map(logs.map((event) => [`${event.service}-${event.position}`, event]))
  let beyond = 1_000_000
  const chosen = kinds.flatMap((kind) => Array.from({ length: each }, () => kind))
  for (const kind of chosen) {
    const event = settled.pop()
    if (event === undefined) throw new Error('Too few exposures to plant faults among. Let it run longer.')
    const at = `${event.service}-${event.position}`
    const data = event.data as { variant: string; request: string }
    if (kind === 'missing') {
      faulty.delete(at)
      planted.push(`missing ${requests.has(data.request) ? data.request : event.causationId}`)
    } else if (kind === 'doubled') {
      const again = { ...event, id: `again-${event.id}`, position: ++beyond }
      faulty.set(`again-${at}`, again)
      planted.push(`doubled ${again.id}`)
    } else if (kind === 'wrong-variant') {
      faulty.set(at, { ...event, data: { ...data, variant: 'another' } })
      planted.push(`wrong-variant ${event.id}`)
    } else {
      faulty.set(at, { ...event, data: { ...data, allocation: 99 } })
      planted.push(`out-of-order ${event.id}`)
    }
  }
  return { planted, faulty: [...faulty.values()] }
}

/** Longer after every adoption than an act may be on its way: then the log holds it to one allocation only. */
function isSettled(event: TableEvent, adoptions: Logs, inFlightMicros: number): boolean {
  return !adoptions.some(
    ({ service, time }) => service === event.service && time <= event.time && event.time - time <= inFlightMicros,
  )
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => [random(), value] as const)
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value)
}
