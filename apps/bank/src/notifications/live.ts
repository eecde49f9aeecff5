import { EventEmitter } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { problem, type Route, type Running } from '@headwater/service'
import { customerBehind } from '../customers/speaking.ts'

/** One thing a customer was told, as the list and the stream say it. */
export interface Told {
  readonly number: number
  readonly text: string
  readonly about: string
  readonly happenedAt: string
}

/** Keys of one customer sort by number. */
export const toldKey = (customerId: string, number: number): string =>
  `${customerId}/${String(number).padStart(10, '0')}`

/** Silence after which a line is sent all the same, so that nobody between takes the connection for dead. */
const heartbeatMs = 20_000
const pageMost = 100
const retryMs = 1_000

/** Who waits for news, by log: one reader of the log wakes just the customers it told of, however many wait. */
const waiting = new WeakMap<Running['store'], EventEmitter>()

/** Follows the log while the service runs. */
export async function wakeListeners({ store: { log }, store }: Running): Promise<() => Promise<void>> {
  const news = new EventEmitter().setMaxListeners(0)
  waiting.set(store, news)
  const stopping = new AbortController()
  let after: number | undefined
  const follow = async () => {
    after ??= await log.last()
    const upTo = await log.waitFor(after, { waitMs: 60_000, signal: stopping.signal })
    while (after < upTo) {
      const rows = await log.rows({ after, upTo, limit: 1_000, types: ['NotificationWritten'] })
      for (const { stream } of rows) news.emit(stream.slice('inbox-'.length))
      after = rows.length < 1_000 ? upTo : rows.at(-1)!.position
    }
  }
  const keepOn = async () => {
    while (!stopping.signal.aborted) {
      // A database that is away is waited for: whoever listens is woken then by what was told meanwhile.
      await follow().catch(() => pause(retryMs, undefined, { signal: stopping.signal }).catch(() => undefined))
    }
  }
  const done = keepOn()
  return async () => {
    stopping.abort()
    news.emit(everybody)
    await done
  }
}

/** Said when the service stops. */
const everybody = '*'

/**
 * `GET /notifications/live`: what the customer behind the caller is told, as Server-Sent Events, from `Last-Event-ID` (or `?after=`) on,
 * else from now on. The event id is the notification's number.
 */
export const live: Route = async (request, running) => {
  const customerId = customerBehind(running.caller?.subject)
  if (running.caller === undefined)
    return problem(401, { code: 'HW_UNAUTHENTICATED', headers: { 'www-authenticate': 'Bearer' } })
  if (customerId === undefined || !running.caller.scopes.includes('notifications:read')) {
    const detail =
      'Expected a token of a customer with scope notifications:read, got another. Ask in the customer’s name.'
    return problem(403, { code: 'HW_FORBIDDEN', detail })
  }
  const said = request.headers.get('last-event-id') ?? new URL(request.url).searchParams.get('after')
  if (said !== null && !/^\d{1,10}$/.test(said)) {
    const detail = `Expected the number of a notification as Last-Event-ID, got "${said.slice(0, 40)}".`
    return problem(400, { code: 'HW_LAST_EVENT_ID', detail })
  }
  const after = said === null ? await lastNumber(running, customerId) : Number(said)
  const gone = new AbortController()
  request.signal.addEventListener('abort', () => gone.abort(), { once: true })
  const lines = listen(running, customerId, after, gone.signal)
  const text = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await lines.next()
      if (done === true) controller.close()
      else controller.enqueue(text.encode(value))
    },
    cancel: () => gone.abort(),
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}

async function* listen(running: Running, customerId: string, from: number, gone: AbortSignal): AsyncGenerator<string> {
  const news = waiting.get(running.store)!
  yield `retry: 2000\n\n`
  for (let after = from; !gone.aborted;) {
    // Listened for before it is looked for, so that nothing falls between.
    const next = wait(news, customerId, gone)
    const page = await toldAfter(running, customerId, after)
    for (const told of page) yield `id: ${told.number}\nevent: told\ndata: ${JSON.stringify(told)}\n\n`
    after = page.at(-1)?.number ?? after
    if (page.length === pageMost) {
      next.leave()
      continue
    }
    const why = await next.happened
    if (why === 'stopped') return
    if (why === 'silence') yield ': still here\n\n'
  }
}

type Why = 'news' | 'silence' | 'stopped'

function wait(news: EventEmitter, customerId: string, gone: AbortSignal): { happened: Promise<Why>; leave(): void } {
  let leave!: () => void
  const happened = new Promise<Why>((resolve) => {
    const [told, stopped] = [() => settle('news'), () => settle('stopped')]
    const timer = setTimeout(() => settle('silence'), heartbeatMs)
    const settle = (why: Why) => {
      clearTimeout(timer)
      news.off(customerId, told).off(everybody, stopped)
      gone.removeEventListener('abort', stopped)
      resolve(why)
    }
    leave = () => settle('news')
    news.once(customerId, told).once(everybody, stopped)
    gone.addEventListener('abort', stopped)
    if (gone.aborted) stopped()
  })
  return { happened, leave }
}

async function toldAfter({ query }: Running, customerId: string, after: number): Promise<Told[]> {
  const rows = await query<{ value: Told }>(
    `select value from headwater.rows where projection = 'told' and key > $1 and starts_with(key, $2) order by key limit ${pageMost}`,
    [toldKey(customerId, after), `${customerId}/`],
  )
  return rows.map(({ value }) => value)
}

async function lastNumber({ query }: Running, customerId: string): Promise<number> {
  const [last] = await query<{ value: Told }>(
    `select value from headwater.rows where projection = 'told' and starts_with(key, $1) order by key desc limit 1`,
    [`${customerId}/`],
  )
  return last?.value.number ?? 0
}
