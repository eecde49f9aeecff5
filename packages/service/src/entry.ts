import { type Caller, chooseFace, html, htmlResponse } from '@headwater/hypermedia'

export interface Listed {
  readonly name: string
  readonly href: string
  readonly title: string
}

/** Links of the landscape itself, and the right each needs. */
const own = [
  { relation: 'status', scope: 'events:read', link: { href: '/status', title: 'Logs, consumers and lag' } },
  {
    relation: 'query',
    scope: 'explore',
    link: { href: '/lake/query{?sql,at,format}', templated: true, title: 'SQL over every event kept' },
  },
  {
    relation: 'parked',
    scope: 'operate',
    link: { href: '/parked/{service}/{consumer}', templated: true, title: 'Events a consumer has set aside' },
  },
  {
    relation: 'removal',
    scope: 'operate',
    link: { href: '/removals/{service}', templated: true, title: 'What removing a service would take' },
  },
  { relation: 'catalogue', scope: 'explore', link: { href: '/lake/catalogue', title: 'Every event type and field' } },
  {
    relation: 'completion',
    scope: 'explore',
    link: { href: '/lake/complete{?text,cursor}', templated: true, title: 'What may come next in a question' },
  },
]

/** The one document a client must know: every service, by name. */
export function entryDocument(
  request: Request,
  services: readonly Listed[],
  { caller }: { readonly caller?: Caller },
): Response {
  const allowed = own.filter(({ scope }) => caller?.scopes.includes(scope) === true)
  const face = chooseFace(request.headers.get('accept'), ['application/hal+json', 'application/json', 'text/html'])
  if (face === 'text/html') {
    const items = services.map(
      ({ name, href, title }) =>
        html`<dt><a href="${href}">${name}</a></dt>
          <dd>${title === name ? '' : title}</dd>`,
    )
    return htmlResponse(
      200,
      'Headwater',
      html`<h1>Headwater</h1>
        <dl>${items}</dl>`,
      { vary: 'accept' },
    )
  }
  const links = {
    self: { href: '/' },
    service: services,
    ...Object.fromEntries(allowed.map(({ relation, link }) => [relation, link])),
  }
  return new Response(JSON.stringify({ title: 'Headwater', _links: links }), {
    headers: { 'content-type': face ?? 'application/hal+json', vary: 'accept', 'cache-control': 'no-store' },
  })
}
