import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Any Standard Schema validator that can give JSON Schema (zod 4.2+, ArkType, Valibot with its converter). */
export type Schema<Input = any, Output = any> = StandardSchemaV1<Input, Output>
export type JsonSchema = { readonly [keyword: string]: unknown }

/** One thing that is wrong with a body; `pointer` is a JSON Pointer (RFC 6901) into it. */
export interface Wrong {
  readonly pointer: string
  readonly detail: string
}

export type Checked =
  | { readonly kind: 'valid'; readonly value: unknown }
  | { readonly kind: 'invalid'; readonly wrongs: Wrong[] }

/** Checks an input. A schema may answer with a promise. */
export async function check(schema: Schema, value: unknown): Promise<Checked> {
  let result = schema['~standard'].validate(value)
  if (result instanceof Promise) result = await result
  if (result.issues === undefined) return { kind: 'valid', value: result.value }
  return {
    kind: 'invalid',
    wrongs: result.issues.map((issue) => ({ pointer: pointerOf(issue.path), detail: issue.message })),
  }
}

/**
 * The JSON Schema (2020-12) of what a caller sends or gets, by the Standard JSON Schema interface.
 * Throws `HW_SCHEMA_NOT_JSON` when the validator cannot give one.
 */
export function jsonSchemaOf(schema: Schema, direction: 'input' | 'output'): JsonSchema {
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
  const { $schema: _, ...rest } = standard.jsonSchema[direction]({ target: 'draft-2020-12' })
  return rest
}

function pointerOf(path: StandardSchemaV1.Issue['path']): string {
  return (path ?? [])
    .map((part) => (typeof part === 'object' ? part.key : part))
    .map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}
