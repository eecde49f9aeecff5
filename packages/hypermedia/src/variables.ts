import type { PathTemplate } from './path-template.ts'
import { trouble, type Trouble } from './problem.ts'
import { badTextIn } from './strict-json.ts'

/** The variables of a path and of its query, as they came in a URL. */
export function variablesOf(
  { inQuery }: PathTemplate,
  inPath: Readonly<Record<string, string>>,
  url: URL,
): { readonly kind: 'variables'; readonly variables: Record<string, string> } | Trouble {
  // Without a prototype a variable can never be mistaken for an inherited property.
  const variables: Record<string, string> = Object.assign(Object.create(null), inPath)
  for (const name of inQuery) {
    const value = url.searchParams.get(name)
    // Browsers send the empty fields of a form too.
    if (value !== null && value !== '') variables[name] = value
  }
  const bad = badTextIn(variables, '')
  if (bad === undefined) return { kind: 'variables', variables }
  return trouble(400, { code: 'HW_PARAMETER_INVALID', detail: `Expected text in ${bad.slice(1)}, got U+0000.` })
}
