import type pg from 'pg'

/**
 * A connection taken out of a pool. One that breaks while nothing is asked of it says so by an event, which the pool hears only of those
 * that lie in it, and which would end the process if nobody else did.
 */
export class Connection {
  readonly client: pg.PoolClient
  #broken: Error | undefined
  #held = true
  readonly #onError = (error: Error): void => void (this.#broken ??= error)

  private constructor(client: pg.PoolClient) {
    this.client = client
    client.on('error', this.#onError)
  }

  static async of(pool: pg.Pool): Promise<Connection> {
    return new Connection(await pool.connect())
  }

  /** Gives it back. One that broke, or that is said to be of no more use, is closed. */
  release(useless?: Error): void {
    if (!this.#held) return
    this.#held = false
    this.client.off('error', this.#onError)
    this.client.release(this.#broken ?? useless)
  }

  /** Undoes what is open on it; where that cannot be, it will be closed. */
  async rollback(): Promise<void> {
    if (!this.#held || this.#broken !== undefined) return
    await this.client.query('rollback').catch(this.#onError)
  }
}
