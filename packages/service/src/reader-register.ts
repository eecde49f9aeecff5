import type { ContractDocument, Reads } from '@headwater/contract'
import type pg from 'pg'

/** Somebody who reads a service's events, as its register has him. */
export interface KnownReader {
  /** `accounts/close-accounts-of-leavers`; the caller alone for one who reads and declared nothing. */
  readonly name: string
  /** Fields read, by type; absent for one who declared nothing: he counts as reading everything. */
  readonly reads?: Reads
  /** RFC 3339. */
  readonly lastRead?: string
  /** When a field was last seen to be read, by type. */
  readonly observed: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export interface Declaration {
  readonly reads: Reads
  /** Fields read since the last declaration, by type. */
  readonly observed?: Readonly<Record<string, readonly string[]>>
}

export interface Override {
  /** Of the contract that was let through. */
  readonly hash: string
  readonly who: string
  readonly why: string
  readonly changes: readonly unknown[]
}

/** Who reads what a service publishes, the contracts it served, and who let a change through: rows in its own database. */
export interface ReaderRegister {
  declare(caller: string, name: string, declaration: Declaration): Promise<void>
  /** Notes that somebody reads; at most once a minute for each. */
  seen(caller: string): Promise<void>
  readers(): Promise<KnownReader[]>
  forget(reader: string): Promise<boolean>
  /** Keeps a contract the first time it is served. */
  serve(document: ContractDocument): Promise<void>
  /** Contracts served, oldest first. */
  served(): Promise<{ readonly since: string; readonly contract: ContractDocument }[]>
  override(override: Override): Promise<void>
  overrides(): Promise<(Override & { readonly at: string })[]>
}

/** Tables of the register, where they are missing. */
export const registerSql = `
  create table if not exists headwater.contract_readers (
    reader text primary key, caller text not null, reads json, observed jsonb not null default '{}', last_read timestamptz);
  create table if not exists headwater.contracts_served (
    number bigint generated always as identity primary key, hash text not null unique, since timestamptz not null default now(),
    contract json not null);
  create table if not exists headwater.contract_overrides (
    number bigint generated always as identity primary key, at timestamptz not null default now(),
    hash text not null, who text not null, why text not null, changes json not null)`

/** Makes the tables where they are missing; two processes may start at once. */
export async function migrateRegister(pool: pg.Pool): Promise<void> {
  // One simple query is one transaction, so the lock is held until the tables are there.
  await pool.query(`select pg_advisory_xact_lock(hashtextextended('headwater contract', 0)); ${registerSql}`)
}

const betweenSeenMs = 60_000

/** The register in a service's database, whose tables are there. */
export function registerOn(pool: pg.Pool, now: () => number): ReaderRegister {
  const lastSeen = new Map<string, number>()
  return {
    async declare(caller, name, { reads, observed = {} }) {
      const at = new Date(now()).toISOString()
      const times = Object.entries(observed).map(([type, fields]) => [
        type,
        Object.fromEntries(fields.map((field) => [field, at])),
      ])
      await pool.query(declareSql, [
        `${caller}/${name}`,
        caller,
        JSON.stringify(reads),
        JSON.stringify(Object.fromEntries(times)),
      ])
    },
    async seen(caller) {
      if (now() - (lastSeen.get(caller) ?? 0) < betweenSeenMs) return
      if (lastSeen.size > 10_000) lastSeen.clear()
      lastSeen.set(caller, now())
      await pool.query(seenSql, [caller, new Date(now()).toISOString()])
    },
    async readers() {
      const { rows } = await pool.query(readersSql)
      return rows.map(({ reader, reads, observed, last_read }) => ({
        name: reader,
        ...(reads === null ? {} : { reads }),
        ...(last_read === null ? {} : { lastRead: last_read.toISOString() }),
        observed,
      }))
    },
    async forget(reader) {
      const { rowCount } = await pool.query('delete from headwater.contract_readers where reader = $1', [reader])
      return rowCount === 1
    },
    async serve(document) {
      // One that comes back after another is the newest again.
      await pool.query(
        `insert into headwater.contracts_served as served (hash, contract) values ($1, $2)
         on conflict (hash) do update set number = default, since = default
         where served.number < (select max(number) from headwater.contracts_served)`,
        [document.hash, JSON.stringify(document)],
      )
    },
    async served() {
      const { rows } = await pool.query('select since, contract from headwater.contracts_served order by number')
      return rows.map(({ since, contract }) => ({ since: since.toISOString(), contract }))
    },
    async override({ hash, who, why, changes }) {
      await pool.query('insert into headwater.contract_overrides (hash, who, why, changes) values ($1, $2, $3, $4)', [
        hash,
        who,
        why,
        JSON.stringify(changes),
      ])
    },
    async overrides() {
      const { rows } = await pool.query(
        'select at, hash, who, why, changes from headwater.contract_overrides order by number',
      )
      return rows.map(({ at, ...rest }) => ({ at: at.toISOString(), ...rest }))
    },
  }
}

// Reading is seen of a caller, whatever his consumers: a new one was last seen when the others were. Who declares no longer counts as
// one of whom nothing is known. Fields observed before stay: what is observed only adds.
const declareSql = `
  with undeclared as (delete from headwater.contract_readers where reader = $2::text and reads is null)
  insert into headwater.contract_readers as r (reader, caller, reads, observed, last_read)
  values ($1, $2, $3, $4::jsonb, (select max(last_read) from headwater.contract_readers where caller = $2))
  on conflict (reader) do update set reads = excluded.reads, observed = (
    select coalesce(jsonb_object_agg(type, coalesce(r.observed -> type, '{}') || coalesce(excluded.observed -> type, '{}')), '{}')
    from (select jsonb_object_keys(r.observed) as type union select jsonb_object_keys(excluded.observed)) as types)`

// Who was seen and declared at the same moment may stand here twice.
const readersSql = `
  select reader, reads, observed, last_read from headwater.contract_readers r
  where reads is not null
    or not exists (select from headwater.contract_readers d where d.caller = r.caller and d.reads is not null)
  order by reader`

const seenSql = `
  with known as (update headwater.contract_readers set last_read = $2 where caller = $1 returning 1)
  insert into headwater.contract_readers (reader, caller, last_read)
  select $1, $1, $2 where not exists (select from known)
  on conflict (reader) do update set last_read = excluded.last_read`
