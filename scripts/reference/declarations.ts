import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseSync } from 'vite'
import { root } from '../tidy/sources.ts'

/** Something a package exports, as its source says it. */
export interface Declared {
  readonly name: string
  readonly isType: boolean
  /** The text of its docstring; empty where it has none. */
  readonly doc: string
  readonly signature: string
}

interface Source {
  readonly path: string
  readonly text: string
  readonly body: readonly any[]
  readonly comments: readonly { readonly value: string; readonly start: number; readonly end: number }[]
}

const read = new Map<string, Source>()

function sourceOf(path: string): Source {
  const known = read.get(path)
  if (known !== undefined) return known
  const text = readFileSync(path, 'utf8')
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]!.message}`)
  const source = { path, text, body: program.body as any[], comments: comments as Source['comments'] }
  read.set(path, source)
  return source
}

/** All that an entry of a package exports, in its order. */
export function declaredBy(entry: string): Declared[] {
  return sourceOf(entry).body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration') return []
    if (node.declaration !== null) return namesOf(node.declaration).map((name) => find(entry, name, name))
    return node.specifiers.map(({ local, exported }: any) =>
      follow(entry, node.source?.value, local.name, exported.name),
    )
  })
}

function follow(from: string, specifier: string | undefined, name: string, as: string): Declared {
  if (specifier === undefined) return find(from, name, as)
  if (specifier.startsWith('.')) return find(join(dirname(from), specifier), name, as)
  const ours = /^@headwater\/([a-z-]+)$/.exec(specifier)?.[1]
  if (ours !== undefined) {
    const found = declaredBy(join(root, 'packages', ours, 'src', 'index.ts')).find((one) => one.name === name)
    if (found !== undefined)
      return { ...found, name: as, doc: `${found.doc}\n\nThe same as of \`${specifier}\`.`.trim() }
  }
  return { name: as, isType: true, doc: `Of \`${specifier}\`.`, signature: '' }
}

function find(path: string, name: string, as: string): Declared {
  const source = sourceOf(path)
  const found: { readonly statement: any; readonly node: any }[] = []
  for (const statement of source.body) {
    const node = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
    if (node !== null && namesOf(node).includes(name)) found.push({ statement, node })
    const passed = statement.specifiers?.find((one: any) => (one.exported ?? one.local)?.name === name)
    if (passed !== undefined && statement.source !== null && found.length === 0)
      return follow(path, statement.source.value, (passed.imported ?? passed.local).name, as)
  }
  if (found.length === 0) throw new Error(`${path} declares no ${name}.`)
  const doc = found.map(({ statement }) => docBefore(source, statement.start)).find((text) => text !== '') ?? ''
  const isType = /^TS(Interface|TypeAlias)/.test(found[0]!.node.type)
  // Of a function with overloads the last one is how it is done.
  const shown = found.length > 1 ? found.filter(({ node }) => node.body === null) : found
  return { name: as, isType, doc, signature: shown.map(({ node }) => signatureOf(source, node, name)).join('\n') }
}

function namesOf(node: any): string[] {
  if (node.type === 'VariableDeclaration') return node.declarations.map(({ id }: any) => id.name)
  return node.id?.name === undefined ? [] : [node.id.name]
}

function docBefore({ text, comments }: Source, at: number): string {
  const doc = comments.findLast(
    ({ value, end }) =>
      end <= at &&
      value.startsWith('*') &&
      text
        .slice(end, at)
        .replaceAll(/\/\/.*/g, '')
        .trim() === '',
  )
  return doc === undefined ? '' : cleaned(doc.value)
}

function cleaned(comment: string): string {
  return comment
    .replace(/^\*/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
    .replaceAll(/(?:^| )@param (\w+) /gm, '\n\n`$1`: ')
    .replaceAll(/(?:^| )@returns /gm, '\n\nGives ')
    .replaceAll(/(?:^| )@throws /gm, '\n\nThrows ')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

function signatureOf(source: Source, node: any, name: string): string {
  const slice = (from: number, to: number) => source.text.slice(from, to).trim()
  switch (node.type) {
    case 'ClassDeclaration':
      return [slice(node.start, node.body.start), bodyOf(membersOf(source, node.body.body))].join(' ').trim()
    case 'VariableDeclaration':
      return `const ${constantOf(
        slice,
        node.declarations.find(({ id }: any) => id.name === name),
      )}`
    default:
      return slice(node.start, node.type.startsWith('TS') || !node.body ? node.end : node.body.start)
  }
}

const bodyOf = (members: readonly string[]) => (members.length === 0 ? '' : `{\n${members.join('\n')}\n}`)

function membersOf(source: Source, members: readonly any[]): string[] {
  return members
    .filter(({ key, accessibility }) => key?.type !== 'PrivateIdentifier' && !accessibility)
    .map((member) => {
      const isValue = member.type === 'PropertyDefinition'
      const isLiteral = isValue && (member.value === null || member.value.type === 'Literal')
      const end = isLiteral ? member.end : isValue ? member.value.start : member.value.body.start
      const text = source.text.slice(member.start, end).replace(/[\s=]+$/, '')
      const doc = docBefore(source, member.start)
      return `${doc === '' ? '' : `  /** ${doc.replaceAll('\n', ' ')} */\n`}  ${text}`
    })
}

function constantOf(slice: (from: number, to: number) => string, { id, init }: any): string {
  const value = init?.type === 'TSAsExpression' || init?.type === 'TSSatisfiesExpression' ? init.expression : init
  if (value?.type === 'ArrowFunctionExpression') return slice(id.start, value.body.start).replace(/=>$/, '').trim()
  if (value?.type === 'ObjectExpression') {
    const keys = value.properties.map(({ key, value: of }: any) =>
      of?.type === 'ArrowFunctionExpression'
        ? slice(key.start, of.body.start).replace(/\s*=>$/, '')
        : slice(key.start, key.end),
    )
    return `${id.name} = { ${keys.join(', ')} }`
  }
  return slice(id.start, init.end)
}
