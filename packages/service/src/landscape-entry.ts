// What places services: it loads servers, keys and the lake, which a service's author never needs.
export type { IdentityProvider } from './identity.ts'
export { audience, type Issuer, openIssuer } from './issuer.ts'
export { refuseTaken } from './gateway.ts'
export { type Landscape, type LandscapeOptions, type PlacedStatus, startLandscape } from './landscape.ts'
export { listen, type Listening } from './listener.ts'
export { jsonLogger, type Logger } from './logger.ts'
export { run, type Running, type ServiceStatus, type Surroundings } from './running.ts'
export { serverFacts } from './database.ts'
// What a service's database must hold, for those who make it by hand.
export { applySchema, schemaSql } from './schema.ts'
// For those who look into a log from outside: where a request is kept, and what it said.
export { idFrom } from './ids.ts'
export { keptRequest } from './request.ts'
// For those who hold the code's contract against the one that is served.
export { wholeContract } from './allocations.ts'
