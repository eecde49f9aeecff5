import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(join(import.meta.dirname, path), 'utf8') }))

/** Operations that IEEE 754 and ECMAScript define to the last bit. */
const exactInMath = new Set(['sqrt', 'floor', 'abs', 'min', 'max', 'trunc', 'imul', 'ceil'])

const findings = (pattern: RegExp, allowed: (found: string) => boolean = () => false) =>
  sources.flatMap(({ path, text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    return [...code.matchAll(pattern)]
      .filter((match) => !allowed(match[1] ?? ''))
      .map((match) => `${path}: ${match[0]}`)
  })

it('uses only the functions of Math that are the same on every engine', () => {
  expect(sources.length).toBeGreaterThan(15)
  expect(findings(/\bMath\.(\w+)/g, (name) => exactInMath.has(name))).toEqual([])
})

it('raises to powers only bigints, since ** of doubles is not exact', () => {
  expect(findings(/\*\*=?\s*(\w+)/g, (exponent) => /^\d+n$/.test(exponent))).toEqual([])
})

it('knows no clock, no randomness, no input or output and no other package', () => {
  expect(
    findings(
      /\b(Date|performance|process|globalThis|fetch|console|crypto|Intl|setTimeout|toLocale\w*|localeCompare)\b/g,
    ),
  ).toEqual([])
  expect(findings(/from '(?!\.)([^']+)'/g)).toEqual([])
})
