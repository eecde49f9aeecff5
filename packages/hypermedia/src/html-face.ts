import type { Document, HalForm } from './document.ts'
import { KEY_FIELD, VERSION_FIELD, type Field } from './form.ts'
import { html, htmlReply, type Html } from './html.ts'
import type { HalLink } from './linker.ts'
import { etagOf } from './precondition.ts'
import type { Trouble } from './problem.ts'
import type { Reply } from './reply.ts'

export interface Face {
  readonly title: string
  /** Home of the service. */
  readonly home: string
  readonly version?: number | undefined
  /** A fresh key for each form, so that a form sent twice acts once. */
  readonly newKey: () => string
}

/** A document for people: state, links that can be followed, forms that work without scripts. */
export function documentPage(document: Document, face: Face, headers: Readonly<Record<string, string>> = {}): Reply {
  const { _links, _embedded, _templates, ...state } = document
  const body = html`<nav><a href="${face.home}">home</a></nav>
    <main>
      <h1>${face.title}</h1>
      ${fieldsOf(state)}
      <h2>Links</h2>
      <ul>
        ${Object.entries(_links).map(([relation, links]) => [links].flat().map((one) => linkItem(relation, one as HalLink, face)))}
      </ul>
      ${Object.entries(_embedded ?? {}).map(
        ([relation, items]) =>
          html`<h2>${relation}</h2>
            ${items.map((item) => embeddedItem(item as Document))}`,
      )}
      ${Object.entries(_templates ?? {}).map(([key, form]) => formOf(key, form, face))}
    </main>`
  return htmlReply(200, face.title, body, headers)
}

/** A problem for people. */
export function problemPage({ problem, headers }: Trouble, home: string): Reply {
  const { title, detail, errors, status, code } = problem
  const body = html`<nav><a href="${home}">home</a></nav>
    <main role="alert">
      <h1>${title}</h1>
      <p>${detail}</p>
      ${
        errors !== undefined &&
        html`<ul>
          ${errors.map(({ pointer, detail }) => html`<li><code>${pointer === '' ? '/' : pointer}</code> ${detail}</li>`)}
        </ul>`
      }
      <p><code>${status}</code> <code>${code}</code></p>
    </main>`
  return htmlReply(status, title, body, headers)
}

function fieldsOf(state: Readonly<Record<string, unknown>>): Html {
  return html`<dl>
    ${Object.entries(state).map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${valueOf(value)}</dd>`,
    )}
  </dl>`
}

const valueOf = (value: unknown): Html =>
  typeof value === 'object' && value !== null
    ? html`<pre>${JSON.stringify(value, undefined, 2)}</pre>`
    : html`${String(value)}`

function linkItem(relation: string, link: HalLink, face: Face): Html {
  const label = link.title === undefined || link.title === relation ? relation : `${relation}: ${link.title}`
  if (link.templated !== true) return html`<li><a href="${link.href}" rel="${relation}">${label}</a></li>`
  const names = [...link.href.matchAll(/\{[?&+#./;]?([^}]*)\}/g)].flatMap(([, list]) => list!.split(','))
  // A browser fills in a query by itself; any other template is filled in by the server, which sends it on.
  const query = /^([^{]*)\{\?[^{]*\}$/.exec(link.href)?.[1]
  return html`<li>
    <form method="get" action="${query ?? `${face.home}follow/${relation}`}">
      ${label} ${names.map((name) => html`<label>${name} <input name="${name}" /></label>`)}<button>Go</button>
    </form>
  </li>`
}

function embeddedItem(item: Document): Html {
  const { _links, ...state } = item
  const self = _links['self'] as HalLink
  return html`<article>
    ${fieldsOf(state)}
    <p><a href="${self.href}">${self.href}</a></p>
  </article>`
}

function formOf(key: string, form: HalForm, face: Face): Html {
  return html`<form method="post" action="${form.target}">
    <fieldset>
      <legend>${form.title ?? key}</legend>
      <input type="hidden" name="${KEY_FIELD}" value="${face.newKey()}" />
      ${form.ifMatch === true && html`<input type="hidden" name="${VERSION_FIELD}" value="${etagOf(face.version ?? 0)}" />`}
      ${form.properties.map(inputOf)}<button>${form.title ?? key}</button>
    </fieldset>
  </form>`
}

function inputOf(field: Field): Html {
  const { name, type, value, required } = field
  const must = required && html` required`
  if (type === 'hidden') return html`<input type="hidden" name="${name}" value="${String(value)}" />`
  const prompt = field.prompt ?? name
  if (field.options !== undefined) {
    const choices = required ? field.options.inline : ['', ...field.options.inline]
    return html`<label
      >${prompt}<select name="${name}" ${must}>
        ${choices.map((choice) => html`<option${choice === value && html` selected`}>${String(choice)}</option>`)}
      </select></label
    >`
  }
  if (type === 'textarea') {
    const text = value === undefined ? '' : JSON.stringify(value)
    return html`<label>${prompt} (JSON)<textarea name="${name}" ${must}>${text}</textarea></label>`
  }
  if (type === 'checkbox') {
    return html`<label
      ><input type="checkbox" name="${name}" value="true" ${value === true && html` checked`} /> ${prompt}</label
    >`
  }
  return html`<label>${prompt}<input type="${type}" name="${name}" ${must}${attributes(field)} /></label>`
}

function attributes(field: Field): Html[] {
  const { value, min, max, minLength, maxLength, regex, placeholder, type } = field
  // A browser holds the whole text against a pattern, a schema any part of it.
  const pattern = regex === undefined ? undefined : `.*(?:${regex}).*`
  const step = type === 'number' ? (field.step ?? 'any') : undefined
  const all = { value, min, max, step, minlength: minLength, maxlength: maxLength, pattern, placeholder }
  return Object.entries(all).flatMap(([name, one]) => (one === undefined ? [] : [html` ${name}="${String(one)}"`]))
}
