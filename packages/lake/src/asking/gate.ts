import { LakeError } from '../failure.ts'
import { allowedFunctions, allowedTableFunctions, unorderedFunctions, volatileFunctions } from './allowed-functions.ts'
import { memberOf } from './member.ts'
import type { Statement, TableRef } from './statement.ts'

/** A node of the tree that DuckDB's `json_serialize_sql` gives. */
type Node = { readonly [member: string]: unknown }
type Scope = ReadonlySet<string>

const expressions = new Set(
  `COLUMN_REF CONSTANT STAR WINDOW COMPARISON CONJUNCTION CASE BETWEEN OPERATOR SUBQUERY FUNCTION LAMBDA LAMBDA_REF CAST COLLATE
  POSITIONAL_REFERENCE DEFAULT`.split(/\s+/),
)
const others = new Set(
  `SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE DISTINCT_MODIFIER ORDER_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER
  BASE_TABLE EMPTY EMPTY_FROM EXPRESSION_LIST PIVOT JOIN SUBQUERY TABLE_FUNCTION SHOW_REF COLUMN_DATA
  ASCENDING DESCENDING ORDER_DEFAULT INVALID
  DECIMAL_TYPE_INFO STRING_TYPE_INFO LIST_TYPE_INFO ARRAY_TYPE_INFO STRUCT_TYPE_INFO`.split(/\s+/),
)

/** A name that cannot be one of a file, which would need a dot. */
const plainName = /^[\p{L}\p{M}\p{N}_ ]+$/u

/**
 * Lets one SELECT through, made of known parts alone: tables, functions, expressions. Everything not known to be harmless is
 * refused, so that a new version of the engine opens no door by itself.
 * @param tree the JSON of `json_serialize_sql`.
 * @throws HW_QUERY_SYNTAX, HW_QUERY_REFUSED
 */
export function gate(tree: string): Statement {
  const serialized = JSON.parse(tree) as {
    error: boolean
    error_type?: string
    error_message?: string
    statements?: Node[]
  }
  if (serialized.error) {
    if (serialized.error_type === 'not implemented')
      throw refusal('Expected a SELECT. The lake is read-only: ask with SELECT, WITH, FROM or DESCRIBE.')
    throw new LakeError('HW_QUERY_SYNTAX', `This is no SQL: ${serialized.error_message}`)
  }
  const statements = serialized.statements ?? []
  if (statements.length !== 1)
    throw refusal(`Expected one statement, got ${statements.length}. Ask one question at a time.`)
  const node = statements[0]!.node as Node
  const walk = new Walk()
  walk.visit(node, new Set())
  return { ...walk.parts(), ordered: modifiersOf(node).includes('ORDER_MODIFIER') }
}

class Walk {
  readonly #tables = new Map<string, TableRef>()
  /** Names by which a whole row of a table may be taken, as in `select s from Saved s`. */
  readonly #rows = new Set<string>()
  readonly #columns: string[][] = []
  readonly #members = new Set<string>()
  readonly #unrepeatable = new Set<string>()
  /** References to `data` of which one member is taken. */
  readonly #narrowed = new WeakSet<Node>()
  /** Lists put in order by what they are given to. */
  readonly #sorted = new WeakSet<Node>()
  #everything = false

  parts(): Omit<Statement, 'ordered'> {
    return {
      tables: [...this.#tables.values()],
      columns: this.#columns,
      everything: this.#everything || this.#columns.some((names) => this.#rows.has(fold(names.at(-1)))),
      members: [...this.#members],
      unrepeatable: [...this.#unrepeatable],
    }
  }

  visit(value: unknown, scope: Scope): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item, scope)
    else if (typeof value === 'object' && value !== null) this.#node(value as Node, scope)
  }

  #node(node: Node, outer: Scope): void {
    if (typeof node.class === 'string') this.#expression(node)
    else if (typeof node.type === 'string') this.#clause(node)
    const scope = this.#named(node, outer)
    if (node.type === 'BASE_TABLE') this.#table(node, scope)
    const recurring = node.type === 'RECURSIVE_CTE_NODE' ? new Set([...scope, fold(node.cte_name)]) : scope
    // The left side of a recursion is what it begins with: it does not know the recursion's name, which the engine would
    // look for among files there.
    for (const [member, child] of Object.entries(node))
      if (member !== 'cte_map') this.visit(child, member === 'left' ? scope : recurring)
  }

