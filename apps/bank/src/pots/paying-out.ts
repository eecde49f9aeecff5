import type { WindDown, WindDownContext } from '@headwater/service'
import { RequestFailed } from '@headwater/service/client'
import type accounts from '../accounts/service.ts'
import type payments from '../payments/service.ts'
import type pots from './service.ts'

type Bank = {
  readonly accounts: typeof accounts.resources
  readonly payments: typeof payments.resources
  readonly pots: typeof pots.resources
}

/** The most that `payments` takes in at once, in minor units. */
const partMinor = 1_000_000
const pace = 8

interface Kept {
  readonly potId: string
  readonly savedMinor: number
}

const entered = ({ enter }: WindDownContext) => enter<Bank>()
type Entered = ReturnType<typeof entered>

/** When the experiment goes, what customers put aside is theirs: every pot is closed and paid out to its customer's account. */
export const payingOut: WindDown = {
  title: "pays every pot out to its customer's account",
  left: async (context) => (await unpaid(context)).length,
  async act(context) {
    const waiting = await unpaid(context)
    const bank = entered(context)
    const worker = async () => {
      for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) await payOut(bank, one.potId)
    }
    // One that cannot be paid keeps nobody else from it; all have stopped when this says so.
    const ended = await Promise.allSettled(Array.from({ length: pace }, worker))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  },
}

async function unpaid({ rows }: Pick<WindDownContext, 'rows'>): Promise<Kept[]> {
  return (await rows<Kept>('pots-by-customer', {})).map(({ value }) => value).filter(({ savedMinor }) => savedMinor > 0)
}

/** The pot says where a part goes before it is paid, so that whoever goes on after a kill asks for the very same payment. */
async function payOut(bank: Entered, potId: string): Promise<void> {
  const pot = bank.service('pots').follow('pot', { potId })
  let { state } = await pot
  if (state.open)
    ({ state } = await pot.act('close', { reason: 'pots are given up' }, { idempotencyKey: `close-${potId}` }))
  const refusedBy = new Set<string>()
  while (state.savedMinor > 0) {
    if (state.paying === undefined) {
      const accountId = await accountFor(bank, state.customerId, refusedBy)
      const amountMinor = Math.min(state.savedMinor, partMinor)
      ;({ state } = await pot.act('payOut', { accountId, amountMinor }))
    }
    const { number, accountId, amountMinor } = state.paying!
    const deposit = { toAccountId: accountId, amountMinor, reference: 'pot paid out' }
    const paid = await bank
      .service('payments')
      .act('payment.deposit', deposit, { idempotencyKey: `pot-${potId}-${number}` })
      .then(() => true, unlessRefused)
    if (!paid) refusedBy.add(accountId)
    ;({ state } = await pot.act(paid ? 'paidOut' : 'notPaidOut', { number }))
  }
}

/** What payments refuses was not paid, and never will be under this key; anything else is not known, and asked again another time. */
function unlessRefused(error: unknown): false {
  if (error instanceof RequestFailed && error.status === 409) return false
  throw error
}

async function accountFor(bank: Entered, customerId: string, refusedBy: ReadonlySet<string>): Promise<string> {
  const { state } = await bank.service('accounts').follow('accounts', { customerId })
  const found = (state.accounts as { accountId: string; open: boolean }[]).find(
    ({ accountId, open }) => open && !refusedBy.has(accountId),
  )
  if (found !== undefined) return found.accountId
  throw new Error(`customer ${customerId} has no open account to be paid out to.`)
}
