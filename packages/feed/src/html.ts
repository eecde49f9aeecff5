import type { Answer } from './answer.ts'

/** A page for people: events as a table, a form to filter, links to move on. No scripts. */
export function htmlBody(answer: Answer, url: URL): Buffer<ArrayBuffer> {
  const { service, view, range, next, prev, atEnd, log, links } = answer
  const rows = range.bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => row(links.feed, line))
  const covered = range.to < range.from ? `nothing after ${range.to}` : `positions ${range.from} to ${range.to}`
  return Buffer.from(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(service)}: ${view === 'log' ? 'log' : 'events'}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:1rem auto;max-width:70rem;padding:0 1rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-top:1px solid #ccc}pre{margin:0;white-space:pre-wrap;word-break:break-word}
form{display:flex;gap:.6rem;flex-wrap:wrap;align-items:end}label{display:grid}nav{display:flex;gap:1rem;margin:1rem 0}</style></head>
<body><h1>${escaped(service)}: ${view === 'log' ? 'everything in its log' : 'published events'}</h1>
<form action="${escaped(links.feed)}">${field('type', 'Types', url)}${field('since', 'Since (UTC)', url)}${field('until', 'Until (UTC)', url)}${field('after', 'After', url)}${field('limit', 'At most', url)}<button>Show</button></form>
<p>${range.count} ${range.count === 1 ? 'event' : 'events'}, ${covered}${atEnd ? ', the end of the log for now' : ''}. Lineage ${escaped(log)}.</p>
<nav><a href="${escaped(links.home)}">Home</a><a href="${escaped(links.feed)}">First</a>${prev === undefined ? '' : `<a rel="prev" href="${escaped(prev)}">Earlier</a>`}<a rel="next" href="${escaped(htmlNext(answer, next))}">Later</a></nav>
<table><thead><tr><th>Position</th><th>Type</th><th>Stream</th><th>Happened</th><th>Data</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></body></html>
`)
}

function row(feed: string, line: string): string {
  const { position, type, subject, time } = JSON.parse(line) as Record<string, string>
  const data = line.slice(line.indexOf(',"data":') + ',"data":'.length, -1)
  return `<tr><td><a href="${escaped(feed)}/${position}">${position}</a></td><td>${escaped(type!)}</td><td>${escaped(subject!)}</td><td><time>${escaped(time!)}</time></td><td><pre>${escaped(data)}</pre></td></tr>`
}

/** Aligned pages have no face for people. */
function htmlNext({ range, links }: Answer, next: string): string {
  return next.includes('?') ? next : links.after({ position: range.to, id: range.id })
}

function field(name: string, label: string, url: URL): string {
  return `<label>${label}<input name="${name}" value="${escaped(url.searchParams.getAll(name).join(','))}"></label>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
