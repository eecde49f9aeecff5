import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { files, root, sources } from './sources.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const production = () => sources().filter((path) => /^(packages|apps)\//.test(path) && !/\.test(-d)?\.tsx?$/.test(path))
const tests = () => sources().filter((path) => /\.test\.tsx?$/.test(path))

it('keeps every production file within 400 lines', () => {
  expect(production().filter((path) => read(path).split('\n').length > 401)).toEqual([])
})

it('has no folder or file named for nothing', () => {
  expect(
    sources().filter((path) => /(^|\/)(utils?|common|helpers?|types|misc|manager|processor)(\/|\.tsx?$)/.test(path)),
  ).toEqual([])
})

it('leaves no mark of unfinished work, and no test that is switched off', () => {
  const marks = sources().filter(
    (path) =>
      !path.startsWith('scripts/tidy/') &&
      /\b(TODO|FIXME|XXX|HACK)\b|\b(it|test|describe)\.(only|skip|todo)\(/.test(read(path)),
  )
  expect(marks).toEqual([])
})

it('waits for signals in tests, never for time', () => {
  const sleepers = tests().filter((path) =>
    /setTimeout\((resolve|done|r|\(\) => (resolve|done|r)\()|\bsleep\(|waitForTimeout|timers\/promises/.test(
      read(path),
    ),
  )
  expect(sleepers.filter((path) => !path.startsWith('scripts/tidy/'))).toEqual([])
})

it('gives every package one public edge of named exports, 25 values at most', () => {
  const wide: string[] = []
  for (const index of files().filter((path) => /^packages\/[a-z-]+\/src\/index\.ts$/.test(path))) {
    const text = read(index)
    if (/export \* from|export default/.test(text)) wide.push(`${index}: not named`)
    const values = [...text.matchAll(/export \{([^}]*)\}/g)]
      .flatMap((match) => match[1]!.split(','))
      .map((name) => name.trim())
    const count = values.filter((name) => name !== '' && !name.startsWith('type ')).length
    // `service` is what an author imports for everything, so it carries the words of all libraries.
    if (count > (index.startsWith('packages/service/') ? 45 : 25)) wide.push(`${index}: ${count} values`)
  }
  expect(wide).toEqual([])
})

it('has a README of at most 80 lines for every package', () => {
  const missing = files()
    .filter((path) => /^packages\/[a-z-]+\/package\.json$/.test(path))
    .map((path) => join(dirname(path), 'README.md'))
    .filter((path) => !existsSync(join(root, path)) || read(path).split('\n').length > 81)
  expect(missing).toEqual([])
})

it('points to files that exist from every document', () => {
  const broken: string[] = []
  for (const page of files().filter((path) => path.endsWith('.md'))) {
    for (const [, target] of read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
      if (!existsSync(join(root, dirname(page), target!))) broken.push(`${page} → ${target}`)
    }
  }
  expect(broken).toEqual([])
})

it('speaks of itself alone', () => {
  const named = files().filter(
    (path) =>
      !path.startsWith('scripts/tidy/') &&
      !path.endsWith('package-lock.json') &&
      /\.\.\/shared\/|\/work\/(main|shared)/.test(read(path)),
  )
  expect(named).toEqual([])
})

it('carries one version everywhere', () => {
  const versions = new Set(
    files()
      .filter((path) => /^(packages\/[a-z-]+\/|apps\/[a-z-]+\/|)package\.json$/.test(path))
      .map((path) => JSON.parse(read(path)).version),
  )
  expect([...versions]).toHaveLength(1)
})
