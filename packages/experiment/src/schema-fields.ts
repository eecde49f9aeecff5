import { jsonSchemaOf, type Schema } from '@headwater/contract'

/** Names of the top fields of a schema; absent when its validator cannot give JSON Schema, or it lists none. */
export function fieldsOf(schema: Schema): readonly string[] | undefined {
  try {
    const { properties } = jsonSchemaOf(schema)
    return properties === undefined ? undefined : Object.keys(properties as object)
  } catch {
    // The compiler has checked the field; at run time this validator has nothing to ask.
    return undefined
  }
}
