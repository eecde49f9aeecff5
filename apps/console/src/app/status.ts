import { queryOptions } from '@tanstack/react-query'
import { landscape } from './reach.ts'

export interface Reading {
  readonly service: string
  /** Up to which all was handled. */
  readonly position: number
}
export interface ConsumerNow {
  readonly name: string
  readonly state: string
  readonly lag: number
  readonly lagSeconds: number
  readonly parked: number
  readonly handled: number
  readonly reads: readonly Reading[]
}
export interface ServiceNow {
  readonly service: string
  readonly title: string
  readonly url: string
  /** Runs in another process, which says how it is itself. */
  readonly elsewhere: boolean
  readonly position: number
  readonly projections: readonly { readonly name: string; readonly lag: number }[]
  readonly consumers: readonly ConsumerNow[]
  readonly calls: readonly { readonly service: string; readonly count: number }[]
  /** Events a second, the last minute, oldest first. */
  readonly rates: readonly number[]
  readonly callRates: Readonly<Record<string, number>>
}
export interface Status {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly services: readonly ServiceNow[]
}

const everyMs = 1_000
const kept = 60
const smoothedOver = 5

const history: { at: number; positions: Map<string, number>; calls: Map<string, number> }[] = []

async function read(): Promise<Status> {
  const [listed, found] = await Promise.all([landscape.services(), landscape.follow('status')])
  const now = new Map((found.state.services as ServiceNow[]).map((one) => [one.service, one]))
  const at = Date.now()
  history.push({
    at,
    positions: new Map([...now.values()].map((one) => [one.service, one.position])),
    calls: new Map(
      [...now.values()].flatMap((one) => one.calls.map((call) => [`${one.service} ${call.service}`, call.count])),
    ),
  })
  if (history.length > kept + smoothedOver) history.shift()
  return {
    at,
    services: listed.map(({ name, title, url }) => {
      const one = now.get(name)
      const known = { service: name, title: title === undefined || title === name ? '' : title, url }
      if (one === undefined)
        return {
          ...known,
          elsewhere: true,
          position: 0,
          projections: [],
          consumers: [],
          calls: [],
          rates: [],
          callRates: {},
        }
      const callRates = one.calls.map((call) => [call.service, callRate(`${name} ${call.service}`)] as const)
      return { ...one, ...known, elsewhere: false, rates: rates(name), callRates: Object.fromEntries(callRates) }
    }),
  }
}

function rates(service: string): number[] {
  return history
    .slice(smoothedOver)
    .map((now, index) => perSecond(history[index]!, now, ({ positions }) => positions.get(service)))
}

function callRate(call: string): number {
  const [before, now] = [history.at(-1 - smoothedOver) ?? history[0], history.at(-1)]
  return before === undefined || now === undefined || before === now
    ? 0
    : perSecond(before, now, ({ calls }) => calls.get(call))
}

type Seen = (typeof history)[number]

function perSecond(before: Seen, now: Seen, of: (seen: Seen) => number | undefined): number {
  const from = of(before)
  const to = of(now)
  return from === undefined || to === undefined
    ? 0
    : Math.max(0, ((to - from) * 1_000) / Math.max(1, now.at - before.at))
}

/** The landscape as it is now, looked at every second. */
export const statusQuery = queryOptions({ queryKey: ['status'], queryFn: read, refetchInterval: everyMs })
