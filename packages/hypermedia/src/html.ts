import { createHash } from 'node:crypto'
import { type Reply, responseOf } from './reply.ts'

/** Text that is HTML already. */
export interface Html {
  readonly kind: 'html'
  readonly text: string
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, (c) => ENTITIES[c]!)

type Part = Html | string | number | undefined | false | readonly Part[]

/** Everything put into it is escaped, unless it is HTML already. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return { kind: 'html', text: strings.reduce((text, next, index) => text + put(parts[index - 1]) + next) }
}

function put(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'object') return 'kind' in part ? part.text : part.map(put).join('')
  return escaped(String(part))
}

const STYLE = `:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}pre{overflow:auto;margin:0}fieldset{margin:1rem 0;border:1px solid #8888}
label{display:block;margin:.5rem 0}input,select,textarea{font:inherit;max-width:100%}input:not([type=checkbox]),textarea{display:block;width:24rem}
nav a{margin-right:1rem}code{background:#8882;padding:0 .2rem}[role=alert]{border-left:4px solid #c33;padding-left:1rem}`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** No script, no frame, no foreign resource; forms go to the same origin only. */
const CSP = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

const style: Html = { kind: 'html', text: `<style>${STYLE}</style>` }

/** A page of its own style and a strict content security policy, without scripts. */
export function htmlResponse(
  status: number,
  title: string,
  body: Html,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return responseOf(htmlReply(status, title, body, headers))
}

export function htmlReply(
  status: number,
  title: string,
  body: Html,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title}</title>
        ${style}
      </head>
      <body>
        ${body}
      </body>
    </html> `
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CSP,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
      ...headers,
    },
    body: page.text,
  }
}
