import { type Caller, problem } from '@headwater/hypermedia'

/** What to answer to nobody (401). */
export const unknownCaller = (): Response =>
  problem(401, { code: 'HW_UNAUTHENTICATED', headers: { 'www-authenticate': 'Bearer' } })

/** What to answer to a caller who lacks a right (403), or to nobody; undefined for one who has it. */
export function lacking(caller: Caller | undefined, scope: string): Response | undefined {
  if (caller === undefined) return unknownCaller()
  return caller.scopes.includes(scope) ? undefined : problem(403, { code: 'HW_FORBIDDEN', scope })
}
