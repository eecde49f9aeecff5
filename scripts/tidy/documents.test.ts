import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { commands } from '../../packages/cli/src/commands.ts'
import { files, root } from './sources.ts'

const pages = files()
  .filter((path) => path.endsWith('.md') && !path.startsWith('spec/'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

it('names only commands that there are', () => {
  const names = new Set(['help', ...commands.map(({ name }) => name)])
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?:`|^|npx )headwater ([a-z]+)(?: ([a-z]+))?/gm)]
      .filter(([, one, two]) => !names.has(one!) && !names.has(`${one} ${two}`))
      .map(([said]) => `${path}: ${said}`),
  )
  expect(unknown).toEqual([])
})

it('names only measurements and guarantees that there are', () => {
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/npm run (bench|guarantees) -- ([a-z-]+)/g)]
      .filter(([, kind, name]) => !existsSync(join(root, kind!, name!, 'run.ts')))
      .map(([said]) => `${path}: ${said}`),
  )
  expect(unknown).toEqual([])
})

it('explains a thing on one page', () => {
  const long = pages.filter(({ path, text }) => path.startsWith('docs/explanation/') && text.split('\n').length > 61)
  expect(long.map(({ path }) => path)).toEqual([])
})
