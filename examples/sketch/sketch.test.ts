import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
// Below the root, so that packages are found as from anywhere else in it.
const place = join(root, 'node_modules', '.sketch-mistakes')

/** What people get wrong most, and what the one error says. */
const mistakes = [
  ['unknown-event', 'facts.PotOpened(cmd)', 'facts.PotOpend(cmd)', /PotOpend.*PotOpened/],
  ['wrong-field', 'reason: z.string() }) },', 'reason: z.int() }) },', /string.*number/s],
  ['missing-evolve', '    PotClosed: (pot) => ({ ...pot, open: false }),\n', '', /PotClosed.*missing/s],
  ['unknown-relation', "link('customers:customer', {", "link('potts', {", /No resource is named potts/],
  ['unknown-metric-field', "'amountMinor', {", "'amountMajor', {", /amountMajor.*amountMinor/s],
  ['wrong-unit', "unit: 'customerId'", "unit: 'clientId'", /clientId.*customerId/s],
] as const

const errors = new Map<string, string[]>()

beforeAll(async () => {
  await rm(place, { recursive: true, force: true })
  await mkdir(place, { recursive: true })
  await cp(join(import.meta.dirname, 'customers.ts'), join(place, 'customers.ts'))
  const sketch = await readFile(join(import.meta.dirname, 'pots.ts'), 'utf8')
  for (const [name, right, wrong] of mistakes) {
    if (!sketch.includes(right)) throw new Error(`The sketch does not say ${right} any more.`)
    await writeFile(join(place, `${name}.ts`), sketch.replace(right, wrong))
  }
  const config = { extends: join(root, 'tsconfig.json'), files: mistakes.map(([name]) => `${name}.ts`), include: [] }
  await writeFile(join(place, 'tsconfig.json'), JSON.stringify(config))
  const output = await new Promise<string>((done) => {
    execFile(join(root, 'node_modules', '.bin', 'tsc'), ['-p', place, '--pretty', 'false'], (_, stdout) => done(stdout))
  })
  for (const error of output.split(/\n(?=\S)/)) {
    const name = /([\w-]+)\.ts\(\d+,\d+\): error/.exec(error)?.[1]
    if (name !== undefined) errors.set(name, [...(errors.get(name) ?? []), error])
  }
})

afterAll(() => rm(place, { recursive: true, force: true }))

it('is a whole service in at most 50 lines, without a type annotation', async () => {
  const sketch = await readFile(join(import.meta.dirname, 'pots.ts'), 'utf8')
  expect(sketch.trimEnd().split('\n').length).toBeLessThanOrEqual(50)
  expect((await import('./pots.ts')).default.name).toBe('pots')
})

it.each(mistakes)('refuses the mistake %s with one readable error', (name, _right, _wrong, says) => {
  expect(errors.get(name)).toHaveLength(1)
  expect(errors.get(name)![0]).toMatch(says)
})
