/** The actions of the Delta protocol that the lake writes and reads; one line of JSON each. */
export type Action =
  | { readonly commitInfo: Record<string, unknown> }
  | { readonly protocol: Protocol }
  | { readonly metaData: MetaData }
  | { readonly txn: Txn }
  | { readonly add: Add }
  | { readonly remove: Remove }

export interface Protocol {
  readonly minReaderVersion: number
  readonly minWriterVersion: number
  readonly readerFeatures?: readonly string[]
  readonly writerFeatures?: readonly string[]
}

export interface MetaData {
  readonly id: string
  readonly format: { readonly provider: 'parquet'; readonly options: Record<string, string> }
  readonly schemaString: string
  readonly partitionColumns: readonly string[]
  readonly configuration: Readonly<Record<string, string>>
  readonly createdTime: number
}

/** How far an application has come; `appId` names a service's log, `version` is the position landed. */
export interface Txn {
  readonly appId: string
  readonly version: number
  readonly lastUpdated?: number
}

export interface Add {
  readonly path: string
  readonly partitionValues: Readonly<Record<string, string>>
  readonly size: number
  readonly modificationTime: number
  readonly dataChange: boolean
  readonly stats: string
  readonly tags: Readonly<Record<string, string>>
}

export interface Remove {
  readonly path: string
  readonly deletionTimestamp: number
  readonly dataChange: boolean
}

/** UTC timestamps without a zone are a table feature; everything else is of the first version of the protocol. */
export const protocol: Protocol = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: ['timestampNtz'],
  writerFeatures: ['timestampNtz'],
}

export function linesOf(actions: readonly Action[]): string {
  return actions.map((action) => `${JSON.stringify(action)}\n`).join('')
}

export function actionsOf(lines: string): Action[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Action)
}
