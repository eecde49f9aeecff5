import { html, type Html, htmlResponse } from '@headwater/hypermedia'
import type { Answer } from './answer.ts'
import { dataOf } from './line.ts'

/** A page for people: events as a table, a form to filter, links to move on. No scripts. */
export function htmlPage(answer: Answer, asked: URLSearchParams, headers: Readonly<Record<string, string>>): Response {
  const { service, view, range, prev, atEnd, log, links } = answer
  const title = view === 'log' ? `${service}: everything in its log` : `${service}: published events`
  const covered = range.to < range.from ? `nothing after ${range.to}` : `positions ${range.from} to ${range.to}`
  const events = range.count === 1 ? '1 event' : `${range.count} events`
  const earlier = prev === undefined ? undefined : html`<a rel="prev" href="${prev}">Earlier</a>`
  const body = html`<h1>${title}</h1>
    <form action="${links.feed}">
      ${fields.map(([name, label]) => field(name, label, asked.getAll(name).join(',')))}<button>Show</button>
    </form>
    <p>${events}, ${covered}${atEnd ? ', the end of the log for now' : ''}. Lineage <code>${log}</code>.</p>
    <nav>
      <a href="${links.home}">Home</a><a href="${links.feed}">First</a>${earlier}
      <a rel="next" href="${links.after({ position: range.to, id: range.id }, asked)}">Later</a>
    </nav>
    ${range.count === 0 ? undefined : table(links.feed, linesOf(range.bytes))}`
  return htmlResponse(200, title, body, headers)
}

const fields = [
  ['type', 'Types'],
  ['since', 'Since (UTC)'],
  ['until', 'Until (UTC)'],
  ['after', 'After position'],
  ['limit', 'At most'],
] as const

function field(name: string, label: string, value: string): Html {
  return html`<label>${label}<input name="${name}" value="${value}" /></label>`
}

function table(feed: string, lines: readonly string[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Position</th>
        <th>Type</th>
        <th>Stream</th>
        <th>Happened</th>
        <th>Data</th>
      </tr>
    </thead>
    <tbody>
      ${lines.map((line) => row(feed, line))}
    </tbody>
  </table>`
}

function row(feed: string, line: string): Html {
  const { position, type, subject, time } = JSON.parse(line) as Record<string, string>
  return html`<tr>
    <td><a href="${feed}/${position}">${position}</a></td>
    <td>${type}</td>
    <td>${subject}</td>
    <td><time>${time}</time></td>
    <td><code>${dataOf(line)}</code></td>
  </tr>`
}

function linesOf(bytes: Buffer): string[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
}
