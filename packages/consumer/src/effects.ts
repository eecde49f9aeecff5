import { identifier } from './identifier.ts'
import type { ConsumedEvent, KeptTables } from './consumer.ts'

/** What a command handle may carry so that its data is typed: `(data) => …`, or the phantom `input`. */
export type CommandData<Command> = Command extends { readonly input?: infer Data }
  ? Data
  : Command extends (data: infer Data, ...rest: never[]) => unknown
    ? Data
    : unknown

/** Runs a command of a decider in the effect's transaction; answers what the decider's `run` answers, or `held` in a replay. */
export type Run = <Command>(command: Command, id: string, data: CommandData<Command>) => Promise<unknown>

/** The same in a set-based handler, which says for which event. */
export type RunFor = <Command>(
  event: ConsumedEvent,
  command: Command,
  id: string,
  data: CommandData<Command>,
) => Promise<unknown>

/** The transaction an effect is made in. */
export interface EffectTransaction {
  query(sql: string, params?: readonly unknown[]): Promise<{ rows: any[]; rowCount: number | null }>
  /**
   * Present where the composition root joins the event store: its appends go out last, with COMMIT. `cause` is the event that
   * is handled: its correlation id goes on, its id is the causation id.
   */
  run?(command: any, id: string, data: any, cause: ConsumedEvent): Promise<unknown>
}

/** Gives transactions: commits when `work` resolves, rolls back when it rejects. The event store's `transact` fits. */
export interface Effects {
  transact<Result>(work: (tx: EffectTransaction) => Promise<Result>): Promise<Result>
}

/** Transactions in which names without schema lie in the schema of the tables that are kept, then in `public`. */
export function keeping(effects: Effects, kept: KeptTables | undefined): Effects {
  if (kept === undefined) return effects
  const path = `set local search_path to ${identifier(kept.schema)}, public`
  return {
    transact: (work) =>
      effects.transact(async (tx) => {
        await tx.query(path)
        return await work(tx)
      }),
  }
}

/** Makes a consumer's tables where their schema is not there yet: one script, to be run in a transaction. */
export function keptTablesSql({ schema, tables }: KeptTables): string {
  const name = identifier(schema)
  return `do $make$
begin
  if to_regnamespace('${name.replaceAll("'", "''")}') is null then
    create schema ${name};
    set local search_path to ${name}, public;
    ${tables.trim().replace(/;$/, '')};
    set local search_path to default;
  end if;
end $make$`
}
