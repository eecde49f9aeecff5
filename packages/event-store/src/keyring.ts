import { createHmac, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { checkedSchema } from './statement.ts'

/** Keys of people, kept apart from the log and its backups. Deleting one forgets, everywhere, what it sealed. */
export interface Keyring {
  /** Keys of 32 bytes by person; those who were forgotten, or never had one, are absent. */
  keysOf(people: readonly string[]): Promise<ReadonlyMap<string, Buffer>>
  /** The same, made where there is none. @throws Forgotten */
  keysFor(people: readonly string[]): Promise<ReadonlyMap<string, Buffer>>
  /** Deletes a person's key and look-ups for good. */
  forget(person: string): Promise<void>
  /** Makes a person findable by a value (an e-mail address), by a keyed hash that goes with the person. */
  note(person: string, field: string, value: string): Promise<void>
  find(field: string, value: string): Promise<string[]>
}

/** Nothing can be sealed for somebody who was forgotten. */
export class Forgotten extends Error {
  readonly code = 'HW_FORGOTTEN'
  constructor(people: readonly string[]) {
    super(`Expected people whose data may be kept, got some who were forgotten: ${people.join(', ')}. Use a new id.`)
  }
}

/**
 * How long a key is used from memory, and as long again what was opened with it: within a minute another process has forgotten.
 */
export const leaseMs = 30_000
const cachedMost = 10_000

/**
 * Keep its schema, or its database, out of the log's backup: `migrate` makes the tables. The pool may be the store's, which leaves a
 * connection to it; whoever asks within transactions of another kind gives it a pool of its own.
 */
export function postgresKeyring(
  pool: pg.Pool,
  { schema = 'headwater_keys', now = Date.now } = {},
): Keyring & { migrate(): Promise<void> } {
  return new PostgresKeyring(pool, checkedSchema(schema), now)
}

/** What `migrate` makes. @param secret SQL of 32 random bytes; by default the server makes them, so that a script holds no secret. */
export function keyringSql(
  schema: string,
  secret = `decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')`,
): string {
  const name = checkedSchema(schema)
  return `create schema if not exists ${name};
      create table if not exists ${name}.person (person text primary key, key bytea, forgotten_at timestamptz);
      create table if not exists ${name}.looked_up (hash bytea not null, person text not null, primary key (hash, person));
      create index if not exists looked_up_person on ${name}.looked_up (person);
      create table if not exists ${name}.secret (one boolean primary key default true check (one), secret bytea not null);
      insert into ${name}.secret (secret) values (${secret}) on conflict do nothing;`
}

class PostgresKeyring implements Keyring {
  readonly #pool: pg.Pool
  readonly #schema: string
  readonly #now: () => number
  readonly #cached = new Map<string, { readonly key: Buffer; readonly until: number }>()
  #secret: Buffer | undefined

  constructor(pool: pg.Pool, schema: string, now: () => number) {
    this.#pool = pool
    this.#schema = schema
    this.#now = now
  }

  async migrate(): Promise<void> {
    await this.#pool.query(`
      begin;
      select pg_advisory_xact_lock(hashtextextended('headwater.migrate-keys', 0));
      ${keyringSql(this.#schema, `'\\x${randomBytes(32).toString('hex')}'`)}
      commit`)
  }

  keysOf(people: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    return this.#keys(people, false)
  }

  async keysFor(people: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
    const keys = await this.#keys(people, true)
    const missing = people.filter((person) => !keys.has(person))
    if (missing.length > 0) throw new Forgotten(missing)
    return keys
  }

  async forget(person: string): Promise<void> {
    this.#cached.delete(person)
    await this.#pool.query(
      `with looked_up as (delete from ${this.#schema}.looked_up where person = $1)
       insert into ${this.#schema}.person (person, forgotten_at) values ($1, now())
       on conflict (person) do update set key = null, forgotten_at = coalesce(person.forgotten_at, now())`,
      [person],
    )
  }

  async note(person: string, field: string, value: string): Promise<void> {
    await this.keysFor([person])
    const hash = await this.#hash(field, value)
    const text = `insert into ${this.#schema}.looked_up (hash, person) values ($1, $2) on conflict do nothing`
    await this.#pool.query(text, [hash, person])
  }

  async find(field: string, value: string): Promise<string[]> {
    const hash = await this.#hash(field, value)
    const text = `select person from ${this.#schema}.looked_up where hash = $1 order by person`
    return (await this.#pool.query<{ person: string }>(text, [hash])).rows.map(({ person }) => person)
  }

  async #keys(people: readonly string[], make: boolean): Promise<Map<string, Buffer>> {
    const keys = new Map<string, Buffer>()
    const unknown: string[] = []
    for (const person of new Set(people)) {
      const cached = this.#cached.get(person)
      if (cached !== undefined && cached.until > this.#now()) keys.set(person, cached.key)
      else unknown.push(person)
    }
    if (unknown.length === 0) return keys
    if (make) await this.#make(unknown)
    const text = `select person, key from ${this.#schema}.person where person = any($1) and key is not null`
    const { rows } = await this.#pool.query<{ person: string; key: Buffer }>(text, [unknown])
    if (this.#cached.size > cachedMost) this.#cached.clear()
    for (const { person, key } of rows) {
      keys.set(person, key)
      this.#cached.set(person, { key, until: this.#now() + leaseMs })
    }
    return keys
  }

  async #make(people: readonly string[]): Promise<void> {
    await this.#pool.query(
      `insert into ${this.#schema}.person (person, key) select * from unnest($1::text[], $2::bytea[]) on conflict do nothing`,
      [people, people.map(() => randomBytes(32))],
    )
  }

  async #hash(field: string, value: string): Promise<Buffer> {
    this.#secret ??= (
      await this.#pool.query<{ secret: Buffer }>(`select secret from ${this.#schema}.secret`)
    ).rows[0]!.secret
    return createHmac('sha256', this.#secret).update(`${field}\n${value}`).digest()
  }
}
