import { type Consumer, rebuildConsumer, rewindConsumer } from '@headwater/consumer'
import { type InlineProjection, rebuild } from '@headwater/event-store'
import { problem } from '@headwater/hypermedia'
import { membersOf } from './members.ts'
import type { Running } from './running.ts'

/** What was made anew, from how many events, in seconds. */
export interface Rebuilt {
  readonly name: string
  readonly kind: 'projection' | 'consumer'
  readonly events: number
  readonly seconds: number
}

/**
 * Makes anew what follows from events, beside what is live: projections, and tables that consumers keep; one by its name, or all.
 * Undefined where nothing has that name.
 */
export async function rebuildOf(
  running: Running,
  name: string | undefined,
  signal: AbortSignal,
): Promise<Rebuilt[] | undefined> {
  const { store, source, keeper, service } = running
  const wanted = <One extends { readonly name: string }>(all: readonly One[] = []) =>
    all.filter((one) => name === undefined || one.name === name)
  const projections = wanted(service.projections)
  const consumers = wanted(service.consumers).filter(({ options }) => options.keeps !== undefined)
  if (name !== undefined && projections.length + consumers.length === 0) return undefined
  const rebuilt: Rebuilt[] = []
  for (const one of projections) {
    const { position, seconds } = await rebuild(store, one as InlineProjection, { signal })
    rebuilt.push({ name: one.name, kind: 'projection', events: position, seconds })
  }
  for (const one of consumers) {
    const started = performance.now()
    const { handled } = await rebuildConsumer(one, { source, keeper, signal })
    rebuilt.push({
      name: one.name,
      kind: 'consumer',
      events: handled,
      seconds: (performance.now() - started) / 1_000,
    })
  }
  return rebuilt
}

/**
 * Lets a consumer handle its past again: `{"to": "start"}`, a time (RFC 3339), or `{"to": {"payments": 12}}`, what was after that
 * position. What it did outside and by commands before is not done again.
 */
export async function rewind(running: Running, consumer: Consumer, request: Request): Promise<Response> {
  const { to } = await membersOf(request)
  const target = targetOf(to)
  if (target === undefined || consumer.options.keeps !== undefined) {
    const asked = 'Expected {"to": "start"}, a time like 2026-01-31T12:00:00Z, or positions like {"payments": 12}.'
    const kept = `Expected a consumer without tables of its own, got ${consumer.name}: what it counted would be counted twice. Rebuild it.`
    return problem(target === undefined ? 400 : 409, {
      code: 'HW_REWIND_ASKED',
      detail: target === undefined ? asked : kept,
    })
  }
  const { source, keeper } = running
  await rewindConsumer(consumer, { source, keeper, to: target, signal: request.signal })
  return Response.json({ consumer: consumer.name, to })
}

function targetOf(to: unknown) {
  if (to === 'start') return to
  if (typeof to === 'string') return Number.isNaN(Date.parse(to)) ? undefined : { time: new Date(to).toISOString() }
  if (typeof to !== 'object' || to === null) return undefined
  const isPosition = (position: unknown) => Number.isSafeInteger(position) && (position as number) >= 0
  const positions = to as Readonly<Record<string, number>>
  return Object.keys(to).length > 0 && Object.values(to).every(isPosition) ? { positions } : undefined
}