  /** The scope with what WITH names here. */
  #named(node: Node, outer: Scope): Scope {
    let scope = outer
    const { map = [] } = (node.cte_map ?? {}) as { map?: readonly { key: string; value: unknown }[] }
    for (const { key, value } of map) {
      if (!plainName.test(key))
        throw refusal(`Expected a name of letters, digits, spaces and _ after WITH, got ${key}. Name it otherwise.`)
      this.visit(value, scope)
      scope = new Set([...scope, fold(key)])
    }
    return scope
  }

  #expression(node: Node): void {
    const kind = String(node.class)
    if (kind === 'PARAMETER')
      throw refusal('Expected values in the text of the question, got a parameter. Write the value in its place.')
    if (!expressions.has(kind)) throw refusal(`Expected an expression the lake knows, got one of the kind ${kind}.`)
    if (kind === 'STAR' || kind === 'POSITIONAL_REFERENCE') this.#everything = true
    if (kind === 'COLUMN_REF') this.#column(node)
    if (kind === 'FUNCTION' || kind === 'WINDOW') this.#function(node, allowedFunctions)
  }

  #column(node: Node): void {
    const names = node.column_names as string[]
    this.#columns.push(names)
    if (names.some((name) => fold(name) === 'data') && !this.#narrowed.has(node)) this.#everything = true
  }

  #clause(node: Node): void {
    const kind = String(node.type)
    if (!others.has(kind)) throw refusal(`Expected a SELECT of parts the lake knows, got ${kind}.`)
    if (kind === 'JOIN') this.#columns.push(node.using_columns as string[])
    const renames = ((node.column_name_alias ?? []) as string[]).length > 0
    if (node.ref_type === 'NATURAL' || kind === 'PIVOT' || kind === 'SHOW_REF' || renames) this.#everything = true
    if (kind === 'TABLE_FUNCTION') this.#function(node.function as Node, allowedTableFunctions)
    if (kind === 'SHOW_REF' && node.query === null)
      throw refusal('Expected DESCRIBE or SUMMARIZE of a table. The catalogue lists what there is.')
    const modifiers = modifiersOf(node)
    const limited = modifiers.includes('LIMIT_MODIFIER') || modifiers.includes('LIMIT_PERCENT_MODIFIER')
    if (limited && !modifiers.includes('ORDER_MODIFIER')) this.#unrepeatable.add('LIMIT without ORDER BY')
    if (node.sample !== null && node.sample !== undefined) this.#unrepeatable.add('a sample')
    if (node.at_clause !== null && node.at_clause !== undefined)
      throw refusal('Expected no AT in FROM. Ask as of positions with `at` beside the question.')
  }

  #function(node: Node, known: ReadonlySet<string>): void {
    const called = fold(node.function_name)
    const ours = ['', 'main'].includes(String(node.schema ?? '')) && (node.catalog ?? '') === ''
    if (!ours || !known.has(called)) {
      const where = known === allowedTableFunctions ? ' in FROM' : ''
      throw refusal(
        `The function ${called} may not be called${where}: questions read the lake's tables and nothing else.`,
      )
    }
    if (volatileFunctions.has(called)) this.#unrepeatable.add(`${called}()`)
    const children = (node.children ?? []) as Node[]
    if (/^(list|array)_(reverse_)?sort$/.test(called)) this.#sorted.add(children[0]!)
    const { orders = [] } = (node.order_bys ?? {}) as { orders?: readonly Node[] }
    if (unorderedFunctions.has(called) && orders.length === 0 && !this.#sorted.has(node))
      this.#unrepeatable.add(`${called}() without ORDER BY`)
    this.#member(called, children)
  }

  /** `data ->> 'amountMinor'` takes one member; whatever else is done with `data` may take any. */
  #member(called: string, [from, path, ...more]: readonly Node[]): void {
    if (!/^(->>?|json_extract(_string)?|json_value)$/.test(called) || more.length > 0) return
    if (from?.class !== 'COLUMN_REF' || fold((from.column_names as string[]).at(-1)) !== 'data') return
    const constant = path?.class === 'CONSTANT' ? (path.value as Node).value : undefined
    const member = typeof constant === 'string' ? memberOf(constant) : undefined
    if (member === undefined) return
    this.#members.add(member)
    this.#narrowed.add(from)
  }

  #table(node: Node, scope: Scope): void {
    const schema = String(node.schema_name ?? '')
    const name = String(node.table_name)
    if ((node.catalog_name ?? '') !== '')
      throw refusal(`Expected a table of the lake, got one of ${node.catalog_name}.`)
    if (schema === '' && scope.has(fold(name))) return
    this.#rows.add(fold(node.alias === '' ? name : node.alias))
    this.#tables.set(`${fold(schema)}.${fold(name)}`, schema === '' ? { name } : { schema, name })
  }
}

function modifiersOf(node: Node): string[] {
  return ((node.modifiers ?? []) as Node[]).map(({ type }) => String(type))
}

function fold(name: unknown): string {
  return String(name).toLowerCase()
}

function refusal(sentence: string): LakeError {
  return new LakeError('HW_QUERY_REFUSED', sentence)
}
