// Somebody's service: plain transactions that put rows into its outbox, on eight connections. Some hold on, some roll back.
import pg from 'pg'
import { randomFrom } from '../../bench/harness/random.ts'

const [url, seed] = process.argv.slice(2) as [string, string]
const pool = new pg.Pool({ connectionString: url, max: 8, connectionTimeoutMillis: 2_000 })
pool.on('error', () => undefined).on('connect', (client) => void client.on('error', () => undefined))
const random = randomFrom(Number(seed))
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** One transaction; `told` is what its writer knows of it. Nothing is known where the connection went. */
async function write(writer: string, n: number): Promise<'committed' | 'rolled back' | undefined> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const parts = 1 + Math.floor(random() * 3)
    for (let part = 0; part < parts; part++) {
      await client.query('insert into shop.outbox (writer, n, part, parts) values ($1, $2, $3, $4)', [
        writer,
        n,
        part,
        parts,
      ])
      if (random() < 0.2) await pause(random() * 120)
    }
    const keeps = random() < 0.8
    await client.query(keeps ? 'commit' : 'rollback')
    return keeps ? 'committed' : 'rolled back'
  } catch (error) {
    broken = error as Error
    return undefined
  } finally {
    client.release(broken)
  }
}

async function work(writer: string): Promise<void> {
  for (let n = 0; ; n++) {
    const told = await write(writer, n).catch(() => pause(100))
    if (told !== undefined) process.stdout.write(`${JSON.stringify({ writer, n, told })}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, (_, index) => work(`w${seed}-${index}`)))
