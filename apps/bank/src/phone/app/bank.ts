import { enter } from '@headwater/service/client'
import type phone from '../service.ts'

const start = document.querySelector<HTMLLinkElement>('link[rel=start]')!.href

/** Every screen and form, by name, found from the one URL; the browser adds the session. */
export const bank = enter<{ phone: typeof phone.resources }>(start, {
  timeoutMs: 8_000,
  retries: 1,
}).service('phone')

export type Session = Awaited<ReturnType<typeof seeSession>>
export type Accounts = Awaited<ReturnType<typeof seeAccounts>>
export type Account = Awaited<ReturnType<typeof seeAccount>>
export type Pay = Awaited<ReturnType<typeof seePay>>
export type Pots = Awaited<ReturnType<typeof seePots>>
export type Told = Awaited<ReturnType<typeof seeTold>>

const seeSession = async () => (await bank.follow('session')).state
const seeAccounts = async () => (await bank.follow('accounts')).state
const seeAccount = async (accountId: string) => (await bank.follow('account', { accountId })).state
const seePay = async () => (await bank.follow('pay')).state
const seePots = async () => (await bank.follow('pots')).state
const seeTold = async () => (await bank.follow('told')).state

export const see = {
  session: seeSession,
  accounts: seeAccounts,
  account: seeAccount,
  pay: seePay,
  pots: seePots,
  told: seeTold,
}
