import { rebuild } from '@headwater/event-store'
import { idFrom, keptRequest, type Running } from '@headwater/service/landscape'
import type { Asked } from './caller.ts'

/** Rows of a projection, by key. */
export async function rowsOf({ query }: Running, projection: string): Promise<[key: string, value: unknown][]> {
  const rows = await query<{ key: string; value: unknown }>(
    'select key, value from headwater.rows where projection = $1 order by key',
    [projection],
  )
  return rows.map(({ key, value }) => [key, value])
}

/** How often an account had less than its overdraft allows, counted entry by entry in log order; `world` owes without limit. */
export async function overdrawn({ store }: Running): Promise<number> {
  const balances = new Map<string, number>()
  const limits = new Map<string, number>()
  let beyond = 0
  for (let after = 0; ;) {
    const rows = await store.log.rows({ after, limit: 5_000, types: ['LedgerOpened', 'Debited', 'Credited'] })
    if (rows.length === 0) return beyond
    after = rows.at(-1)!.position
    for (const { type, data } of rows) {
      const { accountId, amountMinor, overdraftMinor } = JSON.parse(data) as Record<string, any>
      if (type === 'LedgerOpened') limits.set(accountId, overdraftMinor)
      else {
        const balance = (balances.get(accountId) ?? 0) + (type === 'Debited' ? -amountMinor : amountMinor)
        balances.set(accountId, balance)
        if (accountId !== 'world' && type === 'Debited' && balance < -(limits.get(accountId) ?? 0)) beyond += 1
      }
    }
  }
}

/** Requests that were answered by the domain (done or refused), and are not in the log with the same input and the same answer. */
export async function missingRequests(
  services: ReadonlyMap<string, Running>,
  asked: readonly Asked[],
  subject: string,
): Promise<Asked[]> {
  const missing: Asked[] = []
  for (const one of asked.filter(({ status }) => status !== 404)) {
    const { store, keys } = services.get(one.service)!
    const kept = await keptRequest(store, keys, idFrom('request', one.service, subject, one.key))
    const same = (input: unknown) =>
      Object.entries(one.input as object).every(([field, value]) => (input as any)?.[field] === value)
    const whole =
      kept?.action === one.action &&
      kept.answer?.status === one.status &&
      kept.answer.body === one.body &&
      same(kept.input)
    if (!whole) missing.push(one)
  }
  return missing
}

/** Projections whose rows are others once they are made anew; nobody may be writing. */
export async function differing(services: Iterable<Running>, batchEvents: () => number): Promise<string[]> {
  const unequal: string[] = []
  for (const running of services) {
    for (const projection of running.service.projections ?? []) {
      const live = await rowsOf(running, projection.name)
      await rebuild(running.store, projection, { batchEvents: batchEvents() })
      const anew = await rowsOf(running, projection.name)
      if (JSON.stringify(live) !== JSON.stringify(anew)) unequal.push(`${running.service.name}/${projection.name}`)
    }
  }
  return unequal
}
