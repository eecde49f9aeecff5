import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { files, root, sources } from './sources.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const isTest = (path: string) => /\.(test|test-d|fixture)\.tsx?$/.test(path)
const codesIn = (paths: readonly string[]) =>
  new Set(paths.flatMap((path) => [...read(path).matchAll(/['"`](HW_[A-Z_]*[A-Z])['"`]/g)].map((match) => match[1]!)))

const code = sources().filter((path) => /^(packages|apps)\//.test(path) && !isTest(path))

it('explains every error code on a page of its own: cause and fix', () => {
  const missing = [...codesIn(code)].filter((name) => !existsSync(join(root, 'docs', 'errors', `${name}.md`)))
  expect(missing).toEqual([])
})

it('gives every page the same form', () => {
  const pages = files().filter((path) => /^docs\/errors\/HW_\w+\.md$/.test(path))
  const wrong = pages.filter((path) => {
    const name = /HW_\w+/.exec(path)![0]
    return !new RegExp(`^# ${name}\\n\\n\\*\\*Cause\\.\\*\\* .+\\n\\n\\*\\*Fix\\.\\*\\* .+`, 's').test(read(path))
  })
  expect(wrong).toEqual([])
})
