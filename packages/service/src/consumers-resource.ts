import type { Caller } from '@headwater/hypermedia'
import { lacking } from './right.ts'
import type { Running } from './running.ts'

/** How far each consumer of a service is, how fast, and what it set aside; for operators. */
export async function consumersResource(
  running: Running,
  { caller }: { readonly caller?: Caller },
  basePath: string,
): Promise<Response> {
  const refused = lacking(caller, 'operate')
  if (refused !== undefined) return refused
  const { service, consumers } = await running.status()
  const shown = consumers.map((consumer) => ({
    ...consumer,
    _links: { parked: { href: `/parked/${service}/${consumer.name}`, title: 'What it set aside' } },
  }))
  const body = {
    _links: { self: { href: `${basePath}/consumers` }, home: { href: `${basePath}/` } },
    _embedded: { consumer: shown },
  }
  return new Response(JSON.stringify(body), {
    headers: { 'content-type': 'application/hal+json', 'cache-control': 'no-store' },
  })
}
