import type { SourceEvent, SourcePage } from '@headwater/consumer'

/** Events of a bank of four services over 26 weeks, the same on every run. */
const WEEKS = 26
const START = Date.parse('2026-01-05T00:00:00Z')
/** Events a customer has, on average. */
const PER_CUSTOMER = 100
const MERCHANTS = 500
const CATEGORIES = ['groceries', 'rent', 'travel', 'eating-out', 'health', 'shopping', 'bills', 'fun']

type Make = (random: () => number, customerId: string) => Record<string, unknown>

/** Share of all events, service, type, payload. */
const kinds: readonly (readonly [number, string, string, Make])[] = [
  [
    0.01,
    'customers',
    'CustomerRegistered',
    (r) => ({ email: { sealed: text(r, 64) }, country: pick(r, ['DE', 'CH', 'AT', 'FR']) }),
  ],
  [
    0.34,
    'customers',
    'AppOpened',
    (r) => ({ platform: pick(r, ['ios', 'android', 'web']), version: `5.${int(r, 40)}.${int(r, 9)}` }),
  ],
  [0.02, 'accounts', 'AccountOpened', (r) => ({ accountId: `a${int(r, 1e6)}`, iban: { sealed: text(r, 44) } })],
  [
    0.1,
    'accounts',
    'MoneyDeposited',
    (r) => ({ accountId: `a${int(r, 1e6)}`, amountMinor: int(r, 500_000), currency: 'EUR' }),
  ],
  [
    0.13,
    'payments',
    'PaymentSent',
    (r) => ({ amountMinor: int(r, 100_000), currency: 'EUR', to: { sealed: text(r, 44) }, reference: text(r, 20) }),
  ],
  [
    0.25,
    'payments',
    'CardPaid',
    (r) => ({
      cardId: `k${int(r, 1e6)}`,
      amountMinor: int(r, 20_000),
      currency: 'EUR',
      merchant: `m${int(r, MERCHANTS)}`,
      category: pick(r, CATEGORIES),
    }),
  ],
  [0.02, 'pots', 'PotOpened', (r) => ({ potId: `p${int(r, 1e6)}`, name: text(r, 8) })],
  [0.13, 'pots', 'Saved', (r) => ({ potId: `p${int(r, 1e6)}`, amountMinor: int(r, 10_000), roundedUp: r() < 0.5 })],
]

export interface BankPage {
  readonly service: string
  readonly page: SourcePage
}

/** Pages of about 1,000 events, in the order they happen; positions of each service are dense. */
export function* bankPages(events: number): Iterable<BankPage> {
  const random = mulberry32(7)
  const customers = Math.max(100, Math.round(events / PER_CUSTOMER))
  const positions = new Map<string, number>()
  const open = new Map<string, SourceEvent[]>()
  const step = (WEEKS * 7 * 86_400_000) / events
  for (let index = 0; index < events; index++) {
    const [service, type, make] = kindAt(random())
    // A customer comes at some time and becomes rarer with a higher number, so that cohorts differ.
    const customerId = `c${Math.floor(customers * random() * Math.min(1, 0.2 + index / events))}`
    const position = (positions.get(service) ?? 0) + 1
    positions.set(service, position)
    const page = open.get(service) ?? []
    open.set(service, page)
    page.push(eventOf(position, type, customerId, make(random, customerId), START + index * step, index))
    if (page.length < 1_000) continue
    open.delete(service)
    yield pageOf(service, page)
  }
  for (const [service, page] of open) yield pageOf(service, page)
}

function pageOf(service: string, events: SourceEvent[]): BankPage {
  return {
    service,
    page: { log: `log-${service}`, from: events[0]!.position, to: events.at(-1)!.position, events, atEnd: false },
  }
}

function eventOf(
  position: number,
  type: string,
  customerId: string,
  payload: Record<string, unknown>,
  time: number,
  index: number,
): SourceEvent {
  const data = { customerId, ...payload }
  const occurredAt = new Date(time).toISOString()
  const recordedAt = `${occurredAt.slice(0, -1)}${String(index % 1000).padStart(3, '0')}Z`
  const id = uuid(index, 0)
  const correlationId = uuid(index, 1)
  const stream = `${type.toLowerCase()}-${customerId}`
  const streamVersion = 1
  return {
    position, id, type, stream, streamVersion, schemaVersion: 1, data, occurredAt, recordedAt, correlationId, causationId: correlationId,
    text: `{"specversion":"1.0","id":"${id}","source":"/bank","type":"${type}","subject":"${stream}","time":"${occurredAt}","datacontenttype":"application/json","position":${position},"streamversion":${streamVersion},"schemaversion":1,"recordedtime":"${recordedAt}","correlationid":"${correlationId}","causationid":"${correlationId}","data":${JSON.stringify(data)}}`,
  } // prettier-ignore
}

const bounds = kinds.map((_, index) => kinds.slice(0, index + 1).reduce((sum, [share]) => sum + share, 0))

function kindAt(chance: number): readonly [string, string, Make] {
  const index = bounds.findIndex((bound) => chance < bound)
  const [, service, type, make] = kinds[index === -1 ? kinds.length - 1 : index]!
  return [service, type, make]
}

/** UUIDs of version 7 in shape: rising with time, then noise. */
function uuid(index: number, salt: number): string {
  const time = (START + index).toString(16).padStart(12, '0')
  const noise = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)
  const hex = (noise >>> 0).toString(16).padStart(8, '0')
  const more = (Math.imul(noise, 0xc2b2ae35) >>> 0).toString(16).padStart(8, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${more}${hex.slice(4)}`
}

function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function int(random: () => number, below: number): number {
  return Math.floor(random() * below)
}

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[int(random, from.length)]!
}

function text(random: () => number, length: number): string {
  let made = ''
  while (made.length < length) made += Math.floor(random() * 2 ** 32).toString(36)
  return made.slice(0, length)
}
