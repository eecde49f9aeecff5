import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Any Standard Schema validator (zod 4.2+, ArkType, Valibot with its converter). */
export type Schema<Input = any, Output = any> = StandardSchemaV1<Input, Output>
export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>

export type JsonSchema = { readonly [keyword: string]: unknown }

/** One thing that is wrong with a value; `pointer` is a JSON Pointer (RFC 6901) into it. */
export interface SchemaIssue {
  readonly pointer: string
  readonly detail: string
}

export type Checked<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'invalid'; readonly issues: SchemaIssue[] }

/** Validates a value. Throws `HW_SCHEMA_ASYNC` when the schema answers with a promise: events and commands are checked in the transaction's path. */
export function check<S extends Schema>(schema: S, value: unknown): Checked<OutputOf<S>> {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    throw Object.assign(
      new Error(
        'Expected a schema that validates synchronously, got one that answers with a promise. Remove its async refinement.',
      ),
      { code: 'HW_SCHEMA_ASYNC' },
    )
  }
  if (result.issues === undefined) return { kind: 'valid', value: result.value }
  return {
    kind: 'invalid',
    issues: result.issues.map((issue) => ({ pointer: pointerOf(issue.path), detail: issue.message })),
  }
}

/**
 * The JSON Schema (2020-12) of a Standard Schema, by the Standard JSON Schema interface.
 * Throws `HW_SCHEMA_NOT_JSON` when the validator cannot give one.
 */
export function jsonSchemaOf(schema: Schema, direction: 'input' | 'output' = 'output'): JsonSchema {
  const standard = schema['~standard'] as StandardSchemaV1['~standard'] & {
    jsonSchema?: Record<'input' | 'output', (options: { target: string }) => Record<string, unknown>>
  }
  if (standard.jsonSchema === undefined) {
    throw Object.assign(
      new Error(
        `Expected a schema that can give JSON Schema, got one of ${standard.vendor} that cannot. Use zod 4.2+, ArkType 2.1.28+, or wrap Valibot's with toStandardJsonSchema.`,
      ),
      { code: 'HW_SCHEMA_NOT_JSON' },
    )
  }
  return standard.jsonSchema[direction]({ target: 'draft-2020-12' })
}

function pointerOf(path: StandardSchemaV1.Issue['path']): string {
  return (path ?? [])
    .map((part) => (typeof part === 'object' ? part.key : part))
    .map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}
