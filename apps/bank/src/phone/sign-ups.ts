import { problem } from '@headwater/service'

/** So many at once, then one again each `everyMs` milliseconds. */
interface Bound {
  readonly atOnce: number
  readonly everyMs: number
}

const ofAddress: Bound = { atOnce: 30, everyMs: 60_000 }
const inAll: Bound = { atOnce: 1_000, everyMs: 2_000 }
const addressesMost = 10_000

/** What is left of a bound: filled up again as time goes by. */
class Left {
  #count: number
  #at: number
  readonly #bound: Bound

  constructor(bound: Bound, now: number) {
    this.#bound = bound
    this.#count = bound.atOnce
    this.#at = now
  }

  /** Milliseconds until there is one; 0 when there is. */
  waitMs(now: number): number {
    const { atOnce, everyMs } = this.#bound
    this.#count = Math.min(atOnce, this.#count + (now - this.#at) / everyMs)
    this.#at = now
    return this.#count >= 1 ? 0 : Math.ceil((1 - this.#count) * everyMs)
  }

  take(): void {
    this.#count -= 1
  }
}

/**
 * Bounds how many become customers: from one address, and in all. Strangers may do nothing else here, and each leaves something for good.
 * @param now milliseconds of a clock that never goes back
 */
export function signUpBounds(now: () => number): (address: string) => void {
  const all = new Left(inAll, now())
  const byAddress = new Map<string, Left>()
  return (address) => {
    const at = now()
    const own = byAddress.get(address) ?? new Left(ofAddress, at)
    byAddress.delete(address) // so that whoever came longest ago is first in the map
    if (byAddress.size >= addressesMost) byAddress.delete(byAddress.keys().next().value!)
    byAddress.set(address, own)
    const waitMs = Math.max(own.waitMs(at), all.waitMs(at))
    if (waitMs > 0) throw tooMany(waitMs)
    own.take()
    all.take()
  }
}

const tooMany = (waitMs: number): Response =>
  problem(429, {
    code: 'HW_RATE_LIMITED',
    title: 'Too many at once',
    detail: 'More people want to join than can be let in now. Try again in a while.',
    headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
  })
