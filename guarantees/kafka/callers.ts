import { setTimeout as delay } from 'node:timers/promises'

const callers = 16
const streamsEach = 30
const later = new Set([408, 425, 429, 500, 502, 503, 504])

/** Callers, each of whom asks for one order at a time, again with the same key until told: the server may die before, in or after it. */
export class Callers {
  readonly #entry: string
  readonly #token: string
  readonly #random: () => number
  /** Orders asked for; each is told by its number. */
  placed = 0
  /** Requests whose answer never came, so that they were sent again. */
  again = 0

  constructor(entry: string, token: string, random: () => number) {
    this.#entry = entry
    this.#token = token
    this.#random = random
  }

  /** Resolves when all of them were answered. */
  async place(count: number): Promise<void> {
    const end = this.placed + count
    const one = async (_: unknown, caller: number) => {
      while (this.placed < end) await this.#ask(caller, this.placed++)
    }
    await Promise.all(Array.from({ length: callers }, one))
  }

  async #ask(caller: number, n: number): Promise<void> {
    const order = `${caller}-${Math.floor(this.#random() * streamsEach)}`
    const url = new URL(`orders/orders/${order}/place`, this.#entry)
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json',
      'idempotency-key': `order-${n}`,
    }
    for (;;) {
      const signal = AbortSignal.timeout(10_000)
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ n }), signal }).catch(
        () => undefined,
      )
      const text = await answer?.text().catch(() => undefined)
      if (answer?.ok && text !== undefined) return
      if (answer !== undefined && !answer.ok && !later.has(answer.status))
        throw new Error(`Order ${n} was answered ${answer.status}: ${text}`)
      this.again += 1
      await delay(50 + this.#random() * 100)
    }
  }
}
