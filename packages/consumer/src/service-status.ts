import { handledOf, type Holdings } from './holding.ts'
import type { Lane } from './lane.ts'
import type { Reader } from './reader.ts'
import type { ServiceStatus } from './running.ts'

export interface ServiceStatusOptions {
  readonly log: string | undefined
  readonly reader: Reader
  readonly holdings: Holdings
  readonly lanes: readonly Lane[]
  /** Milliseconds since 1970. */
  readonly now: number
}

/** How far this process is with one service's log. */
export function serviceStatus(service: string, on: ServiceStatusOptions): ServiceStatus {
  let slots = 0
  let least = Number.POSITIVE_INFINITY
  for (const held of on.holdings.all(service)) {
    slots += 1
    least = Math.min(least, handledOf(held).position)
  }
  const handled = slots === 0 ? 0 : least
  const waiting = on.lanes.flatMap((lane) => lane.oldest(service) ?? [])
  const ages = waiting.map(({ recordedAt }) => (on.now - Date.parse(recordedAt)) / 1_000)
  return {
    service,
    log: on.log,
    slots,
    handled,
    read: on.reader.read,
    atEnd: on.reader.atEnd,
    lagEvents: slots === 0 ? 0 : Math.max(0, on.reader.read - handled),
    lagSeconds: Math.max(0, ...ages),
  }
}
