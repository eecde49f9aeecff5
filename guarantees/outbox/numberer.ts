// Gives the rows of the outbox their place in the log. Two of these run, and are killed.
import { adoptOutbox, openStore } from '@headwater/event-store'
import pg from 'pg'

const [url] = process.argv.slice(2) as [string]
const pool = new pg.Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 2_000 })
const store = openStore({ pool, service: 'fire' })
const map = ({ id, writer, n, part }: { id: number; writer: string; n: number; part: number }) => ({
  id: `row-${id}`,
  stream: `order-${writer}`,
  type: 'Placed',
  data: { writer, n, part },
})
for (;;) {
  try {
    await adoptOutbox(store, { pool, table: 'shop.outbox', map, pollMs: 5 })
    break
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
