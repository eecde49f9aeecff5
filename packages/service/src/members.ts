import { readBody } from '@headwater/hypermedia'

/** The members of a JSON object that was sent; none of anything else, so that whoever asked is told what was expected. */
export async function membersOf(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const body = await readBody(request)
  return body.kind === 'json' && typeof body.value === 'object' && body.value !== null
    ? (body.value as Record<string, unknown>)
    : {}
}
