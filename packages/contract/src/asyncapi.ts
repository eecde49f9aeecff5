import { target } from './compare/node.ts'
import type { ContractDocument, Promised } from './document.ts'
import type { JsonSchema } from './schema.ts'

/** An AsyncAPI 3 document, as JSON. */
export type AsyncApi = { readonly [member: string]: unknown }

export interface AsyncApiOptions {
  /** URL of the service's feed. */
  readonly feed: string
  /** Version of the document; default: the beginning of the contract's hash. */
  readonly version?: string
}

/** What a service publishes, said in AsyncAPI 3: its feed as a channel, each published version of a type as a message. */
export function asyncApi(
  contract: ContractDocument,
  { feed, version = contract.hash.slice(0, 12) }: AsyncApiOptions,
): AsyncApi {
  const { protocol, host, pathname } = new URL(feed)
  const messages = Object.entries(contract.types).flatMap(([type, promised]) =>
    messagesOf(type, promised, contract.service),
  )
  const refs = messages.map(([name]) => [name, { $ref: `#/components/messages/${name}` }])
  return {
    asyncapi: '3.0.0',
    info: {
      title: `Events of ${contract.service}`,
      version,
      description: 'Events in the order of their positions, all of history. Pass over fields that you do not know.',
    },
    defaultContentType: 'application/cloudevents+json',
    servers: {
      feed: {
        host,
        protocol: protocol.slice(0, -1),
        description: 'An HTTP event feed, by page, long poll, NDJSON or SSE.',
      },
    },
    channels: { events: { address: pathname, title: 'The feed', messages: Object.fromEntries(refs) } },
    operations: {
      publishEvents: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        messages: messages.map(([name]) => ({ $ref: `#/channels/events/messages/${name}` })),
      },
    },
    components: { messages: Object.fromEntries(messages), schemas: { envelope } },
  }
}

function messagesOf(type: string, promised: Promised, service: string): [string, object][] {
  const { level, published = {}, until, key } = promised
  return Object.entries(published).map(([version, data]) => [
    `${type}.v${version}`,
    {
      name: type,
      title: `${type}, version ${version}`,
      contentType: 'application/cloudevents+json',
      ...(level === 'published' ? {} : { summary: `${level}${until === undefined ? '' : ` until ${until}`}` }),
      ...(level === 'deprecated' ? { tags: [{ name: 'deprecated' }] } : {}),
      ...(key === undefined ? {} : { description: `In order by its field ${key}.` }),
      payload: {
        schemaFormat: 'application/schema+json;version=draft-07',
        schema: messageSchema(type, Number(version), service, data),
      },
    },
  ])
}

function messageSchema(type: string, version: number, service: string, data: JsonSchema): JsonSchema {
  const said = {
    type: { const: type },
    source: { const: `/${service}` },
    schemaversion: { const: version },
    data: withoutDialect(data),
  }
  return { ...envelope, properties: { ...(envelope.properties as object), ...said } }
}

const { integer, text, time } = {
  integer: { type: 'integer', minimum: 0 },
  text: { type: 'string', minLength: 1 },
  time: { type: 'string', format: 'date-time' },
}

/** The envelope of spec: CloudEvents 1.0 with the extension attributes. */
const envelope: JsonSchema = {
  type: 'object',
  properties: {
    specversion: { const: '1.0' },
    id: text,
    source: text,
    type: text,
    subject: text,
    time,
    datacontenttype: { const: 'application/json' },
    position: { type: 'integer', minimum: 1 },
    previousposition: integer,
    streamversion: { type: 'integer', minimum: 1 },
    schemaversion: { type: 'integer', minimum: 1 },
    recordedtime: time,
    correlationid: text,
    causationid: text,
    traceparent: text,
    data: true,
  },
  required: [
    'specversion',
    'id',
    'source',
    'type',
    'subject',
    'time',
    'position',
    'streamversion',
    'schemaversion',
    'recordedtime',
    'data',
  ],
}

/** References followed inside each other at most. */
const deepest = 8

/**
 * AsyncAPI's tools know JSON Schema as draft 7; of what contracts use, tuples are said otherwise there, and references would lead
 * into the document around it: what is referred to stands in its place, and anything where a schema holds itself.
 */
function withoutDialect(schema: unknown, root = schema as JsonSchema, within: readonly string[] = []): unknown {
  const inner = (one: unknown, followed = within) => withoutDialect(one, root, followed)
  if (Array.isArray(schema)) return schema.map((one) => inner(one))
  if (typeof schema !== 'object' || schema === null) return schema
  const { $schema: _, $defs: __, $ref, prefixItems, items, ...rest } = schema as Record<string, unknown>
  const entries = Object.entries(rest).map(([name, value]) => [name, inner(value)])
  const tuple = prefixItems === undefined ? { items } : { items: prefixItems, additionalItems: items }
  const said = Object.entries(tuple).flatMap(([name, value]) => (value === undefined ? [] : [[name, inner(value)]]))
  const known = typeof $ref === 'string' && !within.includes($ref) && within.length < deepest
  const referred = known ? inner(target($ref, root) ?? true, [...within, $ref]) : true
  return { ...Object.fromEntries([...entries, ...said]), ...(referred as object) }
}
