export { type Given, given, type When, type World } from './given.ts'
export {
  type GivenServices,
  givenServices,
  type Happened,
  type ServicesWhen,
  type ServicesWorld,
} from './given-services.ts'
export {
  startTestPostgres,
  type Template,
  type ThrowAwayDatabase,
  throwAwayDatabase,
  type ThrowAwayServer,
  throwAwayServer,
} from './throw-away-database.ts'
export { type ThrowAwayLandscape, throwAwayLandscape } from './throw-away-landscape.ts'
