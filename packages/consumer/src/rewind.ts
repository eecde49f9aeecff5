import type { Consumer } from './consumer.ts'
import type { EffectTransaction } from './effects.ts'
import type { Keeper } from './keeper.ts'
import type { Source } from './source.ts'

export interface RewindOptions {
  readonly source: Source
  readonly keeper: Keeper
  /** `start`, positions by service (what was after them is handled again), or a time (RFC 3339) of recording. */
  readonly to: 'start' | { readonly positions: Readonly<Record<string, number>> } | { readonly time: string }
  /** Whether outside effects and commands of what was handled before are held (default true). */
  readonly hold?: boolean
  /** Held although never made: what parked events would have done outside. Without it a rewind with parked events is refused. */
  readonly parked?: 'hold'
  /** Empties what the handlers fill, in the transaction that sets the checkpoints back. */
  readonly reset?: (tx: EffectTransaction) => Promise<unknown>
  readonly signal?: AbortSignal
}

/**
 * Lets a consumer handle its past again, in place, while its processes run: they notice by their epochs. A slot that was not
 * that far yet stays where it is. To keep the old state readable meanwhile, use `rebuildConsumer`.
 */
export async function rewindConsumer(consumer: Consumer, options: RewindOptions): Promise<void> {
  const { keeper, hold = true, parked, reset } = options
  const targets = await Promise.all(
    consumer.services.map(async (of) => ({ service: of.service, ...(await targetOf(of, options)) })),
  )
  await keeper.rewind(
    consumer.name,
    targets.filter(({ position }) => position !== Number.POSITIVE_INFINITY),
    {
      hold,
      holdParked: parked === 'hold',
      ...(reset === undefined ? {} : { reset: async (tx) => void (await reset(tx)) }),
    },
  )
}

async function targetOf(
  { service, types }: { service: string; types: readonly string[] },
  { source, to, signal = new AbortController().signal }: RewindOptions,
): Promise<{ position: number; eventId: string }> {
  if (to === 'start') return { position: 0, eventId: '' }
  if ('positions' in to) return { position: to.positions[service] ?? Number.POSITIVE_INFINITY, eventId: '' }
  if (source.before !== undefined) {
    const cursor = await source.before({ service, time: to.time, signal })
    return { position: cursor?.position ?? 0, eventId: cursor?.id ?? '' }
  }
  const time = Date.parse(to.time)
  let last = { position: 0, eventId: '' }
  for await (const page of source.read({ service, after: 'start', types, signal })) {
    for (const event of page.events) {
      if (Date.parse(event.recordedAt) >= time) return last
      last = { position: event.position, eventId: event.id }
    }
    if (page.atEnd) return last
  }
  return last
}
