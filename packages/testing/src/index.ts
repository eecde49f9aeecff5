export { type Given, given, type When, type World } from './given.ts'
export {
  startTestPostgres,
  type Template,
  type ThrowAwayDatabase,
  throwAwayDatabase,
  type ThrowAwayServer,
  throwAwayServer,
} from './throw-away-database.ts'
