import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { files, root, sources } from './sources.ts'

/** Whose word it is where the glossary says "unless …", and the files that speak of them. */
const owners: Readonly<Record<string, RegExp>> = {
  'a browser’s': /notifications|phone/,
  'a program’s': /./,
  'an error’s': /docs\/errors|operations\.md|workshop\.ts/,
  'AsyncAPI’s': /contract\/src\/asyncapi\.ts/,
  'CloudEvents’': /^spec\/|architecture\.md|feed/,
  'Kafka’s':
    /kafka|connector|experiment-removal|operations\.md|architecture\.md|why-feeds-and-not-cdc\.md|the-four-evolutions\.md|leaving\.md|when-kafka-pays\.md|CHANGELOG\.md/i,
  'others’': /\.md$/,
  'statistics’': /(stats|experiments?)\//,
}

interface NeverSaid {
  readonly parts: readonly string[]
  readonly instead: string
  readonly unless: readonly RegExp[]
}

function neverSaid(): NeverSaid[] {
  const rows = read('docs/glossary.md').matchAll(/^\| ([^|]+) \|[^|]*\| ([^|]+) \|$/gm)
  return [...rows].slice(1).flatMap(([, instead, words]) =>
    words!.split(/, (?![^(]*\))/).map((said) => {
      const [, word, exceptions] = /^(.*?)(?: \(unless (.*)\))?$/.exec(said)!
      const unless = (exceptions?.split(', ') ?? []).map((owner) => {
        const where = owners[owner.replace("'", '’')]
        if (where === undefined) throw new Error(`The glossary excepts ${owner}; say in this test where that is.`)
        return where
      })
      return { parts: wordsOf(word!), instead: instead!, unless }
    }),
  )
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** `partitionKeys`, `partition key` and `PARTITION_KEY` are the same words. */
function wordsOf(text: string): string[] {
  return (text.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').match(/[A-Za-z]+/g) ?? []).map((word) =>
    word.toLowerCase().replace(/(?<=[a-z]{3})s$/, ''),
  )
}

function says(text: readonly string[], { parts }: NeverSaid): boolean {
  return text.some((_, at) => parts.every((part, index) => text[at + index] === part))
}

const rules = neverSaid()

it('reads the glossary', () => {
  expect(rules.length).toBeGreaterThan(20)
  expect(says(wordsOf('lastSequenceNumbers'), { parts: ['sequence', 'number'], instead: '', unless: [] })).toBe(true)
  expect(says(wordsOf('nameShape'), { parts: ['mesh'], instead: '', unless: [] })).toBe(false)
})

it('names things in code as the glossary does', () => {
  const production = sources().filter(
    (path) => /^(packages|apps)\/[^/]+\/src\//.test(path) && !/\.test(-d)?\.tsx?$/.test(path),
  )
  const wrong = production.flatMap((path) => {
    const names = read(path).matchAll(/\b(?:class|interface|type|function|const|let) (\w+)/g)
    return [...new Set([...names].map(([, name]) => name!))].flatMap((name) => broken(path, [wordsOf(name)], name))
  })
  expect(wrong).toEqual([])
})

it('says in documents what the glossary says', () => {
  // What is made from declarations says what those say.
  const apart = /^docs\/(adr\/|reference\/|glossary\.md|licences\.md)/
  const pages = files().filter((path) => path.endsWith('.md') && !apart.test(path))
  // Code in a page is somebody's in particular; its own names are held in the test above.
  const prose = (path: string) => read(path).replaceAll(/```[\s\S]*?```|`[^`\n]*`|\]\([^)]*\)/g, ' | ')
  const wrong = pages.flatMap((path) =>
    broken(
      path,
      prose(path)
        .split(/[|.,;:()\n]/)
        .map(wordsOf),
    ),
  )
  expect(wrong).toEqual([])
})

function broken(path: string, texts: readonly (readonly string[])[], name?: string): string[] {
  return rules
    .filter((rule) => !rule.unless.some((where) => where.test(path)) && texts.some((text) => says(text, rule)))
    .map((rule) => `${path}: say "${rule.instead}", not "${rule.parts.join(' ')}"${name ? ` (${name})` : ''}`)
}
