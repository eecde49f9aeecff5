import type { Deprecation } from './resource.ts'
import { jsonSchemaOf, type JsonSchema } from './schema.ts'
import type { Site, SiteAction, SiteResource } from './site.ts'

/** The service as OpenAPI 3.1, for those who do not want to follow links. */
export function openapiOf(site: Site): object {
  const paths: Record<string, Record<string, object>> = {}
  const add = (path: string, method: string, operation: object) => {
    paths[path] = { ...paths[path], [method]: operation }
  }
  for (const on of site.resources.values()) {
    add(pathOf(on.template.text), 'get', reading(site, on))
    for (const action of on.actions) add(pathOf(action.template.text), 'post', acting(site, action))
  }
  for (const action of [...site.creating, ...[...site.resources.values()].flatMap(({ creating }) => creating)]) {
    if (action.naming !== undefined) add(pathOf(action.template.text), 'post', acting(site, action))
  }
  return {
    openapi: '3.1.0',
    info: { title: site.title, version: site.version },
    servers: [{ url: site.base === '' ? '/' : site.base }],
    paths,
    components: {
      schemas: { Problem: PROBLEM, Links: LINKS },
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457)',
          content: { 'application/problem+json': { schema: ref('Problem') } },
        },
      },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  }
}

const pathOf = (template: string): string => template.replace(/\{\?.*$/, '')
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` })

const LINKS = {
  type: 'object',
  description: 'HAL: where to go from here, by relation',
  additionalProperties: true,
}

const PROBLEM: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; programs go by it' },
    detail: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string', description: 'RFC 6901' }, detail: { type: 'string' } },
      },
    },
  },
}

function reading(site: Site, on: SiteResource): object {
  const { resource, template } = on
  return {
    operationId: resource.name,
    ...said(resource),
    parameters: [
      ...template.inPath.map(pathParameter),
      ...template.inQuery.map(queryParameter),
      header('If-None-Match', 'ETag that is known already', false),
    ],
    responses: {
      200: { ...document(on), headers: { ETag: { description: 'Version of the state', schema: { type: 'string' } } } },
      304: { description: 'Nothing new' },
      default: { $ref: '#/components/responses/Problem' },
    },
    security: on.readScope === undefined ? [] : [{ bearer: [on.readScope] }],
  }
}

function acting(site: Site, { key, name, action, on, template, naming, schema }: SiteAction): object {
  const wanted = naming?.by === 'client' ? withName(schema, naming.variable) : schema
  return {
    operationId: key.includes('.') ? key : `${on.resource.name}.${name}${action.create === undefined ? '' : 'At'}`,
    ...said(action),
    parameters: [
      ...template.inPath.map(pathParameter),
      ...template.inQuery.map(queryParameter),
      header('Idempotency-Key', 'The same key and body get the same answer; the effect happens once', false),
      header('If-Match', 'ETag of the version that was seen', action.ifMatch !== undefined),
    ],
    ...(wanted !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: wanted } } },
    }),
    responses: {
      [action.create === undefined ? 200 : 201]: document(on),
      default: { $ref: '#/components/responses/Problem' },
    },
    security: [{ bearer: [action.scope] }],
  }
}

const pathParameter = (name: string) => ({ name, in: 'path', required: true, schema: { type: 'string' } })
const queryParameter = (name: string) => ({ name, in: 'query', required: false, schema: { type: 'string' } })
const header = (name: string, description: string, required: boolean) => ({
  name,
  in: 'header',
  description,
  required,
  schema: { type: 'string' },
})

const withName = (schema: JsonSchema | undefined, variable: string): JsonSchema => ({
  type: 'object',
  ...schema,
  properties: { [variable]: { type: 'string' }, ...(schema?.['properties'] as object | undefined) },
  required: [...new Set([variable, ...((schema?.['required'] as string[] | undefined) ?? [])])],
})

function document({ resource }: SiteResource): object {
  const state =
    resource.state === undefined || resource.show !== undefined ? {} : jsonSchemaOf(resource.state, 'output')
  const schema = { allOf: [state, { type: 'object', properties: { _links: ref('Links') }, required: ['_links'] }] }
  // `additionalProperties: false` of the state would forbid the links beside it.
  const { additionalProperties: _, ...open } = state as Record<string, unknown>
  schema.allOf[0] = open
  return {
    description: resource.title ?? resource.name,
    content: { 'application/hal+json': { schema }, 'application/json': { schema } },
  }
}

const said = ({
  title,
  description,
  deprecated,
}: {
  title?: string
  description?: string
  deprecated?: Deprecation
}) => ({
  ...(title !== undefined && { summary: title }),
  ...(description !== undefined && { description }),
  ...(deprecated !== undefined && { deprecated: true }),
})
