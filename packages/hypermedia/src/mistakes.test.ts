import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/** The file of deliberate mistakes is compiled with its excuses taken out, so that the compiler has to say what is wrong. */
const root = join(import.meta.dirname, '..', '..', '..')
const text = readFileSync(join(import.meta.dirname, 'mistakes.test-d.ts'), 'utf8')
const lines = text.split('\n')
const mistakes = lines.flatMap((line, index) => {
  const [, number, what] = /@ts-expect-error (\d+): (.*)/.exec(line) ?? []
  return what === undefined ? [] : [{ number, what, line: index + 1 }]
})

let directory: string
let said: string

beforeAll(() => {
  // Below the root, where `zod` is found.
  directory = mkdtempSync(join(root, 'node_modules', '.mistakes-'))
  const bare = text.replaceAll('@ts-expect-error', '').replaceAll("from './", `from '${import.meta.dirname}/`)
  writeFileSync(join(directory, 'mistakes.ts'), bare)
  const tsconfig = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { types: ['node'] },
    include: ['mistakes.ts'],
    exclude: [],
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(tsconfig))
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', directory, '--pretty', 'false'], { encoding: 'utf8', cwd: root })
    said = ''
  } catch (error) {
    said = (error as { stdout: string }).stdout
  }
})
afterAll(() => rmSync(directory, { recursive: true }))

const saidOf = (line: number) => {
  const ends = mistakes.find((one) => one.line > line)?.line ?? lines.length
  return said
    .split(/\n(?=\S)/)
    .filter((one) => {
      const at = Number(/mistakes\.ts\((\d+),/.exec(one)?.[1])
      return at > line && at < ends
    })
    .join('\n')
}

describe('the compiler refuses', () => {
  it.each(mistakes)('$number: $what', ({ line }) => {
    expect(saidOf(line)).toContain('error TS')
  })

  it('nothing else', () => {
    const elsewhere = said.split(/\n(?=\S)/).filter((one) => one !== '' && !/mistakes\.ts\(\d+,/.test(one))
    expect(elsewhere).toEqual([])
  })

  it('with a sentence that says what is wrong with a link', () => {
    expect(said).toContain('No resource is named shelf.')
    expect(said).toContain('A link to drawer needs the variable drawerId.')
  })
})
