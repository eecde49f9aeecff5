export type { CloudEvent } from './cloud-event.ts'
export { contractOf, events, InvalidEvent, only } from './events.ts'
export type {
  AnyFacts,
  Contract,
  DataOf,
  Event,
  EventDeclaration,
  EventOf,
  EventType,
  Facts,
  Level,
  PublishedForm,
  Schemas,
} from './events.ts'
export { check, jsonSchemaOf } from './schema.ts'
export type { Checked, InputOf, JsonSchema, OutputOf, Schema, SchemaIssue } from './schema.ts'
