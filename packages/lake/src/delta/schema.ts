import { type Bodies, type Body, bodyKey } from '../body.ts'
import { envelope } from '../event-row.ts'
import { isList, isRecord, type Kind, type Scalar } from '../kind.ts'

type DeltaType =
  | string
  | { readonly type: 'struct'; readonly fields: readonly DeltaField[] }
  | { readonly type: 'array'; readonly elementType: DeltaType; readonly containsNull: boolean }

interface DeltaField {
  readonly name: string
  readonly type: DeltaType
  readonly nullable: boolean
  readonly metadata: Readonly<Record<string, string>>
}

const scalars: Record<Scalar, string> = {
  BIGINT: 'long',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  VARCHAR: 'string',
  TIMESTAMP: 'timestamp_ntz',
  DATE: 'date',
}

/** The table's schema in the words of the Delta protocol. What a body stands for is kept in its fields' metadata. */
export function schemaString(bodies: Bodies): string {
  const fields = [
    ...Object.entries(envelope).map(([name, kind]) => fieldOf(name, scalars[kind])),
    ...[...bodies.values()].map((body) =>
      fieldOf(
        body.column,
        {
          type: 'struct',
          fields: body.fields.map(({ column, kind, field }) =>
            fieldOf(column, deltaType(kind), { 'headwater.field': field }),
          ),
        },
        { 'headwater.service': body.service, 'headwater.type': body.type },
      ),
    ),
  ]
  return JSON.stringify({ type: 'struct', fields })
}

export function bodiesOf(schema: string): Bodies {
  const bodies = new Map<string, Body>()
  const { fields } = JSON.parse(schema) as { fields: DeltaField[] }
  for (const { name, type, metadata } of fields) {
    const service = metadata['headwater.service']
    const event = metadata['headwater.type']
    if (service === undefined || event === undefined || typeof type === 'string' || type.type !== 'struct') continue
    bodies.set(bodyKey(service, event), {
      service,
      type: event,
      column: name,
      fields: type.fields.map((field) => ({
        field: field.metadata['headwater.field'] ?? field.name,
        column: field.name,
        kind: kindOfDelta(field.type),
      })),
    })
  }
  return bodies
}

function fieldOf(name: string, type: DeltaType, metadata: Record<string, string> = {}): DeltaField {
  return { name, type, nullable: true, metadata }
}

function deltaType(kind: Kind): DeltaType {
  if (isList(kind)) return { type: 'array', elementType: deltaType(kind[0]), containsNull: true }
  if (isRecord(kind))
    return { type: 'struct', fields: Object.entries(kind).map(([name, field]) => fieldOf(name, deltaType(field))) }
  return scalars[kind]
}

function kindOfDelta(type: DeltaType): Kind {
  if (typeof type === 'string')
    return (Object.keys(scalars) as Scalar[]).find((scalar) => scalars[scalar] === type) ?? 'VARCHAR'
  if (type.type === 'array') return [kindOfDelta(type.elementType)]
  return Object.fromEntries(type.fields.map(({ name, type: field }) => [name, kindOfDelta(field)]))
}
