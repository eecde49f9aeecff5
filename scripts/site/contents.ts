import { files } from '../tidy/sources.ts'

/** The navigation: groups of files, in the order they are read. Every other document is reached by links. */
export interface Group {
  readonly title: string
  readonly files: readonly string[]
}

const guides = [
  'read-a-feed-by-hand',
  'ask-a-question',
  'console',
  'change-a-published-event',
  'test-a-service',
  'personal-data',
  'design-an-experiment',
  'operate',
  'add-to-an-existing-service',
  'feed-from-an-outbox',
  'when-kafka-pays',
  'backup-and-restore',
]
const explanations = [
  'start-with-one-process',
  'the-four-evolutions',
  'why-each-service-has-its-own-database',
  'why-feeds-and-not-cdc',
  'like-git-like-a-ledger',
  'reading-what-is-internal',
  'what-is-guaranteed',
]

/** @throws where a document in one of these folders is in no group, or one of a group is not there. */
export function contents(): Group[] {
  const groups = [
    { title: 'Start', files: ['README.md', 'docs/tutorial.md', 'docs/glossary.md'] },
    { title: 'Guides', files: guides.map((name) => `docs/guides/${name}.md`) },
    { title: 'Explanation', files: explanations.map((name) => `docs/explanation/${name}.md`) },
    {
      title: 'Reference',
      files: [
        ...['commands', 'packages', 'http', 'settings', 'errors'].map((name) => `docs/reference/${name}.md`),
        'spec/feed.md',
      ],
    },
    {
      title: 'Running it',
      files: [
        'docs/operations.md',
        'docs/leaving.md',
        'docs/architecture.md',
        'bench/RESULTS.md',
        'CONTRIBUTING.md',
        'CHANGELOG.md',
      ],
    },
  ]
  const there = files()
  const listed = new Set(groups.flatMap((group) => group.files))
  const missing = [...listed].filter((path) => !there.includes(path))
  const forgotten = there.filter((path) => /^docs\/(guides|explanation)\/[^/]+\.md$/.test(path) && !listed.has(path))
  if (missing.length + forgotten.length > 0)
    throw new Error(`scripts/site/contents.ts: not there: ${missing.join(', ')}; in no group: ${forgotten.join(', ')}`)
  return groups
}
