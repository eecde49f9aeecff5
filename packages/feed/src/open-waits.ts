import { refusal } from './problem.ts'

/** How many requests may be held open at once: by one client (those without a name share), and in all. */
export interface Waits {
  readonly perClient: number
  readonly inAll: number
}

/** Seconds after which to try again: somebody's wait ends before long. */
const retrySeconds = 5

/** Requests that are held open: long polls, lines and live streams. Each costs memory, however idle it is. */
export class OpenWaits {
  readonly #most: Waits
  readonly #byClient = new Map<string, number>()
  #open = 0

  constructor(most: Waits) {
    this.#most = most
  }

  /** Answers what ends it; may be called more than once. @throws Refusal 429 */
  begin(client: string): () => void {
    const own = this.#byClient.get(client) ?? 0
    const { perClient, inAll } = this.#most
    if (own >= perClient) throw tooMany(`Expected at most ${perClient} open requests of one client, got one more.`)
    if (this.#open >= inAll) throw tooMany(`Expected at most ${inAll} open requests in all, got one more.`)
    this.#byClient.set(client, own + 1)
    this.#open += 1
    let open = true
    return () => {
      if (!open) return
      open = false
      this.#open -= 1
      const left = this.#byClient.get(client)! - 1
      if (left === 0) this.#byClient.delete(client)
      else this.#byClient.set(client, left)
    }
  }
}

function tooMany(sentence: string) {
  return refusal('HW_RATE_LIMITED', `${sentence} End some, or wait.`, {}, { 'retry-after': String(retrySeconds) })
}
