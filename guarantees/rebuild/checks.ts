import type { Running } from '@headwater/service/landscape'

type Services = ReadonlyMap<string, Running>

/** Rows of the consumer's table that are not what plain arithmetic over the ledger's events gives, or are missing. */
export async function spendingThatDiffers(services: Services): Promise<number> {
  const expected = new Map<string, string>()
  const sums = new Map<string, { spent: number; payments: number }>()
  for await (const { data, occurredAt } of services.get('payments')!.store.log.read({ after: 0, types: ['Debited'] })) {
    if (data.customerId === '') continue
    const key = `${data.customerId} ${occurredAt.slice(0, 7)}`
    const { spent, payments } = sums.get(key) ?? { spent: 0, payments: 0 }
    sums.set(key, { spent: spent + data.amountMinor, payments: payments + 1 })
  }
  for (const [key, { spent, payments }] of sums) expected.set(key, `${spent} ${payments}`)
  const rows = await services
    .get('insights')!
    .query<{ key: string; value: string }>(
      `select customer_id || ' ' || to_char(month, 'YYYY-MM') as key, spent_minor || ' ' || payments as value from insights.spending`,
    )
  const kept = new Map(rows.map(({ key, value }) => [key, value]))
  return [...new Set([...expected.keys(), ...kept.keys()])].filter((key) => kept.get(key) !== expected.get(key)).length
}

/** Arrivals of money at a customer that no notification, or more than one, was written of. */
export async function wrongNotifications(services: Services): Promise<number> {
  const told = new Map<string, number>()
  const written = services.get('notifications')!.store.log.read({ after: 0, types: ['NotificationWritten'] })
  for await (const { causationId } of written) told.set(causationId, (told.get(causationId) ?? 0) + 1)
  let wrong = 0
  for await (const { id, data } of services.get('payments')!.store.log.read({ after: 0, types: ['Credited'] }))
    if (data.customerId !== '' && told.get(id) !== 1) wrong += 1
  return wrong
}
