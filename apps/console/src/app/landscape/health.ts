import { count, plural, span } from '../parts/numbers.ts'
import type { ServiceNow } from '../status.ts'

export interface Health {
  readonly kind: 'well' | 'behind' | 'stuck'
  readonly sentence: string
}

/** Seconds behind from which a consumer is said to be behind: less is on its way. */
const behindAfter = 2

export function healthOf({ consumers }: Pick<ServiceNow, 'consumers'>): Health {
  const failed = consumers.filter(({ state }) => state === 'failed')
  if (failed.length > 0) return { kind: 'stuck', sentence: `${plural(failed.length, 'consumer')} failed` }
  const parked = consumers.reduce((sum, one) => sum + one.parked, 0)
  if (parked > 0) return { kind: 'stuck', sentence: `${plural(parked, 'key')} parked` }
  const behind = consumers.filter(({ lagSeconds }) => lagSeconds >= behindAfter)
  if (behind.length > 0) {
    const lag = behind.reduce((sum, one) => sum + one.lag, 0)
    return {
      kind: 'behind',
      sentence: `${count(lag)} behind, ${span(Math.max(...behind.map(({ lagSeconds }) => lagSeconds)))}`,
    }
  }
  return { kind: 'well', sentence: 'caught up' }
}
