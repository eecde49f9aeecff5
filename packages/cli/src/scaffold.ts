/** Files of a new service, by their path below its folder: one resource, one decider, one list, tests. */
export function scaffold(
  name: string,
  followed?: { readonly service: string; readonly type: string; readonly facts: string },
): Readonly<Record<string, string>> {
  const facts = free(camel(name), 'Facts')
  const entity = free(singular(camel(name)), 'Item')
  const things = { facts, entity, Entity: pascal(singular(name)), file: fileOf(name), list: free(name, '-list') }
  return {
    'events.ts': eventsFile(name, things),
    [`${things.file}.ts`]: deciderFile(things),
    'service.ts': serviceFile(name, things, followed),
    [`${things.file}.test.ts`]: testFile(things),
  }
}

interface Things {
  readonly facts: string
  readonly entity: string
  readonly Entity: string
  /** The decider's file, without its ending. */
  readonly file: string
  /** Path below the service, and name, of its list. */
  readonly list: string
}

/**
 * What a thing of the new service cannot be called, by the reason: words of the language, what its files name besides, streams that
 * every service keeps beside its own, and paths and relations that every service has.
 */
const taken = new Set(
  [
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends',
    'false finally for function if implements import in instanceof interface let new null package private protected',
    'public return static super switch this throw true try typeof undefined var void while with yield',
    'all cmd consumer decider events follow followed given it item link list only refuse resource rows seen service view z',
    'allocation experiment exposure request',
    'consumers contract curies entry home log openapi.json profile rels self streams',
  ].flatMap((words) => words.split(' ')),
)
const free = (name: string, otherwise: string) => (taken.has(name) ? `${name}${otherwise}` : name)
const fileOf = (name: string) =>
  ['events', 'service'].includes(singular(name)) ? `${singular(name)}-item` : singular(name)

const camel = (name: string) => name.replaceAll(/-+([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())
const pascal = (name: string) => camel(name).replace(/^./, (letter) => letter.toUpperCase())
const singular = (name: string) => (name.endsWith('s') && name.length > 2 ? name.slice(0, -1) : `${name}Item`)

const eventsFile = (name: string, { facts, Entity }: Things) => `import { events } from '@headwater/service'
import { z } from 'zod'

/** What ${name} keeps. Events without a level are internal: nobody else can come to rely on them. */
export const ${facts} = events('${name}', {
  ${Entity}Opened: { data: z.object({ title: z.string() }), level: 'published' },
  ${Entity}Closed: { data: z.object({ reason: z.string() }) },
})
`

const deciderFile = ({ facts, entity, Entity }: Things) => `import { decider, refuse } from '@headwater/service'
import { z } from 'zod'
import { ${facts} } from './events.ts'

export const ${entity} = decider('${entity.toLowerCase()}', ${facts}, {
  commands: { open: z.object({ title: z.string().min(1) }), close: z.object({ reason: z.string().min(1) }) },
  initialState: () => ({ title: '', open: false }),
  decide: {
    open: (cmd, ${entity}) => (${entity}.open ? refuse('already-open', 'It is open already.') : [${facts}.${Entity}Opened(cmd)]),
    close: (cmd, ${entity}) => (${entity}.open ? [${facts}.${Entity}Closed(cmd)] : []),
  },
  evolve: {
    ${Entity}Opened: (_, { title }) => ({ title, open: true }),
    ${Entity}Closed: (${entity}) => ({ ...${entity}, open: false }),
  },
})
`

function serviceFile(
  name: string,
  { facts, entity, file, list }: Things,
  followed: { service: string; type: string; facts: string } | undefined,
): string {
  const resources = `const item = resource('/${list}/{${entity}Id}', ${entity}, {
  links: { all: () => link('${list}') },
  actions: {
    open: { scope: '${name}:write', create: 'server' },
    close: { scope: '${name}:write', when: (${entity}) => ${entity}.open },
  },
})

const list = view('/${list}', async (_, { rows }) => ({ ${facts}: (await rows('${name}', {})).map(({ value }) => value) }), { links: {} })
`
  const projection = `const all: InlineProjection = {
  name: '${name}',
  decider: ${entity},
  rows: (_, { id, state }) => [{ key: id, value: { id, ...state } }],
}
`
  if (followed === undefined) {
    return `import { type InlineProjection, link, resource, service, view } from '@headwater/service'
import { ${facts} } from './events.ts'
import { ${entity} } from './${file}.ts'

${projection}
${resources}
export default service('${name}', { facts: ${facts}, resources: [item, list], projections: [all] })
`
  }
  // The database is the service's own, so its name need not be in there.
  const table = 'own.seen'
  return `import { consumer, type InlineProjection, link, only, resource, service, view } from '@headwater/service'
import { ${followed.facts} as followed } from '../${followed.service}/events.ts'
import { ${facts} } from './events.ts'
import { ${entity} } from './${file}.ts'

${projection}
${resources}
/** How many ${followed.type} events there were, by key: over all of history, each counted once. */
const seen = view(
  '/seen',
  async (_, { query }) => ({ seen: await query('select key, times from ${table} order by times desc, key limit 100') }),
  { links: {} },
)

const follow = consumer('follow-${followed.service}', only(followed, '${followed.type}'), {
  async batch(events, { query }) {
    await query(
      \`insert into ${table} as s (key, times) select key, count(*) from unnest($1::text[]) key group by key order by key
       on conflict (key) do update set times = s.times + excluded.times\`,
      [events.map(({ stream }) => stream)],
    )
  },
})

export default service('${name}', {
  facts: ${facts},
  resources: [item, list, seen],
  projections: [all],
  consumers: [follow],
  tables: \`
    create schema if not exists own;
    create table if not exists ${table} (key text primary key, times bigint not null)\`,
})
`
}

const testFile = ({ facts, entity, Entity, file }: Things) => `import { given } from '@headwater/testing'
import { it } from 'vitest'
import { ${facts} } from './events.ts'
import { ${entity} } from './${file}.ts'

it('opens once', () => {
  given(${entity}).when('open', { title: 'First' }).then(${facts}.${Entity}Opened({ title: 'First' }))
  given(${entity}, [${facts}.${Entity}Opened({ title: 'First' })]).when('open', { title: 'Again' }).refused('already-open')
})

it('closes what is open', () => {
  given(${entity}).when('close', { reason: 'never was' }).then()
})
`
