// Contracts in the forms of others, for tools.
export { asyncApi } from './asyncapi.ts'
export type { AsyncApi, AsyncApiOptions } from './asyncapi.ts'
export { pulledFile, readPulled } from './pulled.ts'
export type { Pulled } from './pulled.ts'
