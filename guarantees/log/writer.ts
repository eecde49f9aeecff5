// One writing process: 12 writers, each with its own random mix of appends and transactions. Says on stdout, a line each, what it is
// about to do and what it was told. Killed at any moment.
import { openStore, type StreamAppend } from '@headwater/event-store'
import pg from 'pg'
import { randomFrom } from '../../bench/harness/random.ts'

export interface Intent {
  readonly op: string
  readonly kind: 'append' | 'transact' | 'rollback' | 'bad'
  /** Events by stream, in order; the same ids may be sent again by a later op. */
  readonly streams: readonly { readonly stream: string; readonly expected?: number; readonly ids: readonly string[] }[]
  /** Content of all its events. */
  readonly content: string
  /** The store makes the ids; `ids` only count. */
  readonly fresh: boolean
}

export interface Told {
  readonly op: string
  /** `rejected` may mean anything; all other words are held to. */
  readonly result: string
  readonly first?: number
  readonly last?: number
  readonly versions?: readonly number[]
  readonly actual?: number
}

const [url, seed, name] = process.argv.slice(2) as [string, string, string]
const random = randomFrom(Number(seed))
const pool = new pg.Pool({ connectionString: url, max: 16, connectionTimeoutMillis: 5_000 })
const store = openStore({ pool, service: 'fire' })
const meta = { correlationId: name, causationId: name }
const versions = new Map<string, number>()
const recent: Intent[] = []
let count = 0

const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)
const pick = (most: number) => Math.floor(random() * most)

function intend(kind: Intent['kind']): Intent {
  const op = `${name}.${++count}`
  const again = recent[pick(recent.length)]
  if (kind === 'append' && again !== undefined && random() < 0.1) return { ...again, op } // a repeat, word for word
  if (kind === 'append' && again !== undefined && random() < 0.1) return { ...again, op, content: op } // its ids for other events
  const streams = [...new Set(Array.from({ length: random() < 0.2 ? 2 : 1 }, () => `fire-${pick(40)}`))]
  return {
    op,
    kind,
    content: op,
    fresh: random() < 0.5,
    streams: streams.map((stream, part) => ({
      stream,
      ...(random() < 0.5
        ? { expected: Math.max(0, (versions.get(stream) ?? 0) + (random() < 0.1 ? pick(5) - 2 : 0)) }
        : {}),
      ids: Array.from({ length: 1 + pick(3) }, (_, nth) => `${op}.${part}.${nth}`),
    })),
  }
}

function streamsOf({ streams, content, kind, fresh }: Intent): StreamAppend[] {
  const data = { content, ...(kind === 'bad' ? { bad: '\0' } : {}) }
  return streams.map(({ stream, expected, ids }) => ({
    stream,
    ...(expected === undefined ? {} : { expected }),
    events: ids.map((id) => ({ ...(fresh ? {} : { id }), type: 'Written', data })),
  }))
}

async function act(intent: Intent): Promise<Omit<Told, 'op'>> {
  const streams = streamsOf(intent)
  if (intent.kind === 'append' || intent.kind === 'bad') {
    const result = await store.append({ streams, meta })
    if (result.kind === 'conflict') versions.set(result.stream, result.actual)
    if (result.kind === 'appended') {
      for (const [index, { stream }] of streams.entries()) versions.set(stream, result.versions[index]!)
      return { ...result, result: result.repeated ? 'repeated' : 'appended' }
    }
    return { ...result, result: result.kind }
  }
  await store.transact(async (tx) => {
    await tx.query('insert into note (op) values ($1)', [intent.op])
    tx.append({ streams, meta })
    await new Promise((resolve) => setTimeout(resolve, random() * 60)) // held open
    if (intent.kind === 'rollback') throw new Error('rolled back on purpose')
  })
  return { result: 'committed' }
}

function wordFor(error: unknown, intent: Intent): string {
  const { code, message } = error as { code?: string; message: string }
  if (code === 'HW_INVALID_APPEND') return 'invalid'
  if (code === 'HW_CONFLICT' || code === 'HW_ID_REUSED') return 'rolled-back'
  if (intent.kind === 'rollback' && message === 'rolled back on purpose') return 'rolled-back'
  return `rejected ${code ?? ''} ${message}`
}

async function write(writer: number): Promise<void> {
  for (;;) {
    const kind =
      writer % 4 === 3 && random() < 0.5
        ? random() < 0.4
          ? 'rollback'
          : 'transact'
        : random() < 0.05
          ? 'bad'
          : 'append'
    const intent = intend(kind)
    say({ intent })
    try {
      const told = await act(intent)
      say({ told: { op: intent.op, ...told } })
      if (told.result === 'appended' && !intent.fresh && intent.streams.every(({ expected }) => expected === undefined))
        recent.push(intent)
      if (recent.length > 50) recent.shift()
    } catch (error) {
      say({ told: { op: intent.op, result: wordFor(error, intent) } })
    }
  }
}

await Promise.all(Array.from({ length: 12 }, (_, writer) => write(writer)))
