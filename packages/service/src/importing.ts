import { rebuild } from '@headwater/event-store'
import { problem } from '@headwater/hypermedia'
import { restore } from './archive.ts'
import type { Running } from './running.ts'

const mostBytes = 16 * 1024 * 1024

/**
 * Takes a part of an archived log (CloudEvents JSON, one a line, in log order) into a service's log. The parts come in order: `?after=`
 * says how many events came before, and what came already may come again, so a broken import goes on where it was. `?last` makes the
 * projections anew from what was imported.
 */
export async function importPart(running: Running, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url)
  const after = Number(searchParams.get('after') ?? 0)
  const text = await textWithin(request)
  if (text === undefined)
    return problem(413, { code: 'HW_BODY_TOO_LARGE', detail: `Expected at most ${mostBytes} bytes of events.` })
  const lines = text.split('\n').filter((line) => line !== '')
  const { log } = running.store
  if (!Number.isSafeInteger(after) || after < 0 || (await log.last()) < after) return elsewhere(running, after)
  const first = lines[0] === undefined ? undefined : idOf(lines[0])
  const there = await log.idAt(after + 1)
  if (there !== undefined && first !== undefined && there !== first) return elsewhere(running, after)
  try {
    await restore(running.store, lines)
  } catch (error) {
    return problem(409, {
      code: 'HW_IMPORT_REFUSED',
      title: 'The events do not fit this log',
      detail: (error as Error).message,
    })
  }
  const position = await log.last()
  if (position < after + lines.length) return elsewhere(running, after)
  if (searchParams.has('last'))
    for (const projection of running.service.projections ?? []) await rebuild(running.store, projection)
  return Response.json({ service: running.service.name, imported: lines.length, position })
}

async function elsewhere({ service, store }: Running, after: number): Promise<Response> {
  return problem(409, {
    code: 'HW_IMPORT_REFUSED',
    title: 'The log has other events',
    detail: `Expected the log of ${service.name} to hold the ${after} events before these and nothing else, it is at ${await store.log.last()} and differs. Import into the empty log of a new service, while nothing else writes to it.`,
  })
}

function idOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as { id?: string }).id
  } catch {
    return ''
  }
}

async function textWithin({ body }: Request): Promise<string | undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let [text, bytes] = ['', 0]
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > mostBytes) return undefined
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
