import { createHash } from 'node:crypto'
import type { Answer, QueryOptions } from './lake.ts'
import { LakeError } from './failure.ts'
import type { Files } from './files.ts'
import type { Read } from './reads.ts'

/** A question kept: what was asked, where, by which versions, and what it reads. Saving one again makes a new version. */
export interface SavedQuestion {
  readonly name: string
  /** 1, 2, 3… */
  readonly version: number
  readonly sql: string
  /** Positions it was saved at. */
  readonly at: Readonly<Record<string, number>>
  readonly savedAt: string
  readonly savedBy?: string
  /** Versions of what answered. */
  readonly engine: Readonly<Record<string, string>>
  /** SHA-256 over the rows, sorted where the question does not order them. */
  readonly answer: string
  readonly reads: readonly Read[]
  readonly unrepeatable: readonly string[]
}

export interface AnsweredQuestion extends Answer {
  readonly question: SavedQuestion
  /** Asked at the positions it was saved at: whether the answer is the same, and what has changed where it is not. */
  readonly same?: boolean
  readonly changed: readonly string[]
}

interface Asked {
  query(sql: string, options: QueryOptions): Promise<Answer>
  readonly files: Files
  readonly now: () => number
  readonly engine: Readonly<Record<string, string>>
}

const FOLDER = '_headwater/questions'

/** Questions kept by name. */
export class Questions {
  readonly #on: Asked

  constructor(on: Asked) {
    this.#on = on
  }

  /** Asks it, and keeps it with its answer's digest. */
  async save(said: { name: string; sql: string; by?: string } & Pick<QueryOptions, 'at'>): Promise<SavedQuestion> {
    checkName(said.name)
    const answer = await this.#on.query(said.sql, said.at ? { at: said.at } : {})
    if (answer.truncated)
      throw new LakeError(
        'HW_QUESTION_LARGE',
        `Expected an answer within the lake's limits, got more than ${answer.rows.length} rows. Save a question that sums them up.`,
      )
    const question = {
      name: said.name,
      sql: said.sql,
      at: answer.at,
      savedAt: new Date(this.#on.now()).toISOString(),
      ...(said.by !== undefined && { savedBy: said.by }),
      engine: this.#on.engine,
      answer: digest(answer),
      reads: answer.reads,
      unrepeatable: answer.unrepeatable,
    }
    for (let version = ((await this.get(said.name))?.version ?? 0) + 1; ; version++) {
      const kept = { ...question, version }
      if (await this.#on.files.putIfAbsent(`${FOLDER}/${said.name}.${version}.json`, JSON.stringify(kept))) return kept
    }
  }

  /** The newest version of each, by name. */
  async list(): Promise<readonly SavedQuestion[]> {
    const newest = new Map<string, number>()
    for (const { path } of await this.#on.files.list(FOLDER)) {
      const [, name, version] = /([^/]+)\.(\d+)\.json$/.exec(path) ?? []
      if (name !== undefined) newest.set(name, Math.max(newest.get(name) ?? 0, Number(version)))
    }
    const found = await Promise.all([...newest].toSorted().map(([name, version]) => this.#read(name, version)))
    return found.filter((question) => question !== undefined)
  }

  /** The newest version, or the one named. */
  async get(name: string, version?: number): Promise<SavedQuestion | undefined> {
    checkName(name)
    if (version !== undefined) return await this.#read(name, version)
    return (await this.list()).find((question) => question.name === name)
  }

  /** Asks it where it was saved (default), at other positions, or of all there is now. */
  async ask(
    name: string,
    options: { version?: number; at?: 'saved' | 'now' | Readonly<Record<string, number>> } & Pick<
      QueryOptions,
      'signal' | 'limits'
    > = {},
  ): Promise<AnsweredQuestion> {
    const { version, at = 'saved', ...rest } = options
    const question = await this.get(name, version)
    if (question === undefined)
      throw new LakeError(
        'HW_QUESTION_UNKNOWN',
        `There is no saved question ${name}${version === undefined ? '' : ` of version ${version}`}.`,
      )
    const where = at === 'now' ? {} : { at: at === 'saved' ? question.at : at }
    const answer = await this.#on.query(question.sql, { ...rest, ...where })
    if (at !== 'saved') return { ...answer, question, changed: [] }
    const same = digest(answer) === question.answer
    return { ...ordered(answer), question, same, changed: same ? [] : this.#changes(question) }
  }

  /** What each saved question reads, for the register of who reads what. */
  async readers(): Promise<readonly { readonly reader: string; readonly reads: readonly Read[] }[]> {
    return (await this.list()).map(({ name, reads }) => ({ reader: `question:${name}`, reads }))
  }

  #changes({ engine, unrepeatable }: SavedQuestion): string[] {
    const versions = Object.entries(this.#on.engine)
      .filter(([part, version]) => engine[part] !== version)
      .map(([part, version]) => `${part} ${engine[part] ?? 'none'} → ${version}`)
    const reasons = [...versions, ...unrepeatable.map((reason) => `it uses ${reason}`)]
    return reasons.length > 0 ? reasons : ['the types of its columns, or events erased since']
  }

  async #read(name: string, version: number): Promise<SavedQuestion | undefined> {
    const content = await this.#on.files.read(`${FOLDER}/${name}.${version}.json`)
    return content === undefined ? undefined : (JSON.parse(content.toString()) as SavedQuestion)
  }
}

/** The same rows in the same order, also where the question leaves the order open. */
function ordered<A extends Answer>(answer: A): A {
  if (answer.ordered) return answer
  const rows = answer.rows
    .map((row) => ({ row, key: JSON.stringify(row) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return { ...answer, rows: rows.map(({ row }) => row) }
}

function digest(answer: Answer): string {
  const { columns, rows } = ordered(answer)
  return createHash('sha256').update(JSON.stringify({ columns, rows })).digest('hex')
}

function checkName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{0,99}$/.test(name))
    throw new LakeError(
      'HW_QUESTION_NAME',
      `Expected a name of lower-case letters, digits and "-", at most 100, got "${name}".`,
    )
}
