import type { Caller } from '@headwater/hypermedia'

export interface Listed {
  readonly name: string
  readonly href: string
  readonly title: string
}

/** The one document a client must know: every service, by name. */
export function entryDocument(
  request: Request,
  services: readonly Listed[],
  _context: { readonly caller?: Caller },
): Response {
  const links = {
    self: { href: '/' },
    service: services,
    status: { href: '/status', title: 'Logs, consumers and lag' },
    query: { href: '/query{?sql}', templated: true, title: 'SQL over every event kept' },
  }
  const html = (request.headers.get('accept') ?? '').includes('text/html')
  if (!html) {
    return new Response(JSON.stringify({ title: 'Headwater', _links: links }), {
      headers: { 'content-type': 'application/hal+json', vary: 'accept' },
    })
  }
  const items = services.map(
    ({ name, href, title }) => `<li><a href="${href}">${name}</a> ${title === name ? '' : title}</li>`,
  )
  return new Response(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Headwater</title><h1>Headwater</h1><ul>${items.join('')}</ul></html>`,
    {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        vary: 'accept',
        'content-security-policy': "default-src 'none'",
      },
    },
  )
}
