import { readFileSync } from 'node:fs'

const texts = new Map<string, string>()

/** The statement of `sql/<name>.sql`, for a database schema. The files say `headwater`. */
export function statement(name: string, schema: string): string {
  const text = texts.get(name) ?? readFileSync(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8').trim()
  texts.set(name, text)
  return schema === 'headwater' ? text : text.replaceAll(/\bheadwater\./g, `${schema}.`)
}

/** Names of schemas need no quotes, so that they read the same in every place of a statement. */
export function checkedSchema(schema: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return schema
  throw new TypeError(
    `Expected a database schema like "headwater", got "${schema}". Use lower-case letters, digits and "_", at most 63.`,
  )
}
