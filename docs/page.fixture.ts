import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'

export interface Block {
  /** `sh`, `sh fails`, `sh eventually`, `ts`, `diff`, `text`. */
  readonly kind: string
  readonly lines: readonly string[]
  readonly at: number
}

/** The code of a page, in order. */
export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w.*)\n([\s\S]*?)^```$/gm)].map(([, kind, body], index) => ({
    kind: kind!,
    lines: body!.trimEnd().split('\n'),
    at: index,
  }))

export const pageOf = async (name: string): Promise<string> => await readFile(join(import.meta.dirname, name), 'utf8')

/** Every line of a `text` stands in what was said; `…` stands for anything. Answers the whole line that its last one stands in. */
export function holds(said: string, { lines }: Block): string {
  let found = ''
  for (const line of lines) {
    const parts = line.split('…').map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    expect(said).toMatch(new RegExp(parts.join('.*')))
    found = new RegExp(`^.*${parts.join('.*')}`, 'm').exec(said)![0]
  }
  return found
}

/** Writes a `ts` whose first line is its path, or changes a file by a `diff`. */
export async function save(folder: string, { kind, lines }: Block): Promise<void> {
  const path = join(folder, lines[0]!.replace('// ', ''))
  await mkdir(dirname(path), { recursive: true })
  if (kind === 'ts') return await writeFile(path, `${lines.slice(1).join('\n')}\n`)
  let text = await readFile(path, 'utf8')
  for (const [, before, after] of lines.join('\n').matchAll(/^-(.*)\n((?:\+.*\n?)+)/gm)) {
    if (!text.includes(`${before}\n`) && !text.includes(before!)) throw new Error(`No line "${before}" in ${path}.`)
    text = text.replace(before!, after!.trimEnd().replaceAll(/^\+/gm, ''))
  }
  await writeFile(path, text)
}
