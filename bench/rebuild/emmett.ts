import {
  getPostgreSQLEventStore,
  pongoMultiStreamProjection,
  rebuildPostgreSQLProjections,
} from '@event-driven-io/emmett-postgresql'

type Moved = { type: 'Moved'; data: { accountId: string; amountMinor: number; note: string } }

/** Events a second of Emmett's own rebuild of the same balances. */
export async function emmettRate(url: string, count: number): Promise<number> {
  const store = getPostgreSQLEventStore(url)
  await store.schema.migrate()
  for (let stream = 0; stream < 100; stream++) {
    const events = Array.from({ length: count / 100 }, (_, nth): Moved => {
      const accountId = String((nth * 100 + stream) % 10_000)
      return { type: 'Moved', data: { accountId, amountMinor: (nth % 1_000) - 500, note: 'x'.repeat(230) } }
    })
    await store.appendToStream(`account-${stream}`, events)
  }
  const balances = pongoMultiStreamProjection({
    collectionName: 'balances',
    canHandle: ['Moved'],
    getDocumentId: ({ data }: Moved) => data.accountId,
    initialState: () => ({ balance: 0 }),
    evolve: (row: { balance: number }, { data }: Moved) => ({ balance: row.balance + data.amountMinor }),
  })
  const consumer = rebuildPostgreSQLProjections({ connectionString: url, projections: [balances] })
  const started = performance.now()
  await consumer.start()
  const rate = (count / (performance.now() - started)) * 1000
  await consumer.close()
  await store.close()
  return rate
}
