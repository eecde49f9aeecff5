import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.ts') && name !== 'errors.test.ts')
const codesIn = (names: string[]) =>
  new Set(
    names.flatMap((name) => readFileSync(join(import.meta.dirname, name), 'utf8').match(/\bHW_[A-Z0-9_]+/g) ?? []),
  )
const codes = [...codesIn(files.filter((name) => !name.includes('.test')))]

it('raises each of its error codes in a test', () => {
  const raised = codesIn(files.filter((name) => name.includes('.test')))
  expect(codes.filter((code) => !raised.has(code))).toEqual([])
})

it('has a page for each of its error codes', () => {
  const page = (code: string) => join(import.meta.dirname, '..', '..', '..', 'docs', 'errors', `${code}.md`)
  expect(codes.filter((code) => !existsSync(page(code)))).toEqual([])
})
