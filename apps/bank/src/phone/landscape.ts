import { type Caller, problem, type ViewContext } from '@headwater/service'
import { RequestFailed } from '@headwater/service/client'
import type accounts from '../accounts/service.ts'
import type customers from '../customers/service.ts'
import { customerBehind } from '../customers/speaking.ts'
import type notifications from '../notifications/service.ts'
import type payments from '../payments/service.ts'
import type pots from '../pots/service.ts'

/** What the phone knows of the other services: the types of their resources. Where they are it finds out. */
export type Bank = {
  readonly accounts: typeof accounts.resources
  readonly customers: typeof customers.resources
  readonly notifications: typeof notifications.resources
  readonly payments: typeof payments.resources
  readonly pots: typeof pots.resources
}

/** The customer who asks. */
export function me(caller: Caller | undefined): string {
  const customerId = customerBehind(caller?.subject)
  if (customerId !== undefined) return customerId
  throw problem(403, { code: 'HW_FORBIDDEN', detail: 'Expected the phone of a customer, got another caller.' })
}

export interface Held {
  readonly accountId: string
  readonly name: string
  /** Absent while the ledger has not heard of the account yet. */
  readonly balanceMinor?: number
}

/** A customer's open accounts and what they hold, from two services. */
export async function accountsOf({ enter }: ViewContext, customerId: string): Promise<Held[]> {
  const bank = enter<Bank>()
  const list = await bank.service('accounts').follow('accounts', { customerId })
  const open = (list.state.accounts as (Held & { open: boolean })[]).filter((one) => one.open)
  return await Promise.all(
    open.map(async ({ accountId, name }) => {
      const ledger = await ifThere(bank.service('payments').follow('ledger', { ledgerId: accountId }))
      return { accountId, name, ...(ledger === undefined ? {} : { balanceMinor: ledger.state.balanceMinor as number }) }
    }),
  )
}

/** What is not there yet, since a service has not heard of it, is nothing to fail for. */
export async function ifThere<T>(walk: PromiseLike<T>): Promise<T | undefined> {
  try {
    return await walk
  } catch (error) {
    if (error instanceof RequestFailed && error.status === 404) return undefined
    throw error
  }
}
