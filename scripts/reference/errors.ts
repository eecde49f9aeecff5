import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { files, root } from '../tidy/sources.ts'
import { type Page, tableOf } from './page.ts'

/** Every error code, from its page, and which packages say it. */
export function errorsPage(): Page {
  const all = files()
  const code = all.filter(
    (path) => /^(packages|apps)\/[^/]+\/src\/.*\.tsx?$/.test(path) && !/\.(test|test-d|fixture)\.tsx?$/.test(path),
  )
  const said = code.map((path) => ({ home: path.split('/')[1]!, text: readFileSync(join(root, path), 'utf8') }))
  const rows = all
    .filter((path) => /^docs\/errors\/HW_\w+\.md$/.test(path))
    .sort()
    .map((path) => {
      const name = /HW_\w+/.exec(path)![0]
      const [, cause = '', fix = ''] = /\*\*Cause\.\*\* (.+?)\n\n\*\*Fix\.\*\* (.+)/s.exec(
        readFileSync(join(root, path), 'utf8'),
      )!
      const word = new RegExp(`\\b${name}\\b`)
      const homes = new Set(said.filter(({ text }) => word.test(text)).map(({ home }) => home))
      return [`[\`${name}\`](../errors/${name}.md)`, line(cause), line(fix), [...homes].sort().join(', ')]
    })
  const text = `# Errors

Every error has a code that stays, and says what was expected, what came, and what helps. Over HTTP it is a problem document (RFC 9457) with the member \`code\`; in a program it is an \`Error\` with the property \`code\`.

${tableOf(['code', 'cause', 'fix', 'said by'], rows)}
`
  return { path: 'errors.md', text }
}

/** Links of a page in `docs/errors` are read from `docs/reference` here. */
const line = (text: string) =>
  text
    .trim()
    .replaceAll('\n', ' ')
    .replaceAll(/\]\((?!https?:|\.\.|#)/g, '](../errors/')
