import { failure } from './failure.ts'
import { decode, isName, type PathTemplate } from './path-template.ts'

export type Method = 'GET' | 'POST'

export interface Found<Target> {
  readonly target: Target
  readonly variables: Record<string, string>
}

/** Paths to targets by method; literal segments win over variables. */
export interface Routes<Target> {
  /** Throws `HW_ROUTE_CLASH` when the same method and shape of path is taken. */
  add(method: Method, template: PathTemplate, target: Target): void
  /** What a path leads to with a method. */
  find(method: Method, path: string): Found<Target> | undefined
}

interface Place<Target> {
  readonly literals: Map<string, Place<Target>>
  variable?: Place<Target>
  readonly ends: Map<Method, { target: Target; template: PathTemplate }>
}

export function routes<Target>(): Routes<Target> {
  const root = place<Target>()
  return {
    add(method, template, target) {
      let at = root
      for (const segment of template.segments) {
        if (segment.kind === 'variable') at = at.variable ??= place()
        else {
          let next = at.literals.get(segment.text)
          if (next === undefined) at.literals.set(segment.text, (next = place()))
          at = next
        }
      }
      const taken = at.ends.get(method)
      if (taken !== undefined) {
        throw failure(
          'HW_ROUTE_CLASH',
          `Expected each URL to mean one thing, got ${method} ${template.text} beside ${method} ${taken.template.text}. Change one of the paths or action names.`,
        )
      }
      at.ends.set(method, { target, template })
    },
    find(method, path) {
      // A trailing slash stays as an empty segment, which nothing matches.
      const segments = path === '/' ? [] : path.split('/').slice(1).map(decode)
      return walk(root, method, segments, 0, [])
    },
  }
}

const place = <Target>(): Place<Target> => ({ literals: new Map(), ends: new Map() })

function walk<Target>(
  at: Place<Target>,
  method: Method,
  segments: readonly (string | undefined)[],
  index: number,
  values: readonly string[],
): Found<Target> | undefined {
  if (index === segments.length) {
    const end = at.ends.get(method)
    return end && { target: end.target, variables: named(end.template.inPath, values) }
  }
  const text = segments[index]
  // What nothing can be named is nowhere; a store need not be asked.
  if (text === undefined || !isName(text)) return undefined
  const literal = at.literals.get(text)
  const found = literal && walk(literal, method, segments, index + 1, values)
  if (found !== undefined || at.variable === undefined) return found
  return walk(at.variable, method, segments, index + 1, [...values, text])
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  // Without a prototype a variable can never be mistaken for an inherited property.
  const variables: Record<string, string> = Object.create(null)
  for (const [index, name] of names.entries()) variables[name] = values[index]!
  return variables
}
