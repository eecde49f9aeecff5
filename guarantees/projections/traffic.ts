import { type Asked, ask, type Bank, idOf } from './caller.ts'

/** Random requests of customers of the bank, each of which may build on what others made. */
export class Traffic {
  readonly asked: Asked[] = []
  readonly #at: Bank
  readonly #random: () => number
  readonly #accounts: string[] = []
  readonly #payments: string[] = []

  constructor(at: Bank, random: () => number) {
    this.#at = at
    this.#random = random
  }

  /** One random request, or two where a customer is needed first. */
  async act(): Promise<void> {
    const chance = this.#random()
    if (this.#accounts.length < 40 || chance < 0.02) return await this.#open()
    if (chance < 0.15) {
      const deposit = { toAccountId: this.#pick(this.#accounts), amountMinor: this.#upTo(20_000), reference: '' }
      await this.#ask('/payments/payments/deposit', 'deposit', deposit)
    } else if (chance < 0.2 && this.#payments.length > 0) {
      const path = `/payments/payments/${this.#pick(this.#payments)}/reverse`
      await this.#ask(path, 'reverse', { reason: 'by mistake' })
    } else if (chance < 0.22) {
      await this.#ask(`/accounts/accounts/${this.#pick(this.#accounts)}/close`, 'close', { reason: 'enough' })
    } else {
      const transfer = {
        fromAccountId: this.#pick(this.#accounts),
        toAccountId: this.#pick(this.#accounts),
        amountMinor: this.#upTo(30_000),
        reference: 'r',
      }
      const payment = await this.#ask('/payments/payments', 'transfer', transfer)
      if (payment._links !== undefined) this.#payments.push(idOf(payment))
    }
  }

  async #open(): Promise<void> {
    const said = { name: 'Ada', email: 'ada@example.org', address: 'Here 1' }
    const customer = await this.#ask('/customers/customers', 'register', said)
    const opening = {
      customerId: idOf(customer),
      name: 'Everyday',
      overdraftMinor: this.#pick([0, 0, 5_000]),
      initialDepositMinor: this.#pick([0, 20_000, 2_000_000]),
    }
    this.#accounts.push(idOf(await this.#ask('/accounts/accounts', 'open', opening)))
  }

  async #ask(path: string, action: string, input: unknown): Promise<any> {
    const { document, ...said } = await ask(this.#at, path, action, input)
    this.asked.push(said)
    return document
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)]!
  }

  #upTo(amountMinor: number): number {
    return 1 + Math.floor(this.#random() * amountMinor)
  }
}

/** Answers that neither the domain nor a caller's mistake explains. */
export const isStrange = ({ status }: Asked): boolean => ![200, 201, 404, 409].includes(status)
