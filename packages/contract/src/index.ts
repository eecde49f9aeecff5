export type { CloudEvent } from './cloud-event.ts'
export { contractDocument, opened, outsideOf, shownTo } from './document.ts'
export type { ContractDocument, DocumentOptions, Promised, Stored } from './document.ts'
export { contractOf, events, InvalidEvent, isPersonal, only } from './events.ts'
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
export { fieldsOf, readsOf, versionsOf } from './fields.ts'
export type { Reads } from './fields.ts'
export { fieldReads, type FieldReads } from './observe.ts'
export { check, jsonSchemaOf } from './schema.ts'
export type { Checked, InputOf, JsonSchema, OutputOf, Schema, SchemaIssue } from './schema.ts'
export { shownBy } from './sealed.ts'
