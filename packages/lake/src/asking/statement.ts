/** What is asked of the lake, as its syntax tree shows it. */
export interface Statement {
  readonly tables: readonly TableRef[]
  /** Column references as written, e.g. `["s", "amountMinor"]`. */
  readonly columns: readonly (readonly string[])[]
  /** May take every column of some table, or a payload whole. */
  readonly everything: boolean
  /** Fields taken out of `data` by a constant path. */
  readonly members: readonly string[]
  /** The question says in which order its rows come. */
  readonly ordered: boolean
  /** Reasons why asking again at the same positions may answer differently; none when it may not. */
  readonly unrepeatable: readonly string[]
}

export interface TableRef {
  readonly schema?: string
  readonly name: string
}
