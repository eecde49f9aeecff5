import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, extname, join, posix, relative } from 'node:path'
import { Marked, type Tokens } from 'marked'
import { files, root } from '../tidy/sources.ts'
import { contents, type Group } from './contents.ts'

/** What the site is made of: where each file lies below its folder, and its bytes. */
export type Site = ReadonlyMap<string, string | Buffer>

const style = readFileSync(join(import.meta.dirname, 'style.css'), 'utf8')

/** Every document of the project as a page, and every file or folder that one links to. Works from any folder, without JavaScript. */
export function makeSite(): Site {
  const all = files()
  const groups = contents()
  const site = new Map<string, string | Buffer>([['style.css', style]])
  const waiting = all.filter((path) => path.endsWith('.md'))
  const known = new Set(waiting)
  const linked = (path: string) => {
    if (known.has(path)) return
    known.add(path)
    waiting.push(path)
  }
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (/\.(png|svg|jpg)$/.test(path)) site.set(path, readFileSync(join(root, path)))
    else {
      const page = pageFor(path, all, linked)
      site.set(addressOf(path), layout({ ...page, path, groups }))
    }
  }
  return site
}

interface Page {
  readonly title: string
  readonly body: string
}

/** Where the page of a file or folder lies. */
function addressOf(path: string): string {
  if (/\.(png|svg|jpg)$/.test(path)) return path
  if (path === 'README.md') return 'index.html'
  if (path.endsWith('/README.md')) return path.replace(/README\.md$/, 'index.html')
  if (path.endsWith('.md')) return path.replace(/\.md$/, '.html')
  return statSync(join(root, path)).isDirectory() ? `${path}/index.html` : `${path}.html`
}

function pageFor(path: string, all: readonly string[], linked: (path: string) => void): Page {
  if (path.endsWith('.md')) return document(path, linked)
  if (!statSync(join(root, path)).isDirectory()) {
    const code = escaped(readFileSync(join(root, path), 'utf8'))
    return { title: path, body: `<h1>${escaped(path)}</h1>\n<pre tabindex="0"><code>${code}</code></pre>` }
  }
  const inside = [...new Set(all.filter((one) => one.startsWith(`${path}/`)).map((one) => one.slice(path.length + 1)))]
  const items = inside.map((name) => {
    const target = join(path, name)
    linked(target)
    return `<li><a href="${hrefTo(`${path}/index.html`, addressOf(target))}">${escaped(titleOf(target) ?? name)}</a></li>`
  })
  return { title: path, body: `<h1>${escaped(path)}</h1>\n<ul>\n${items.join('\n')}\n</ul>` }
}

function document(path: string, linked: (path: string) => void): Page {
  const text = readFileSync(join(root, path), 'utf8')
  const slugs = new Map<string, number>()
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: said }) {
        return `<h${depth} id="${slugOf(said, slugs)}">${this.parser.parseInline(tokens)}</h${depth}>\n`
      },
      code: ({ text: code, lang }: Tokens.Code) =>
        `<pre tabindex="0"${lang ? ` data-language="${escaped(lang.split(' ')[0]!)}"` : ''}><code>${escaped(code)}\n</code></pre>\n`,
      table(token) {
        const cells = (row: readonly Tokens.TableCell[], tag: string) =>
          `<tr>${row.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('')}</tr>`
        // A head cell without words is no head.
        const head = `<tr>${token.header.map((cell) => (cell.text === '' ? '<td></td>' : `<th scope="col">${this.parser.parseInline(cell.tokens)}</th>`)).join('')}</tr>`
        const body = token.rows.map((row) => cells(row, 'td')).join('\n')
        return `<div class="table" tabindex="0">\n<table>\n<thead>${head}</thead>\n<tbody>\n${body}\n</tbody>\n</table>\n</div>\n`
      },
      link({ href, tokens }) {
        return `<a href="${escaped(localHref(path, href, linked))}">${this.parser.parseInline(tokens)}</a>`
      },
      image: ({ href, text: said }) => `<img src="${escaped(localHref(path, href, linked))}" alt="${escaped(said)}">`,
      html: ({ text: raw }) => escaped(raw),
    },
  })
  return { title: titleOf(path) ?? path, body: marked.parse(text, { async: false }) }
}

/** A link as the site has it; to a file or folder of the project, its page. */
function localHref(from: string, href: string, linked: (path: string) => void): string {
  if (/^[a-z]+:|^#/.test(href)) return href
  const [target = '', fragment] = href.split('#')
  const path = posix.join(dirname(from), target).replace(/\/$/, '')
  if (!existsSync(join(root, path))) throw new Error(`${from} links to ${href}, which is not there.`)
  const readme = posix.join(path, 'README.md')
  const found = extname(path) === '' && existsSync(join(root, readme)) ? readme : path
  linked(found)
  return `${hrefTo(addressOf(from), addressOf(found))}${fragment === undefined ? '' : `#${fragment}`}`
}

function hrefTo(from: string, to: string): string {
  return relative(dirname(from), to) || posix.basename(to)
}

/** As GitHub makes them, so that a link holds there and here. */
function slugOf(heading: string, slugs: Map<string, number>): string {
  const slug = heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, '')
    .replaceAll(' ', '-')
  const times = slugs.get(slug) ?? 0
  slugs.set(slug, times + 1)
  return times === 0 ? slug : `${slug}-${times}`
}

function titleOf(path: string): string | undefined {
  if (!path.endsWith('.md')) return undefined
  return /^# (.+)$/m.exec(readFileSync(join(root, path), 'utf8'))?.[1]?.replaceAll('`', '')
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

function layout({
  title,
  body,
  path,
  groups,
}: Page & { readonly path: string; readonly groups: readonly Group[] }): string {
  const here = addressOf(path)
  const item = (file: string) => {
    const current = file === path ? ' aria-current="page"' : ''
    return `<li><a href="${hrefTo(here, addressOf(file))}"${current}>${escaped(titleOf(file)!)}</a></li>`
  }
  const list = groups.map(({ title: said, files: of }) => `<p>${said}</p>\n<ul>\n${of.map(item).join('\n')}\n</ul>`)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title === 'Headwater' ? title : `${title} · Headwater`)}</title>
<link rel="stylesheet" href="${hrefTo(here, 'style.css')}">
</head>
<body>
<header><a href="${hrefTo(here, 'index.html')}">Headwater</a> <a class="documents" href="#all-documents">Documents</a></header>
<main>
${body}</main>
<nav id="all-documents" aria-label="Documents">
${list.join('\n')}
</nav>
</body>
</html>
`
}
